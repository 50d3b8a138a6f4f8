"""What is told of a prediction: quality, calibration, histogram, cuts, drivers, back-test."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from features.catalogue import CATALOGUE
from features.clock import format_instant
from training import calibration
from training.predictions import quality
from training.predictions.fit import Fitted, columns

Floats = npt.NDArray[np.float64]

DRIVERS = 10
"""Columns that a card names."""

REASONS = 3
"""Columns that a person's score names."""

_SAMPLE = 20_000
"""People whose contributions a card averages."""


def card(fitted: Fitted, at_us: int) -> dict[str, Any]:
    """Everything a marketer is told, as JSON.

    Returns
    -------
    dict
        ``backtest`` holds what the scores of one window ago were worth; ``cuts`` what the scores
        of today are expected to be.
    """
    goal = fitted.goal
    return {
        "model": goal.name,
        "zh": goal.zh,
        "sentence": goal.sentence,
        "days": goal.days,
        "as_of": format_instant(at_us),
        "people": len(fitted.asked.users),
        "expected": float(fitted.probability.sum()),
        "gates": [asdict(gate) | {"holds": gate.holds} for gate in fitted.gates],
        "backtest": backtest(fitted),
        "histogram": quality.histogram(fitted.probability),
        "cuts": [asdict(cut) for cut in quality.cuts(fitted.probability)],
        "drivers": drivers(fitted),
    }


def backtest(fitted: Fitted) -> dict[str, Any]:
    """The last window that has ended, foretold without it, beside what happened."""
    p, did = fitted.foretold, fitted.backtest.did
    low, high = quality.auc_interval(p, did)
    lift = quality.lift_quality(p, did)
    rate = float(did.mean())
    predicted, observed, count = calibration.points(p, did)
    return {
        "from": format_instant(fitted.backtest.asked.at_us),
        "people": len(did),
        "rate": rate,
        "foretold_rate": float(p.mean()),
        "auc": quality.auc(p, did),
        "auc_low": low,
        "auc_high": high,
        "lift_quality": lift,
        "band": quality.band(lift),
        "log_loss": _log_loss(p, did),
        "log_loss_of_rate": _log_loss(np.full(len(did), rate), did),
        "brier": float(np.mean((p - did) ** 2)),
        "brier_of_rate": rate * (1 - rate),
        "calibration_error": calibration.error(p, did),
        "calibration": {
            "predicted": predicted.tolist(), "observed": observed.tolist(), "people": count.tolist()
        },
        "cuts": [asdict(cut) for cut in quality.cuts_of(p, did)],
    }  # fmt: skip


def drivers(fitted: Fitted) -> list[Mapping[str, Any]]:
    """Columns that move the scores most, on average over the cohort."""
    rows = fitted.rows[:_SAMPLE]
    if not len(rows):
        return []
    shares = fitted.model.trees.contributions(rows)
    moved = np.abs(shares).mean(axis=0)
    names = columns(fitted.goal)
    best = np.argsort(-moved, kind="stable")[:DRIVERS]
    return [
        {
            "column": names[i],
            "sentence": sentence(names[i]),
            "moves": float(moved[i] / (moved.sum() or 1.0)),
            "more_is_likelier": _rises(rows[:, i], shares[:, i]),
        }
        for i in best
        if moved[i] > 0
    ]


def reasons(fitted: Fitted) -> list[list[str]]:
    """Columns that raise each person's score most, at most ``REASONS``; shape (people,)."""
    names = np.array(columns(fitted.goal))
    found: list[list[str]] = []
    for start in range(0, len(fitted.rows), _SAMPLE):  # in parts, for the memory of a large cohort
        shares = fitted.model.trees.contributions(fitted.rows[start : start + _SAMPLE])
        best = np.argsort(-shares, axis=1, kind="stable")[:, :REASONS]
        raised = np.take_along_axis(shares, best, axis=1) > 0
        found += [names[b[r]].tolist() for b, r in zip(best, raised, strict=True)]
    return found


def sentence(column: str) -> str:
    """What a column says, in words.

    Examples
    --------
    >>> sentence("user.orders_180"), sentence("user.last_order"), sentence("profile.age")
    ('orders in 180 days', 'days since the last order', 'age')
    """
    if column in CATALOGUE:
        return CATALOGUE[column].sentence.replace("instant of", "days since")
    return column.partition(".")[2].replace("_", " ")


def _rises(values: Floats, shares: Floats) -> bool:
    known = ~np.isnan(values)
    if known.sum() < 2 or np.ptp(values[known]) == 0 or np.ptp(shares[known]) == 0:
        return False
    return bool(np.corrcoef(values[known], shares[known])[0, 1] > 0)


def _log_loss(p: Floats, did: npt.NDArray[np.bool_]) -> float:
    inside = np.clip(p, 1e-9, 1 - 1e-9)
    return float(-np.mean(np.where(did, np.log(inside), np.log(1 - inside))))
