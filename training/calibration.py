"""Whether predicted probabilities come true as often as they say, and how scores become such."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def points(
    probability: npt.ArrayLike, outcome: npt.ArrayLike, bins: int = 10
) -> tuple[Floats, Floats, Ints]:
    """Group predictions into bins of equal width; empty bins are left out.

    Returns
    -------
    predicted, observed : ndarray, float64, shape (filled bins,)
        Mean probability and rate of the outcome.
    count : ndarray, int64, shape (filled bins,)

    Raises
    ------
    InputError
        When a probability is not within 0 to 1.

    Examples
    --------
    >>> points([0.1, 0.1, 1.0], [0, 1, 1], bins=2)
    (array([0.1, 1. ]), array([0.5, 1. ]), array([2, 1]))
    >>> points([1.5], [1])
    Traceback (most recent call last):
    features.errors.InputError: no probability (expected 0 <= p <= 1; got 1.5)
    """
    p = np.asarray(probability, dtype=np.float64)
    y = np.asarray(outcome, dtype=np.float64)
    wrong = p[~((p >= 0) & (p <= 1))]
    if len(wrong):
        raise InputError("no probability", expected="0 <= p <= 1", got=f"{wrong[0]:g}")
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    count = np.bincount(place, minlength=bins)
    filled = count > 0
    predicted, observed = (
        np.bincount(place, weights=values, minlength=bins)[filled] / count[filled]
        for values in (p, y)
    )
    return predicted, observed, count[filled]


def error(probability: npt.ArrayLike, outcome: npt.ArrayLike, bins: int = 10) -> float:
    """Expected calibration error: mean |predicted − observed| over bins, weighted by their size.

    Source: Naeini, Cooper & Hauskrecht, AAAI 2015. NaN when there are no predictions.
    """
    predicted, observed, count = points(probability, outcome, bins)
    if not len(count):
        return float("nan")
    return float(np.average(np.abs(predicted - observed), weights=count))


@dataclass(frozen=True)
class Platt:
    """Scores to probabilities: 1 / (1 + exp(−(slope × score + shift))); Platt, 1999.

    Parameters
    ----------
    slope, shift : float

    Examples
    --------
    >>> scores = np.repeat([0.0, 1.0], 100)
    >>> happened = np.concatenate([np.arange(100) < 10, np.arange(100) < 50])
    >>> Platt.fit(scores, happened).probability([0.0, 1.0]).round(3)
    array([0.1, 0.5])
    """

    slope: float
    shift: float

    @classmethod
    def fit(
        cls, scores: npt.ArrayLike, outcome: npt.ArrayLike, each: npt.ArrayLike = 1.0
    ) -> "Platt":
        """Logistic regression of what happened on one score, by Newton's method.

        ``each`` says for how many a row stands.
        """
        design = np.column_stack([np.asarray(scores, dtype=np.float64), np.ones(np.size(scores))])
        happened = np.asarray(outcome, dtype=np.float64)
        rows = np.asarray(each, dtype=np.float64)
        weights = np.array([1.0, 0.0])
        for _ in range(50):
            p = 1.0 / (1.0 + np.exp(-design @ weights))
            curve = design.T @ (design * (rows * p * (1 - p))[:, None]) + 1e-6 * np.eye(2)
            move = np.linalg.solve(curve, design.T @ (rows * (happened - p)))
            weights = weights + np.clip(move, -1.0, 1.0)
            if np.abs(move).max() < 1e-8:
                break
        return cls(float(weights[0]), float(weights[1]))

    def probability(self, scores: npt.ArrayLike) -> Floats:
        """float64, shape of the scores."""
        odds = self.slope * np.asarray(scores, dtype=np.float64) + self.shift
        return np.asarray(1.0 / (1.0 + np.exp(-odds)))


def shares(probability: npt.ArrayLike, outcome: npt.ArrayLike, bins: int = 10) -> dict[str, Any]:
    """Points of a curve whose bins each expect the same number of outcomes, and their error.

    Most candidates of a feed are far from being bought: bins of equal width would put all of them
    into one.

    Returns
    -------
    mapping
        ``predicted``, ``observed``, ``count`` of each bin, and ``error``: the sum of the absolute
        differences between what a bin expected and what came, divided by what came in all; NaN
        where nothing came.

    Examples
    --------
    >>> shares([0.1] * 10 + [0.5] * 2, [1] + [0] * 10 + [1], bins=2)["observed"]
    [0.1, 0.5]
    """
    p = np.asarray(probability, dtype=np.float64)
    y = np.asarray(outcome, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    p, y = p[order], y[order]
    passed = np.cumsum(p) - p / 2
    place = np.minimum((passed / max(float(p.sum()), 1e-300) * bins).astype(np.int64), bins - 1)
    count = np.bincount(place, minlength=bins)
    expected, came = (np.bincount(place, weights=one, minlength=bins) for one in (p, y))
    filled = count > 0
    total = float(came.sum())
    return {
        "predicted": (expected[filled] / count[filled]).tolist(),
        "observed": (came[filled] / count[filled]).tolist(),
        "count": count[filled].tolist(),
        "error": float(np.abs(expected - came).sum() / total) if total else float("nan"),
    }


def weighted_error(
    probability: npt.ArrayLike, outcome: npt.ArrayLike, weights: npt.ArrayLike, bins: int = 10
) -> float:
    """Expected calibration error over bins of equal weight, for rare outcomes and drawn rows.

    Parameters
    ----------
    probability, outcome : array_like, shape (n,)
        What was said and what came.
    weights : array_like, shape (n,)
        How many rows each stands for.
    bins : int
        Rows are cut into so many bins of equal weight, by rising probability.

    Examples
    --------
    >>> round(weighted_error([0.1, 0.1, 0.9, 0.9], [0, 0, 1, 1], [1, 1, 1, 1], bins=2), 3)
    0.1
    """
    p = np.asarray(probability, dtype=np.float64)
    y = np.asarray(outcome, dtype=np.float64)
    w = np.asarray(weights, dtype=np.float64)
    if not w.sum():
        return float("nan")
    order = np.argsort(p, kind="stable")
    passed = np.cumsum(w[order]) - w[order] / 2
    place = np.minimum((passed / w.sum() * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(place, weights=(w * (p - y))[order], minlength=bins)
    return float(np.abs(gaps).sum() / w.sum())
