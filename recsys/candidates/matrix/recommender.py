"""What every model of an interaction matrix can do: fit, score people, recommend."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from features.errors import InputError
from recsys.candidates.matrix.compiled import highest

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int32]
Users = npt.NDArray[np.int64]

BLOCK = 1_000
"""People scored at once: 1,000 × 50,000 items are 200 MB."""

PADDING = -1


@dataclass(frozen=True)
class Lists:
    """The best items of several people, best first.

    Parameters
    ----------
    codes : ndarray, int32, shape (people, n)
        Items, padded with −1 at the end of a row.
    scores : ndarray, float32, shape (people, n)
        Their scores, descending; −inf where padded.
    """

    codes: Codes
    scores: Floats

    def take(self, places: npt.NDArray[np.integer]) -> "Lists":
        """Lists of some of the people."""
        return Lists(self.codes[places], self.scores[places])


class Recommender(ABC):
    """A model of who did something with what.

    ``fit`` learns from ``interactions``, float32 of shape (users, items), and where the model knows
    how, from ``links``, float32 of shape (users, users): 1 where the row's person knows the
    column's. Afterwards ``scores`` gives every item's score for some of these users.
    """

    name: ClassVar[str]
    social: ClassVar[bool] = False
    free: ClassVar[tuple[str, ...]] = ()
    """Parameters that a fitted model takes another value of without being fitted again."""
    config: Any = None
    interactions: sparse.csr_matrix

    @abstractmethod
    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Learn; returns the model itself."""

    def tuned(self, config: Any) -> Self | None:
        """The same under a configuration that differs in ``free`` parameters; None for others."""
        if not self.free:
            return None
        mine = {name: getattr(self.config, name) for name in self.free}
        if replace(config, **mine) != self.config:
            return None
        found = copy(self)
        found.config = config
        found._settle()
        return found

    def _settle(self) -> None:
        """Compute what hangs on ``free`` parameters; nothing where there are none."""
        return

    @abstractmethod
    def scores(self, users: Users) -> Floats:
        """Scores of all items, float32, shape (len(users), items); higher is better."""

    def item_item(self, top: int) -> sparse.csr_matrix:
        """The ``top`` strongest weights of every item, shape (items, items).

        The row of an item says how much having it speaks for each other one.

        Raises
        ------
        InputError
            When the model is no sum over a person's items.
        """
        raise InputError(f"{self.name} has no item–item matrix")

    def recommend(self, users: Users, n: int) -> Lists:
        """The ``n`` best items that each person did not have; shorter lists are padded.

        Parameters
        ----------
        users : ndarray, int64, shape (people,)
            Rows of the fitted matrix.
        n : int
            Length of the lists.
        """
        found = [
            best(self.scores(part), self.interactions[part], n) for part in blocks(users, BLOCK)
        ]
        return Lists(
            np.concatenate([np.zeros((0, n), np.int32), *(one.codes for one in found)]),
            np.concatenate([np.zeros((0, n), np.float32), *(one.scores for one in found)]),
        )


def blocks(users: Users, size: int) -> Iterator[Users]:
    """Parts of at most ``size``."""
    for start in range(0, len(users), size):
        yield users[start : start + size]


def best(scores: Floats, seen: sparse.csr_matrix, n: int) -> Lists:
    """The ``n`` highest of every row, without what was seen; ties by code.

    Parameters
    ----------
    scores : ndarray, float32, shape (people, items)
        C-contiguous; changed in place. What is 0 or not finite in a row is nothing the model
        knows of.
    seen : scipy.sparse.csr_matrix, shape (people, items)
        Nonzero where an item must not come back.
    n : int
        Length of the lists.

    Examples
    --------
    >>> scores = np.array([[0.5, 0.9, 0.7]], dtype=np.float32)
    >>> best(scores, sparse.csr_matrix([[0.0, 1.0, 0.0]]), 3).codes.tolist()
    [[2, 0, -1]]
    """
    people = np.repeat(np.arange(len(scores)), np.diff(seen.indptr))
    scores[people, seen.indices] = -np.inf
    places = highest(scores, n)
    found = np.take_along_axis(scores, np.maximum(places, 0).astype(np.int64), axis=1)
    found[places < 0] = -np.inf
    order = np.argsort(-found, axis=1, kind="stable")
    return Lists(
        np.take_along_axis(places, order, axis=1), np.take_along_axis(found, order, axis=1)
    )
