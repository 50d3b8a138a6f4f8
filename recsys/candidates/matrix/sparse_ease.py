"""EASE for catalogues whose inverse does not fit: a sparse approximate inverse.

After Spišák et al., "Scalable approximate nonsymmetric autoencoder for collaborative filtering"
(SANSA), RecSys 2023: the weights of an item depend on few others. Here each column of the inverse
is solved exactly on the item's strongest neighbours alone (Grote & Huckle, "Parallel
preconditioning with approximate inverses", SIAM J. Sci. Comput. 1997), so that memory grows with
the catalogue only.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from recsys.candidates.matrix.graph import degrees, top_rows
from recsys.candidates.matrix.recommender import Floats, Recommender, Users

STEP = 1_000


@dataclass(frozen=True)
class SparseEaseConfig:
    """How it regresses.

    Parameters
    ----------
    l2, dropout : float
        As of ``EaseConfig``.
    neighbours : int
        Items that each is regressed on.
    popularity : float
        Scores are multiplied by an item's interactions to this power.
    """

    l2: float = 50.0
    dropout: float = 0.5
    neighbours: int = 150
    popularity: float = 0.0


class SparseEase(Recommender):
    """Closed-form regression on the strongest neighbours."""

    name: ClassVar[str] = "sparse_ease"

    def __init__(self, config: SparseEaseConfig = SparseEaseConfig()) -> None:
        self.config = config

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Regress each item on its neighbours by cosine."""
        config = self.config
        self.interactions = interactions
        columns = degrees(interactions)[1]
        penalty = config.l2 + config.dropout * columns
        gram = _strongest_products(interactions, columns, config.neighbours)
        self.near_ = _regressed(gram, penalty)
        self.lift_ = (np.maximum(columns, 1.0) ** config.popularity).astype(np.float32)
        return self

    def scores(self, users: Users) -> Floats:
        """Prediction of every item for some users."""
        found = np.asarray((self.interactions[users] @ self.near_).toarray(), dtype=np.float32)
        found *= self.lift_
        return found

    def item_item(self, top: int) -> sparse.csr_matrix:
        """The strongest positive weights."""
        found = sparse.csr_matrix(self.near_.multiply(self.near_ > 0) @ sparse.diags(self.lift_))
        return top_rows(found, top)


def _strongest_products(
    interactions: sparse.csr_matrix, columns: np.ndarray, most: int
) -> sparse.csr_matrix:
    """Co-occurrence counts of every item with its strongest neighbours by cosine, and itself."""
    turned = sparse.csr_matrix(interactions.T)
    root = np.sqrt(columns)
    found = []
    for start in range(0, turned.shape[0], STEP):
        strip = sparse.csr_matrix(turned[start : start + STEP] @ interactions)
        rows = start + np.repeat(np.arange(strip.shape[0]), np.diff(strip.indptr))
        strip.data = strip.data / (root[rows] * root[strip.indices])
        strip.data[rows == strip.indices] = np.inf  # itself always stays, whatever the weights
        strip = top_rows(strip, most + 1)
        rows = start + np.repeat(np.arange(strip.shape[0]), np.diff(strip.indptr))
        own = rows == strip.indices
        strip.data = strip.data * root[rows] * root[strip.indices]
        strip.data[own] = columns[rows[own]]
        found.append(strip)
    return sparse.csr_matrix(sparse.vstack(found), dtype=np.float64)


def _regressed(gram: sparse.csr_matrix, penalty: np.ndarray) -> sparse.csr_matrix:
    """Weights −P_ij / P_jj, column by column on the neighbours of j; the rest of G counts as 0."""
    gram = sparse.csr_matrix(gram.maximum(gram.T))
    gram.sort_indices()
    size = gram.shape[0]
    place = np.full(size, -1, dtype=np.int64)
    values, rows, columns = [], [], []
    for item in range(size):
        near = gram.indices[gram.indptr[item] : gram.indptr[item + 1]]
        strength = gram.data[gram.indptr[item] : gram.indptr[item + 1]]
        others = near != item
        near, strength = near[others], strength[others]
        if not len(near):
            continue
        if len(near) > 400:  # an item that is everybody's neighbour
            kept = np.argsort(-strength / np.sqrt(gram.diagonal()[near]))[:400]
            near, strength = near[kept], strength[kept]
        place[near] = np.arange(len(near))
        part = gram[near]
        inner = place[part.indices]
        left = np.zeros((len(near), len(near)))
        line = np.repeat(np.arange(len(near)), np.diff(part.indptr))
        inside = inner >= 0
        left[line[inside], inner[inside]] = part.data[inside]
        left[np.arange(len(near)), np.arange(len(near))] += penalty[near]
        place[near] = -1
        weights = np.linalg.solve(left, strength)
        values.append(weights)
        rows.append(near)
        columns.append(np.full(len(near), item))
    if not values:
        return sparse.csr_matrix(gram * 0.0, dtype=np.float32)
    return sparse.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=gram.shape, dtype=np.float32,
    )  # fmt: skip
