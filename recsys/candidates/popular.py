"""Popularity with decay: the fallback that never fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from recsys.moment import Moment
from recsys.slate import Codes, Slate

COUNTERS = ("item.orders_7", "item.orders_30", "item.orders_180", "item.interest_30")
"""What popularity may mean; training takes the one that predicts best."""

KEPT = 2_000
"""How many of the most popular items are kept."""


@dataclass(frozen=True)
class Popular:
    """The most popular items, best first.

    Parameters
    ----------
    codes : ndarray, int32, shape (m,)
        Items.
    scores : ndarray, float64, shape (m,)
        Their popularity, descending.
    """

    codes: Codes
    scores: npt.NDArray[np.float64]
    name = "popular"

    @classmethod
    def fit(cls, popularity: npt.ArrayLike) -> Self:
        """Order items by popularity, shape (items,); ties by code; zeros are left out."""
        values = np.asarray(popularity, dtype=np.float64)
        if len(values) > KEPT:
            least = np.partition(values, len(values) - KEPT)[len(values) - KEPT]
            places = np.flatnonzero((values >= least) & (values > 0))
        else:
            places = np.flatnonzero(values > 0)
        order = places[np.argsort(-values[places], kind="stable")][:KEPT]
        return cls(order.astype(np.int32), values[order])

    @classmethod
    def of_counters(cls, counters: Mapping[str, npt.NDArray[np.float32]], which: str) -> Self:
        """Popularity by one of ``COUNTERS``."""
        return cls.fit(counters[which])

    def propose(self, moment: Moment, n: int) -> Slate:
        """The most popular items, whoever asks."""
        return Slate.of(self.codes[:n], self.scores[:n], self.name)

    def save(self, folder: Path) -> None:
        """Write both arrays."""
        np.save(folder / "popular.codes.npy", self.codes)
        np.save(folder / "popular.scores.npy", self.scores)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        return cls(np.load(folder / "popular.codes.npy"), np.load(folder / "popular.scores.npy"))
