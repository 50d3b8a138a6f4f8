"""How many people did something with an item: what everything must beat."""

from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from recsys.candidates.matrix.graph import degrees
from recsys.candidates.matrix.recommender import Floats, Recommender, Users


class Popularity(Recommender):
    """The same for everybody."""

    name: ClassVar[str] = "popularity"

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Count."""
        self.interactions = interactions
        self.counts_ = degrees(interactions)[1].astype(np.float32)
        return self

    def scores(self, users: Users) -> Floats:
        """The counts."""
        return np.tile(self.counts_, (len(users), 1))
