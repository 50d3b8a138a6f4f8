"""Values of one tag for n people, absent ones included, and arithmetic that tags share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from features.subjects import Bools, Floats, Ints

FAINT = 0.05
"""Decayed evidence below this counts as none: at a half-life of 30 days, a view 130 days ago."""


class Column(Protocol):
    """Values of one tag for n people."""

    def present(self) -> Bools:
        """Who has a value; shape (n,)."""
        ...

    def only(self, kept: Bools) -> Self:
        """The same with the values of the others made absent."""
        ...

    def at(self, i: int) -> Any:
        """The value of one person as plain Python, None where absent."""
        ...


@dataclass(frozen=True)
class Numbers:
    """A number for each person; NaN is absent.

    Examples
    --------
    >>> Numbers(np.array([1.0, np.nan])).present().tolist()
    [True, False]
    """

    data: Floats  # shape (n,)

    def present(self) -> Bools:
        """Who has a value."""
        return np.asarray(np.isfinite(self.data), dtype=np.bool_)

    def only(self, kept: Bools) -> Self:
        """The same for some, absent for the others."""
        return type(self)(np.where(kept, self.data, np.nan))

    def at(self, i: int) -> float | None:
        """One person's number."""
        value = float(self.data[i])
        return value if np.isfinite(value) else None


@dataclass(frozen=True)
class Words:
    """A word for each person; code -1 is absent.

    Examples
    --------
    >>> words = Words.first({"none": np.array([True, False]), "some": np.array([True, True])})
    >>> words.at(0), words.at(1)
    ('none', 'some')
    """

    words: Sequence[str]
    codes: Ints  # shape (n,)

    @classmethod
    def first(cls, cases: Mapping[str, Bools]) -> Self:
        """The first word whose condition holds; absent where none does."""
        codes = np.select(list(cases.values()), list(range(len(cases))), default=-1)
        return cls(tuple(cases), np.asarray(codes, dtype=np.int64))

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> Self:
        """Words as they stand in a profile; empty ones are absent."""
        known = sorted({text for text in texts if text})
        place = {text: i for i, text in enumerate(known)}
        return cls(known, np.array([place.get(text or "", -1) for text in texts], dtype=np.int64))

    def present(self) -> Bools:
        """Who has a value."""
        return np.asarray(self.codes >= 0, dtype=np.bool_)

    def only(self, kept: Bools) -> Self:
        """The same for some, absent for the others."""
        return type(self)(self.words, np.where(kept, self.codes, -1))

    def at(self, i: int) -> str | None:
        """One person's word."""
        return self.words[self.codes[i]] if self.codes[i] >= 0 else None


@dataclass(frozen=True)
class Vectors:
    """A row of d numbers for each person; NaN is absent."""

    data: Floats  # shape (n, d)

    def present(self) -> Bools:
        """Who has a value."""
        return np.asarray(np.isfinite(self.data).all(axis=1), dtype=np.bool_)

    def only(self, kept: Bools) -> Self:
        """The same for some, absent for the others."""
        return type(self)(np.where(kept[:, None], self.data, np.nan))

    def at(self, i: int) -> list[float] | None:
        """One person's numbers."""
        row = self.data[i]
        return [float(value) for value in row] if np.isfinite(row).all() else None


def best(
    n: int, owners: Ints, names: Sequence[str], codes: Ints, scores: Floats, most: int
) -> tuple[Ints, Ints]:
    """Rows with the ``most`` highest scores of each of n people, equal ones by name.

    Returns
    -------
    starts : ndarray, int64, shape (n + 1,)
        Where each person's rows begin among the rows given back.
    rows : ndarray, int64
        Person by person, best first.
    """
    alphabet = np.empty(len(names), dtype=np.int64)
    alphabet[np.argsort(np.array(names, dtype=np.str_), kind="stable")] = np.arange(len(names))
    order = np.lexsort((alphabet[codes], -settled(scores), owners))
    owners = owners[order]
    first = np.searchsorted(owners, owners, side="left")
    kept = np.arange(len(owners)) - first < most
    starts = np.searchsorted(owners[kept], np.arange(n + 1))
    return starts.astype(np.int64), order[kept]


@dataclass(frozen=True)
class Ranked:
    """A list of names with scores for each person, best first; an empty one is absent.

    Parameters
    ----------
    starts : ndarray, int64, shape (n + 1,)
        Where each person's entries begin; the last is where all end.
    names : sequence of str
        The different names.
    codes, scores : ndarray, shape (m,)
        The entries.

    Examples
    --------
    >>> ranked = Ranked.top(2, np.array([0, 0, 1]), ["b", "a"], np.array([0, 1, 0]),
    ...                     np.array([1.0, 1.0, 2.0]), most=10)
    >>> ranked.at(0), ranked.at(1)
    ([('a', 1.0), ('b', 1.0)], [('b', 2.0)])
    """

    starts: Ints
    names: Sequence[str]
    codes: Ints
    scores: Floats

    @classmethod
    def top(
        cls, n: int, owners: Ints, names: Sequence[str], codes: Ints, scores: Floats, most: int
    ) -> Self:
        """The ``most`` highest scores of each of n people, equal ones by name."""
        starts, rows = best(n, owners, names, codes, scores, most)
        return cls(starts, names, codes[rows], scores[rows])

    @classmethod
    def graded(
        cls,
        n: int,
        owners: Ints,
        names: Sequence[str],
        codes: Ints,
        grades: Floats,
        within: Floats,
        most: int,
    ) -> Self:
        """Grades from 1 for names, highest first and within a grade by ``within``, above 0."""
        shade = np.minimum(
            np.maximum(settled(within), 0.0) / (1.0 + np.maximum(within, 0.0)), 0.999
        )
        found = cls.top(n, owners, names, codes, grades + shade, most)
        return type(found)(found.starts, names, found.codes, np.floor(found.scores))

    @property
    def counts(self) -> Ints:
        """Entries of each person; shape (n,)."""
        return np.diff(self.starts)

    def present(self) -> Bools:
        """Who has a value."""
        return np.asarray(self.counts > 0, dtype=np.bool_)

    def only(self, kept: Bools) -> Self:
        """The same for some, absent for the others."""
        entries = np.repeat(kept, self.counts)
        starts = np.concatenate([[0], np.cumsum(np.where(kept, self.counts, 0))]).astype(np.int64)
        return type(self)(starts, self.names, self.codes[entries], self.scores[entries])

    def at(self, i: int) -> list[tuple[str, float]] | None:
        """One person's entries."""
        span = range(self.starts[i], self.starts[i + 1])
        return [(self.names[self.codes[j]], float(self.scores[j])) for j in span] or None


def settled(values: npt.ArrayLike) -> Floats:
    """Values without their last digits, to be compared with cuts and each other.

    A decayed sum differs in its last digits with the order of its additions, and a value that
    stands exactly on a cut must fall on the same side in the batch build and when served.

    Examples
    --------
    >>> bool(0.1 + 0.2 == 0.3), bool(settled(0.1 + 0.2) == settled(0.3))
    (False, True)
    """
    rounded: Floats = np.asarray(values, dtype=np.float64).round(9)
    return rounded


def ratio(part: Floats, whole: Floats) -> Floats:
    """Part over whole; NaN where the whole is not above 0; same shape."""
    found = np.full(part.shape, np.nan)
    return np.asarray(np.divide(part, whole, out=found, where=whole > 0), dtype=np.float64)


def shrunk(k: Floats, n: Floats, prior: tuple[float, float]) -> Floats:
    """The rate k of n, shrunk to a beta prior; NaN where n is faint.

    Examples
    --------
    >>> shrunk(np.array([1.0, 0.0]), np.array([1.0, 0.0]), (1.0, 3.0)).tolist()
    [0.4, nan]
    """
    a, b = prior
    n = np.maximum(k, n)
    return np.where(settled(n) >= FAINT, (k + a) / (n + a + b), np.nan)
