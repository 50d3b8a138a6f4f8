"""The effect of a past campaign's treatment on everybody of today: quadrants, verdict, plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.clock import format_instant
from features.consent import personal
from training import persons
from training.past import Past, Queries
from training.uplift import history
from training.uplift.balance import differences, foretelling
from training.uplift.ensemble import DEFAULT, Ensemble, EnsembleConfig
from training.uplift.metrics import LIBRARY
from training.uplift.plan import ORDER, Plan, quadrants, spend
from training.uplift.trial import Floats, Trial


@dataclass(frozen=True)
class Everyone:
    """Expected effects on people who may be treated now.

    Parameters
    ----------
    users : list of str, length n
    score : ndarray, float64, shape (n,)
        Their order, the most changed first.
    effect : ndarray, float64, shape (n,)
        Expected outcomes more for being treated.
    quadrant : ndarray, int8, shape (n,)
        Places in ``plan.ORDER``.
    ensemble : Ensemble
    trial : Trial
        What it was learned from.
    """

    users: list[str]
    score: Floats
    effect: Floats
    quadrant: npt.NDArray[np.int8]
    ensemble: Ensemble
    trial: Trial

    def plan(self, budget: float, cost: float) -> Plan:
        """Whom a budget reaches at a cost for each person."""
        return spend(self.effect, np.full(len(self.effect), cost), budget)


def fit(
    past: Past,
    campaign_id: str,
    at_us: int,
    *,
    outcome: str,
    days: float,
    config: EnsembleConfig = DEFAULT,
) -> Everyone:
    """Learn from a campaign, and score everybody known who did not refuse personalisation.

    Raises
    ------
    UnknownName
        When there is no such campaign.
    InputError
        When it has no control, or its outcome is not known yet.
    """
    trial = history.read(past, campaign_id, outcome=outcome, days=days, end_us=at_us).trial
    ensemble = Ensemble.fit(trial, config)
    found = past.connection.execute(
        f"SELECT DISTINCT {c.USER} FROM facts WHERE {c.USER} IS NOT NULL ORDER BY 1"
    ).fetchall()
    known = [str(user) for (user,) in found]
    said = past.say(Queries(known, np.full(len(known), at_us, dtype=np.int64)))
    users = [user for user, one in zip(known, said, strict=True) if personal(one)]
    rows = persons.rows(past, users, np.full(len(users), at_us, dtype=np.int64))
    effect = ensemble.effect(rows)
    baseline = _baseline(trial, rows)
    return Everyone(
        users, ensemble.score(rows), effect, quadrants(baseline, effect, _slack(effect, ensemble)),
        ensemble, trial,
    )  # fmt: skip


def told(everyone: Everyone, model: str, outcome: str, at_us: int) -> dict[str, Any]:
    """What is told of it, as JSON."""
    qini, low, high = everyone.ensemble.evidence
    warnings = [str(one) for one in differences(everyone.trial)]
    warnings += [f"{column} makes the outcome certain" for column in foretelling(everyone.trial)]
    return {
        "model": model,
        "as_of": format_instant(at_us),
        "outcome": outcome,
        "trial": len(everyone.trial),
        "people": len(everyone.users),
        "average_effect": everyone.ensemble.average,
        "qini": qini,
        "qini_low": low,
        "qini_high": high,
        "metric_library": LIBRARY,
        "verdict": everyone.ensemble.verdict,
        "warnings": warnings,
        "quadrants": _counted(everyone),
        "plan": {},
    }


def _counted(everyone: Everyone) -> Mapping[str, int]:
    return {name.value: int((everyone.quadrant == i).sum()) for i, name in enumerate(ORDER)}


def _baseline(trial: Trial, rows: Floats) -> Floats:
    """Expected outcome without the treatment, from the control arm."""
    from training.uplift.learners import PLAIN, Grown

    return Grown(PLAIN).fit(trial.rows[~trial.treated], trial.outcome[~trial.treated]).predict(rows)


def _slack(effect: Floats, ensemble: Ensemble) -> float:
    """Effects this small count as none; all, while there is no evidence of any order."""
    if not ensemble.holds:
        return float(np.abs(effect).max(initial=0.0))
    return 0.1 * abs(ensemble.average)
