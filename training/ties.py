"""Fits the strength of ties: a logistic regression, judged on people and a week it never saw."""

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from features.counters import Days
from features.strength import PAIR, PERSON, Fitted, Strength
from training import calibration
from training.examples import ties as examples
from training.examples.ties import HORIZON, Ties
from training.past import Past

Floats = npt.NDArray[np.float64]

STEPS = 4
"""Weeks that are learned from, the last ones."""

PEOPLE = 4_000
"""People of each week whose pairs are looked at, at most."""

FEWEST = 50
"""Meetings without which nothing is fitted."""

RIDGE = 1.0
"""Weight of the penalty on the squares of standardised weights, as if so many rows said 0."""

FOLDS = 5
"""One fold of the source users judges, the others teach."""


@dataclass(frozen=True)
class Learned:
    """What was learned of ties.

    Parameters
    ----------
    fitted : Fitted
        On everything before T.
    measured : dict of str to dict of str to float
        ``full`` and ``decayed_sum``: ``auc`` and ``average_precision``; ``full`` also
        ``calibration_error``, ``pairs``, ``rate``. Of people and a week that the judged weights
        were not fitted on; empty where that week knows no meeting.
    """

    fitted: Fitted
    measured: dict[str, dict[str, float]]


def learn(
    past: Past, at_us: int, rng: np.random.Generator, horizon: Days = HORIZON
) -> Learned | None:
    """Fit on the weeks before an instant; None where hardly anybody met.

    Parameters
    ----------
    past : Past
        The history.
    at_us : int
        T: neither features nor labels come from T on.
    rng : numpy.random.Generator
        Draws people where there are many.
    horizon : Days
        Length of a step.
    """
    weeks = gather(past, at_us, rng, horizon)
    if not weeks:
        return None
    rows = examples.joined(weeks)
    if rows.met.sum() < FEWEST or rows.met.all():
        return None
    return Learned(fit(rows, at_us), judge(weeks))


def gather(
    past: Past, at_us: int, rng: np.random.Generator, horizon: Days = HORIZON, *,
    steps: int = STEPS, most: int = PEOPLE,
) -> list[Ties]:  # fmt: skip
    """Pairs a horizon apart, the newest first; the last label ends at T."""
    first = examples.first_us(past)
    moments = [at_us - k * int(horizon.us) for k in range(1, steps + 1)]
    found = [
        examples.around(past, moment, most, rng, horizon)
        for moment in moments
        if first is not None and moment > first
    ]
    return [one for one in found if len(one)]


def judge(weeks: list[Ties]) -> dict[str, dict[str, float]]:
    """How well weights foretell the newest week of people they were not fitted on."""
    asked = weeks[0].where(held_out(weeks[0]))
    if len(weeks) < 2 or not 0 < asked.met.sum() < len(asked):
        return {}
    teaching = examples.joined(weeks[1:])
    teaching = teaching.where(~held_out(teaching))
    if not 0 < teaching.met.sum() < len(teaching):
        return {}
    chance = probability(fit(teaching, int(asked.at_us[0])), asked)
    told = {
        "calibration_error": calibration.error(chance, asked.met),
        "pairs": float(len(asked)),
        "rate": float(asked.met.mean()),
    }
    return {
        "full": ranking(asked.met, chance) | told,
        "decayed_sum": ranking(asked.met, decayed_sum(asked)),
    }


def held_out(rows: Ties) -> npt.NDArray[np.bool_]:
    """Rows of the source users that judge."""
    return np.asarray(folds(rows) == 0, dtype=np.bool_)


def folds(rows: Ties) -> npt.NDArray[np.int64]:
    """Fold of each row's source user, always the same one."""
    people, place = np.unique(rows.users.astype(str), return_inverse=True)
    dealt = [zlib.crc32(name.encode()) % FOLDS for name in people.tolist()]
    return np.array(dealt, dtype=np.int64)[place]


def ranking(met: npt.NDArray[np.bool_], score: Floats) -> dict[str, float]:
    """How well a score ranks.

    Examples
    --------
    >>> ranking(np.array([True, False]), np.array([2.0, 1.0]))
    {'auc': 1.0, 'average_precision': 1.0}
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    return {
        "auc": float(roc_auc_score(met, score)),
        "average_precision": float(average_precision_score(met, score)),
    }


def decayed_sum(rows: Ties) -> Floats:
    """What stands in where nothing is fitted."""
    peers = rows.peers.tolist()
    return Strength()(rows.users.tolist(), peers, rows.tied, rows.values, rows.at_us)


def probability(fitted: Fitted, rows: Ties) -> Floats:
    """What ``Strength`` answers for these rows; shape (n,)."""
    weights, means = fitted.person
    ends = np.nan_to_num(rows.ends - means).sum(axis=0) @ weights
    odds = fitted.pair[0] + rows.pair @ fitted.pair[1:] + ends
    return np.asarray(special.expit(odds), dtype=np.float64)


def fit(rows: Ties, as_of_us: int) -> Fitted:
    """Weights of greatest likelihood, slightly shrunk, with an intercept that is not.

    Parameters
    ----------
    rows : Ties
        With at least one meeting and one pair that did not meet.
    as_of_us : int
        Nothing later was learned from.
    """
    flat = rows.ends.reshape(-1, len(PERSON))
    known = ~np.isnan(flat).any(axis=1)
    means = flat[known].mean(axis=0) if known.any() else np.zeros(len(PERSON))
    columns = np.concatenate([rows.pair, np.nan_to_num(rows.ends - means).sum(axis=0)], axis=1)
    weights = logistic(columns, rows.met.astype(np.float64))
    cut = 1 + len(PAIR)
    return Fitted(as_of_us, weights[:cut], np.stack([weights[cut:], means]))


def logistic(columns: Floats, outcome: Floats) -> Floats:
    """Intercept and weights; a constant column has the weight 0.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0]]).repeat(1000, axis=0)
    >>> y = np.r_[np.arange(1000) < 200, np.arange(1000) < 800].astype(float)
    >>> (1 / (1 + np.exp(-(np.c_[np.ones(2), [0, 1]] @ logistic(x, y))))).round(2).tolist()
    [0.2, 0.8]
    """
    from sklearn.linear_model import LogisticRegression

    centre, spread = columns.mean(axis=0), columns.std(axis=0)
    varies = spread > 1e-9
    weights, intercept = np.zeros(columns.shape[1]), float(special.logit(outcome.mean()))
    if varies.any():
        rows = (columns[:, varies] - centre[varies]) / spread[varies]
        model = LogisticRegression(C=1.0 / RIDGE, solver="newton-cholesky", max_iter=200)
        model.fit(rows, outcome)
        weights[varies], intercept = model.coef_[0] / spread[varies], float(model.intercept_[0])
    return np.concatenate([[intercept - float(weights @ centre)], weights])
