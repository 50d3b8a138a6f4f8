"""Random walks over three edges, from a person to items of people with the same items.

Paudel et al., "Updatable, accurate, diverse, and scalable recommendations for interactive
applications", ACM TiiS 2017 (RP3β, weights truncated); Fu et al., "Revisiting neighborhood-based
link prediction for collaborative filtering", 2022 (LinkProp: every degree has its own exponent and
nothing is truncated).
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from recsys.candidates.matrix.compiled import top_products, top_rows
from recsys.candidates.matrix.graph import scaled, times, top_dense
from recsys.candidates.matrix.recommender import Floats, Recommender, Users

STEP = 2_000


@dataclass(frozen=True)
class Rp3BetaConfig:
    """How it walks.

    Parameters
    ----------
    alpha : float
        Transition probabilities to this power.
    beta : float
        Arrivals are divided by the item's interactions to this power.
    neighbours : int
        Weights kept for each item.
    """

    alpha: float = 1.0
    beta: float = 0.4
    neighbours: int = 200


class Rp3Beta(Recommender):
    """Item–item transition probabilities of three steps."""

    name: ClassVar[str] = "rp3_beta"

    def __init__(self, config: Rp3BetaConfig = Rp3BetaConfig()) -> None:
        self.config = config

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Walk from every item."""
        self.interactions = interactions
        turned = sparse.csr_matrix(interactions.T)
        home = _power(scaled(turned, rows=1.0), self.config.alpha)
        out = _power(scaled(interactions, rows=1.0), self.config.alpha)
        fair = scaled(interactions, columns=self.config.beta)
        out = sparse.csr_matrix(out.multiply(fair), dtype=np.float32)
        plain = np.ones(turned.shape[0])
        self.near_ = top_products(home, out, self.config.neighbours, plain, plain)
        return self

    def scores(self, users: Users) -> Floats:
        """Probability of arriving, up to a factor for each person."""
        return np.asarray((self.interactions[users] @ self.near_).toarray(), dtype=np.float32)

    def item_item(self, top: int) -> sparse.csr_matrix:
        """The strongest transitions."""
        return top_rows(self.near_, top)


@dataclass(frozen=True)
class LinkPropConfig:
    """Exponents of the degrees along the path person → item → person → item.

    Parameters
    ----------
    middle_item, middle_user, last_item : float
        Each visited node's interactions to the power of minus this.
    """

    middle_item: float = 0.5
    middle_user: float = 0.5
    last_item: float = 0.3


class LinkProp(Recommender):
    """X D_I^-a Xᵀ D_U^-b X D_I^-c, whole."""

    name: ClassVar[str] = "link_prop"

    def __init__(self, config: LinkPropConfig = LinkPropConfig()) -> None:
        self.config = config

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Scale the three edges."""
        config = self.config
        self.interactions = interactions
        self.first_ = scaled(interactions, columns=config.middle_item)
        self.middle_ = sparse.csr_matrix(interactions, dtype=np.float32)
        last = scaled(interactions, rows=config.middle_user, columns=config.last_item)
        self.last_ = sparse.csr_matrix(last.T)
        return self

    def scores(self, users: Users) -> Floats:
        """Weight of all paths to each item."""
        return self._paths(self.first_[users])

    def item_item(self, top: int) -> sparse.csr_matrix:
        """Weights of all paths from each item, truncated."""
        every = sparse.diags(_scale(self.first_), format="csr", dtype=np.float32)
        strips = []
        for start in range(0, every.shape[0], STEP):
            strip = self._paths(sparse.csr_matrix(every[start : start + STEP]))
            places = np.arange(len(strip))
            strip[places, start + places] = 0.0
            strips.append(top_dense(strip, top))
        return sparse.csr_matrix(sparse.vstack(strips), dtype=np.float32)

    def _paths(self, start: sparse.csr_matrix) -> Floats:
        people = times(self.middle_, np.asarray(start.T.toarray(), dtype=np.float32))
        return np.ascontiguousarray(times(self.last_, people).T)


def _scale(matrix: sparse.csr_matrix) -> Floats:
    """The one value that each column's entries have; 0 where it has none."""
    found = np.zeros(matrix.shape[1], dtype=np.float32)
    found[matrix.indices] = matrix.data
    return found


def _power(matrix: sparse.csr_matrix, exponent: float) -> sparse.csr_matrix:
    matrix.data **= exponent
    return matrix
