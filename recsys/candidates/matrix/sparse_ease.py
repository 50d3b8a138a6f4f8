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

from recsys.candidates.matrix.compiled import regressed, top_products, top_rows
from recsys.candidates.matrix.graph import degrees
from recsys.candidates.matrix.recommender import Floats, Recommender, Users


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
        self.near_ = regressed(gram, penalty)
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
    root = np.sqrt(columns)
    turned = sparse.csr_matrix(interactions.T)
    found = top_products(turned, interactions, most, root, root)
    rows = np.repeat(np.arange(len(root)), np.diff(found.indptr))
    counts = sparse.csr_matrix(found, dtype=np.float64)
    counts.data *= root[rows] * root[found.indices]
    counts = sparse.csr_matrix(counts.maximum(counts.T))
    return sparse.csr_matrix(counts + sparse.diags(columns))
