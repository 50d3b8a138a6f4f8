"""Neighbours: items bought by the same people, people who buy the same items.

Sarwar et al., "Item-based collaborative filtering", WWW 2001; weighting by BM25 as in Robertson &
Zaragoza, "The probabilistic relevance framework", 2009, people in the place of documents.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from scipy import sparse

from recsys.candidates.matrix.compiled import top_products, top_rows
from recsys.candidates.matrix.graph import around, degrees, scaled
from recsys.candidates.matrix.recommender import Floats, Recommender, Users


@dataclass(frozen=True)
class KnnConfig:
    """How neighbours are found.

    Parameters
    ----------
    neighbours : int
        How many count.
    weighting : {"cosine", "bm25"}
        What an interaction is worth.
    shrink : float
        Added to the product of the norms: trusts similarities of few interactions less.
    power : float
        Similarities to this power.
    """

    neighbours: int = 100
    weighting: Literal["cosine", "bm25"] = "cosine"
    shrink: float = 0.0
    power: float = 1.0


class ItemKnn(Recommender):
    """A person's items vote for their neighbours."""

    name: ClassVar[str] = "item_knn"

    def __init__(self, config: KnnConfig = KnnConfig()) -> None:
        self.config = config

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Find the neighbours of every item."""
        self.interactions = interactions
        self.near_ = similar(sparse.csr_matrix(interactions.T), self.config)
        return self

    def scores(self, users: Users) -> Floats:
        """Sum of the similarities to what each person has."""
        return np.asarray((self.interactions[users] @ self.near_).toarray(), dtype=np.float32)

    def item_item(self, top: int) -> sparse.csr_matrix:
        """The strongest neighbours."""
        return top_rows(self.near_, top)


@dataclass(frozen=True)
class UserKnnConfig(KnnConfig):
    """As ``KnnConfig``; and how friends count among neighbours.

    Parameters
    ----------
    friends : float
        Similarity of a friend beside that of taste; 0 leaves friends out.
    popularity : float
        Votes are divided by an item's interactions to this power.
    """

    friends: float = 0.0
    popularity: float = 0.0


class UserKnn(Recommender):
    """A person's neighbours vote for their items."""

    name: ClassVar[str] = "user_knn"
    social: ClassVar[bool] = True
    free: ClassVar[tuple[str, ...]] = ("friends", "popularity")

    def __init__(self, config: UserKnnConfig = UserKnnConfig()) -> None:
        self.config = config

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Find the neighbours of every person."""
        self.interactions = interactions
        self.links = None if links is None or not links.nnz else links
        self.alike_ = scaled(similar(interactions, self.config), rows=1.0)
        self._settle()
        return self

    def _settle(self) -> None:
        self.near_ = self.alike_
        if self.links is not None and self.config.friends > 0:
            known = self.config.friends * around(self.links, 1)
            self.near_ = sparse.csr_matrix(self.alike_ + known, dtype=np.float32)
        self.votes_ = scaled(self.interactions, columns=self.config.popularity)

    def scores(self, users: Users) -> Floats:
        """Sum of the neighbours' votes."""
        return np.asarray((self.near_[users] @ self.votes_).toarray(), dtype=np.float32)


def similar(matrix: sparse.csr_matrix, config: KnnConfig) -> sparse.csr_matrix:
    """Similarities of rows: the strongest of each, without itself.

    Examples
    --------
    >>> rows = sparse.csr_matrix([[1.0, 1.0], [1.0, 1.0], [0.0, 1.0]])
    >>> similar(rows, KnnConfig(neighbours=1))[:2].toarray().round(2).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    worth = _bm25(matrix) if config.weighting == "bm25" else matrix
    worth = sparse.csr_matrix(worth, dtype=np.float32)
    norms = np.sqrt(np.asarray(worth.multiply(worth).sum(axis=1)).ravel()) + 1e-9
    turned = sparse.csr_matrix(worth.T)
    found = top_products(worth, turned, config.neighbours, norms, norms, config.shrink)
    found.data **= config.power
    return found


def _bm25(matrix: sparse.csr_matrix, k1: float = 1.2, b: float = 0.75) -> sparse.csr_matrix:
    rows, columns = degrees(matrix)
    rare = np.log(1.0 + (matrix.shape[0] - columns + 0.5) / (columns + 0.5))
    length = 1.0 - b + b * rows / max(float(rows.mean()), 1e-9)
    found = sparse.csr_matrix(matrix, dtype=np.float64, copy=True)
    long = np.repeat(length, np.diff(found.indptr))
    found.data = found.data * (k1 + 1.0) / (k1 * long + found.data) * rare[found.indices]
    return found
