"""How soon things are bought again: by item, drawn towards the category, and that towards all.

The typical gap of an item is the mean of the logarithms of the gaps between purchases of one
person, shrunk by ``PRIOR`` pretended gaps of its category (empirical Bayes; Efron & Morris, 1975).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

PRIOR = 5.0
"""Gaps of the category that an item's own are mixed with, and of all that a category's are."""

SOON = 2.0
"""A purchase that many standard deviations (of log gaps) before the typical gap is too soon."""


@dataclass(frozen=True)
class Rhythm:
    """Typical gaps.

    Parameters
    ----------
    gap : ndarray, float32, shape (items,)
        Days between two purchases of an item by one person, typically; NaN where nothing repeats.
    spread : float
        Standard deviation of the logarithm of gaps around it.
    """

    gap: npt.NDArray[np.float32]
    spread: float

    @classmethod
    def fit(cls, codes: Codes, days: Floats, category: Codes) -> Self:
        """Learn from gaps.

        Parameters
        ----------
        codes : ndarray, int32, shape (n,)
            Item of each gap.
        days : ndarray, float64, shape (n,)
            Its length, above 0.
        category : ndarray, int32, shape (items,)
            Category of every item; −1 unknown.

        Examples
        --------
        >>> days = np.array([7.0] * 50 + [30.0] * 50)
        >>> codes = np.repeat(np.array([0, 1], dtype=np.int32), 50)
        >>> Rhythm.fit(codes, days, np.zeros(3, dtype=np.int32)).gap.round().tolist()
        [7.0, 28.0, 14.0]
        """
        if not len(codes):
            return cls(np.full(len(category), np.nan, dtype=np.float32), 1.0)
        logs = np.log(days)
        overall = float(logs.mean())
        groups = int(category.max(initial=-1)) + 2
        of = category[codes] + 1
        mean = _shrunk(logs, of, groups, np.full(groups, overall))
        item = _shrunk(logs, codes, len(category), mean[category + 1])
        spread = float(np.sqrt(np.mean((logs - item[codes]) ** 2)))
        return cls(np.exp(item).astype(np.float32), max(spread, 0.1))

    def soonest(self, codes: Codes) -> Floats:
        """Days before which hardly anybody buys each item again; 0 where nothing is known."""
        gaps = np.nan_to_num(self.gap[codes].astype(np.float64))
        return np.asarray(gaps * np.exp(-SOON * self.spread))

    def save(self, folder: Path) -> None:
        """Write it."""
        np.save(folder / "rhythm.gap.npy", self.gap)
        np.save(folder / "rhythm.spread.npy", np.array([self.spread]))

    @classmethod
    def open(cls, folder: Path) -> "Rhythm | None":
        """Map what ``save`` wrote; None where nothing was."""
        path = folder / "rhythm.gap.npy"
        if not path.exists():
            return None
        return cls(np.load(path, mmap_mode="r"), float(np.load(folder / "rhythm.spread.npy")[0]))


def _shrunk(logs: Floats, group: npt.NDArray[np.integer], size: int, prior: Floats) -> Floats:
    """Mean of each group, mixed with its prior."""
    count = np.bincount(group, minlength=size)
    total = np.bincount(group, logs, minlength=size)
    return np.asarray((total + PRIOR * prior) / (count + PRIOR), dtype=np.float64)
