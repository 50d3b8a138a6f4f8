"""What another library recommends on the same data, searched in the same way.

``implicit`` (Frederickson, 2016–) is the one that installs beside this project; its ALS is the row
``als``. Its BM25 neighbours and BPR (Rendle et al., "BPR: Bayesian personalized ranking from
implicit feedback", UAI 2009) are no part of the blend.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from recsys.candidates.matrix.recommender import Floats, Recommender, Users
from training.retrieval.space import Family


@dataclass(frozen=True)
class Bm25Config:
    """How neighbours are found.

    Parameters
    ----------
    neighbours : int
        How many count.
    k1, b : float
        Saturation, and how much the length of a history matters.
    """

    neighbours: int = 100
    k1: float = 1.2
    b: float = 0.75


class Bm25(Recommender):
    """As ``implicit.nearest_neighbours.BM25Recommender``."""

    name: ClassVar[str] = "implicit_bm25"

    def __init__(self, config: Bm25Config = Bm25Config()) -> None:
        self.config = config

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Find neighbours."""
        from implicit.nearest_neighbours import ItemItemRecommender, bm25_weight

        config = self.config
        model = ItemItemRecommender(K=config.neighbours)
        # BM25Recommender does the same, and warns of its own conversion.
        weighted = sparse.csr_matrix(bm25_weight(interactions, config.k1, config.b))
        model.fit(weighted, show_progress=False)
        self.interactions = weighted
        self.near_ = sparse.csr_matrix(model.similarity, dtype=np.float32)
        return self

    def scores(self, users: Users) -> Floats:
        """Sum over what each person has."""
        return np.asarray((self.interactions[users] @ self.near_).toarray(), dtype=np.float32)


@dataclass(frozen=True)
class BprConfig:
    """How pairs are learned from.

    Parameters
    ----------
    factors, iterations : int
        Length of the vectors; passes over the data.
    rate, regularization : float
        Of the gradient descent.
    """

    factors: int = 64
    iterations: int = 100
    rate: float = 0.05
    regularization: float = 0.01


class Bpr(Recommender):
    """``implicit.bpr.BayesianPersonalizedRanking``."""

    name: ClassVar[str] = "implicit_bpr"

    def __init__(self, config: BprConfig = BprConfig()) -> None:
        self.config = config

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Descend."""
        from implicit.bpr import BayesianPersonalizedRanking

        config = self.config
        model = BayesianPersonalizedRanking(
            factors=config.factors, iterations=config.iterations, learning_rate=config.rate,
            regularization=config.regularization, random_state=0,
        )  # fmt: skip
        model.fit(interactions, show_progress=False)
        self.interactions = interactions
        self.people_, self.items_ = model.user_factors, model.item_factors
        return self

    def scores(self, users: Users) -> Floats:
        """Inner products."""
        return np.asarray(self.people_[users] @ self.items_.T, dtype=np.float32)


PEERS = (
    Family(
        Bm25.name, Bm25, Bm25Config(),
        {
            "neighbours": (20, 50, 100, 200, 500), "b": (0.0, 0.25, 0.5, 0.75, 1.0),
            "k1": (0.3, 0.6, 1.2, 2.4, 5.0, 20.0, 100.0),
        },
    ),
    Family(
        Bpr.name, Bpr, BprConfig(),
        {
            "regularization": (0.001, 0.003, 0.01, 0.03, 0.1), "rate": (0.01, 0.02, 0.05, 0.1),
            "factors": (32, 64, 128, 256), "iterations": (50, 100, 200, 400),
        },
    ),
)  # fmt: skip
"""Families of peers."""
