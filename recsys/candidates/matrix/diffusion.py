"""What friends have, and friends of friends: taste that flows along ties.

The social part of Ma et al., "Recommender systems with social regularization", WSDM 2011, taken to
its plainest: a mean over neighbours of one and two steps, with popular items held down.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from recsys.candidates.matrix.graph import around, scaled
from recsys.candidates.matrix.recommender import Floats, Recommender, Users


@dataclass(frozen=True)
class DiffusionConfig:
    """How far and how fairly taste flows.

    Parameters
    ----------
    hops : int
        1: friends; 2: friends of friends.
    popularity : float
        Items are divided by their interactions to this power.
    activity : float
        People are divided by their number of interactions to this power.
    """

    hops: int = 1
    popularity: float = 0.3
    activity: float = 0.5


class Diffusion(Recommender):
    """Items of people around."""

    name: ClassVar[str] = "friends_items"
    social: ClassVar[bool] = True
    free: ClassVar[tuple[str, ...]] = ("popularity", "activity")

    def __init__(self, config: DiffusionConfig = DiffusionConfig()) -> None:
        self.config = config

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Weigh people around each person."""
        self.interactions = interactions
        nobody = sparse.diags(np.zeros(interactions.shape[0], np.float32), format="csr")
        self.around_ = around(nobody if links is None else links, self.config.hops)
        self._settle()
        return self

    def _settle(self) -> None:
        self.items_ = scaled(self.interactions, self.config.activity, self.config.popularity)

    def scores(self, users: Users) -> Floats:
        """Sum over people around."""
        return np.asarray((self.around_[users] @ self.items_).toarray(), dtype=np.float32)
