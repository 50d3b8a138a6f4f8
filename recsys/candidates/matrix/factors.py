"""ALS as a model of a whole matrix.

Rendle et al., "Revisiting the performance of iALS on item recommendation benchmarks", RecSys 2022.
"""

from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from recsys.candidates.als import Als, AlsConfig
from recsys.candidates.matrix.recommender import Floats, Recommender, Users


class Factors(Recommender):
    """Inner products of ALS vectors.

    Parameters
    ----------
    config : AlsConfig
        Length, penalty and confidence.
    """

    name: ClassVar[str] = "als"

    def __init__(self, config: AlsConfig | None = None) -> None:
        self.config = config or AlsConfig()

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Factorise."""
        self.interactions = interactions
        self.als_ = Als.fit(interactions, self.config)
        return self

    def scores(self, users: Users) -> Floats:
        """Inner products."""
        people = self.als_.people(self.interactions[users])
        return np.asarray(people @ self.als_.vectors.T, dtype=np.float32)
