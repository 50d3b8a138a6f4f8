"""What several sources say of the same candidates, as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.candidates.matrix.recommender import PADDING, Codes, Lists

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

AT_ONCE = 1_000
"""People whose lists are united at once."""

TOP = 10
"""Scores whose mean is 1 after normalising."""


@dataclass(frozen=True)
class Pool:
    """Candidates of several people, person after person.

    Parameters
    ----------
    starts : ndarray, int64, shape (people + 1,)
        Where each person's candidates begin.
    codes : ndarray, int32, shape (n,)
        Items, ascending for each person.
    scores : ndarray, float32, shape (n, sources)
        Normalised for each person: the last of a source's list is 0, the mean of the first ten is
        1; 0 where a source does not have the item.
    ranks : ndarray, float32, shape (n, sources)
        Place in the source's list, from 0; the list's length where it does not have the item.
    sources : tuple of str
        Names of the columns.
    """

    starts: Ints
    codes: Codes
    scores: Floats
    ranks: Floats
    sources: tuple[str, ...]

    @property
    def person(self) -> Ints:
        """Number of the person of each candidate."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def of(self, names: Sequence[str]) -> "Pool":
        """The same candidates seen by some of the sources."""
        places = [self.sources.index(name) for name in names]
        return Pool(
            self.starts, self.codes, self.scores[:, places], self.ranks[:, places], tuple(names)
        )

    def keep(self, kept: npt.NDArray[np.bool_]) -> "Pool":
        """Some of the candidates."""
        counts = np.bincount(self.person[kept], minlength=len(self.starts) - 1)
        return Pool(
            np.concatenate([[0], np.cumsum(counts)]), self.codes[kept], self.scores[kept],
            self.ranks[kept], self.sources,
        )  # fmt: skip

    def people(self, chosen: npt.NDArray[np.bool_]) -> "Pool":
        """The candidates of some of the people."""
        kept = chosen[self.person]
        counts = np.diff(self.starts)[chosen]
        return Pool(
            np.concatenate([[0], np.cumsum(counts)]), self.codes[kept], self.scores[kept],
            self.ranks[kept], self.sources,
        )  # fmt: skip

    def ranked(self, scores: npt.NDArray[np.floating], k: int) -> Codes:
        """The best ``k`` of every person by given scores; padded; int32, shape (people, k)."""
        person = self.person
        order = np.lexsort((self.codes, -scores, person))
        place = np.arange(len(order)) - self.starts[person]
        found = np.full((len(self.starts) - 1, k), PADDING, dtype=np.int32)
        first = place < k
        found[person[first], place[first]] = self.codes[order[first]]
        return found


def normalised(lists: Lists) -> Floats:
    """Scores that are comparable between people and sources; shape of the lists.

    Examples
    --------
    >>> one = Lists(np.array([[4, 2, -1]], np.int32), np.array([[5.0, 3.0, -np.inf]], np.float32))
    >>> normalised(one).tolist()
    [[2.0, 0.0, 0.0]]
    """
    known = lists.codes != PADDING
    least = np.where(known, lists.scores, np.inf).min(axis=1, initial=np.inf)
    least = np.where(np.isfinite(least), least, 0.0)
    above = np.where(known, lists.scores - least[:, None], 0.0)
    count = np.maximum(known[:, :TOP].sum(axis=1), 1)
    scale = above[:, :TOP].sum(axis=1) / count
    return np.asarray(above / np.where(scale > 0, scale, 1.0)[:, None], dtype=np.float32)


def unite(lists: Mapping[str, Lists], most: int) -> Pool:
    """Unite the lists of several sources; the ``most`` that sources agree on stay.

    Agreement is the sum of normalised scores, and of reciprocal ranks (Cormack et al., SIGIR 2009).
    """
    names = tuple(lists)
    people = len(next(iter(lists.values())).codes)
    worth = {name: normalised(one) for name, one in lists.items()}
    parts = [
        _united([(lists[name].codes[at], worth[name][at]) for name in names], most)
        for at in (slice(i, i + AT_ONCE) for i in range(0, people, AT_ONCE))
    ]
    counts = np.concatenate([part[0] for part in parts])
    return Pool(
        np.concatenate([[0], np.cumsum(counts)]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
        np.concatenate([part[3] for part in parts]),
        names,
    )


def _united(said: list[tuple[Codes, Floats]], most: int) -> tuple[Ints, Codes, Floats, Floats]:
    people = len(said[0][0])
    span = 1 + max(int(codes.max(initial=0)) for codes, _ in said)
    keys = [
        (np.arange(people, dtype=np.int64)[:, None] * span + codes)[codes != PADDING]
        for codes, _ in said
    ]
    every, place = np.unique(np.concatenate(keys), return_inverse=True)
    scores = np.zeros((len(every), len(said)), dtype=np.float32)
    ranks = np.empty((len(every), len(said)), dtype=np.float32)
    start = 0
    for source, ((codes, worth), mine) in enumerate(zip(said, keys, strict=True)):
        at = place[start : start + len(mine)]
        start += len(mine)
        known = codes != PADDING
        scores[at, source] = worth[known]
        ranks[:, source] = codes.shape[1]
        ranks[at, source] = np.broadcast_to(np.arange(codes.shape[1]), codes.shape)[known]
    person = every // span
    agreed = scores.mean(axis=1) + (20 / (ranks + 20)).mean(axis=1)
    order = np.lexsort((-agreed, person))
    begins = np.searchsorted(person, np.arange(people))
    kept = np.sort(order[np.arange(len(order)) - begins[person[order]] < most])
    counts = np.bincount(person[kept], minlength=people)
    return counts, (every[kept] % span).astype(np.int32), scores[kept], ranks[kept]
