"""How good scores are: lift quality and its band, cuts with what they catch and waste."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CUTS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5)
"""Parts of the people, the highest scores first."""

BUCKETS = 20
"""Of a histogram."""


def auc(score: Floats, did: Bools) -> float:
    """Chance that somebody who did scores above somebody who did not; ties count half.

    Examples
    --------
    >>> auc(np.array([0.9, 0.4, 0.4]), np.array([True, True, False]))
    0.75
    """
    positive = int(did.sum())
    negative = len(did) - positive
    if not positive or not negative:
        return float("nan")
    above = rankdata(score)[did].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def auc_interval(score: Floats, did: Bools) -> tuple[float, float]:
    """95 % interval of ``auc`` (Hanley & McNeil, 1982)."""
    a, positive = auc(score, did), int(did.sum())
    negative = len(did) - positive
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    within = a * (1 - a) + (positive - 1) * (q1 - a * a) + (negative - 1) * (q2 - a * a)
    reach = 1.96 * (max(within, 0.0) / (positive * negative)) ** 0.5
    return max(a - reach, 0.0), min(a + reach, 1.0)


def lift_quality(score: Floats, did: Bools) -> float:
    """Area under the cumulative gains, 0 for lots and 100 for a perfect order: 100 (2 AUC − 1)."""
    return max(0.0, 100.0 * (2.0 * auc(score, did) - 1.0))


def band(quality: float) -> str:
    """Band of a lift quality.

    Examples
    --------
    >>> [band(q) for q in (5, 20, 59.9, 60)]
    ['poor', 'fair', 'good', 'excellent']
    """
    edges = {"poor": 20.0, "fair": 40.0, "good": 60.0}
    return next((name for name, edge in edges.items() if quality < edge), "excellent")


@dataclass(frozen=True)
class Cut:
    """The highest scores, up to a part of the people.

    Parameters
    ----------
    share : float
        That part.
    people : int
    from_probability : float
        Lowest probability among them.
    converters, wasted : float
        How many are expected to do it, and how many not.
    caught : float
        Part of all expected converters.
    lift : float
        Rate among them over the rate of all.
    """

    share: float
    people: int
    from_probability: float
    converters: float
    wasted: float
    caught: float
    lift: float


def cuts(probability: Floats, shares: Sequence[float] = CUTS) -> list[Cut]:
    """What each cut is expected to catch and to waste.

    Examples
    --------
    >>> (cut,) = cuts(np.array([0.9, 0.1, 0.1, 0.1]), [0.25])
    >>> cut.people, cut.converters, round(cut.wasted, 2), round(cut.lift, 2)
    (1, 0.9, 0.1, 3.0)
    """
    return cuts_of(probability, probability, shares)


def cuts_of(
    score: Floats, came: npt.NDArray[np.generic], shares: Sequence[float] = CUTS
) -> list[Cut]:
    """Cuts by a score, counting what came: probabilities, or what really happened."""
    if not len(score):
        return []
    order = np.argsort(-score, kind="stable")
    caught = np.cumsum(np.asarray(came, dtype=np.float64)[order])
    found = []
    for share in shares:
        people = max(1, round(share * len(order)))
        got = float(caught[people - 1])
        total = float(caught[-1])
        rate = total / len(order)
        found.append(
            Cut(
                share, people, float(score[order[people - 1]]), got, people - got,
                got / total if total else 0.0, got / people / rate if rate else 0.0,
            )
        )  # fmt: skip
    return found


def histogram(probability: Floats, buckets: int = BUCKETS) -> Mapping[str, list[float]]:
    """People by probability, in buckets of equal width up to the highest."""
    top = float(probability.max()) if len(probability) else 1.0
    count, edges = np.histogram(probability, buckets, (0.0, top or 1.0))
    return {"edges": [float(edge) for edge in edges], "people": [float(n) for n in count]}


def percentiles(probability: Floats) -> npt.NDArray[np.int16]:
    """Part of the cohort that scores lower, 0 to 99; equal scores get equal percentiles."""
    lower = rankdata(probability, method="min") - 1
    return (lower * 100 // max(len(probability), 1)).astype(np.int16)
