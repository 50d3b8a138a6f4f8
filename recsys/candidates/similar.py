"""Items like those of a person: a truncated item–item matrix, summed at request time.

The matrix is any that a model of ``recsys.candidates.matrix`` yields by ``item_item``; Deshpande &
Karypis, "Item-based top-N recommendation algorithms", ACM TOIS 2004. A sparse row costs
microseconds, so that what somebody did a second ago counts.
"""

from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.moment import Moment
from recsys.slate import Slate

TOP = 200
"""Weights kept for each item."""

ROWS = 100
"""Items of a person, or of all friends, whose weights are summed: a fifth of a millisecond."""


class Similar:
    """Neighbours of what a person did.

    Parameters
    ----------
    indptr, indices, data : ndarray
        Rows of the item–item matrix, float32 weights; the row of an item says how much having it
        speaks for others.
    half_life_days : float
        How fast an act loses its say.
    """

    name = "similar"

    def __init__(
        self,
        indptr: npt.NDArray[np.int64],
        indices: npt.NDArray[np.int32],
        data: npt.NDArray[np.float32],
        half_life_days: float = 60.0,
    ) -> None:
        self.indptr = indptr
        self.indices = indices
        self.data = data
        self.half_life_days = half_life_days

    @classmethod
    def of(cls, matrix: sparse.csr_matrix, half_life_days: float = 60.0) -> Self:
        """Wrap a sparse matrix, shape (items, items)."""
        return cls(
            np.asarray(matrix.indptr, dtype=np.int64),
            np.asarray(matrix.indices, dtype=np.int32),
            np.asarray(matrix.data, dtype=np.float32),
            half_life_days,
        )

    def propose(self, moment: Moment, n: int) -> Slate:
        """Items that most of what the person did speaks for; own ones are no news and stay out."""
        acts = moment.acts
        own, place = np.unique(acts.codes, return_inverse=True)
        decayed = acts.weights * 2.0 ** (-acts.ages / self.half_life_days)
        worth = np.log1p(np.maximum(np.bincount(place, decayed, minlength=len(own)), 0.0))
        found = self.sums(own, worth)
        found[own] = 0.0
        best = largest(found, n)
        return Slate.of(best, found[best], self.name)

    def sums(
        self, items: npt.NDArray[np.int32], worth: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Weights from the ``ROWS`` items of most worth to all items, summed; shape (items,)."""
        strongest = np.argsort(-worth, kind="stable")[:ROWS]
        strongest = strongest[worth[strongest] > 0]
        begin = self.indptr[items[strongest]]
        sizes = self.indptr[items[strongest] + 1] - begin
        ahead = np.cumsum(sizes) - sizes
        places = np.repeat(begin - ahead, sizes) + np.arange(int(sizes.sum()))
        said = self.data[places] * np.repeat(worth[strongest], sizes)
        summed = np.bincount(self.indices[places], said, minlength=len(self.indptr) - 1)
        return np.asarray(summed, dtype=np.float64)

    def save(self, folder: Path) -> None:
        """Write the three arrays."""
        for part in ("indptr", "indices", "data"):
            np.save(folder / f"similar.{part}.npy", getattr(self, part))
        np.save(folder / "similar.config.npy", np.array([self.half_life_days]))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what ``save`` wrote."""
        indptr, indices, data = (
            np.load(folder / f"similar.{part}.npy", mmap_mode="r")
            for part in ("indptr", "indices", "data")
        )
        return cls(indptr, indices, data, float(np.load(folder / "similar.config.npy")[0]))


class FriendsTaste:
    """Items like those of friends: taste that travels further than the items themselves.

    Parameters
    ----------
    similar : Similar
        The item–item matrix.
    """

    name = "friends_taste"

    def __init__(self, similar: Similar) -> None:
        self.similar = similar

    def propose(self, moment: Moment, n: int) -> Slate:
        """Neighbours of what friends did most with, without what the person did oneself."""
        friends = moment.friends
        found = self.similar.sums(friends.codes, np.log1p(np.maximum(friends.score, 0.0)))
        found[moment.acts.codes] = 0.0
        best = largest(found, n)
        return Slate.of(best, found[best], self.name)


def largest(values: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.int32]:
    """Places of the ``n`` largest positive values, descending; ties by place."""
    places = np.flatnonzero(values > 0)
    if len(places) > n:
        least = np.partition(values[places], len(places) - n)[len(places) - n]
        places = places[values[places] >= least]
    order = np.argsort(-values[places], kind="stable")[:n]
    return places[order].astype(np.int32)
