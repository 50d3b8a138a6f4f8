"""Whether predicted probabilities come true as often as they say."""

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
