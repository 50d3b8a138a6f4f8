"""Closed-form item–item regression, with the friend graph inside, in the smaller of two spaces.

Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019 (EASE); Steck, "Autoencoders
that don't overfit towards the identity", NeurIPS 2020 (EDLAE: ``dropout``). By the push-through
identity the inverse may be taken over users instead of items with exactly the same scores: for
``K = (Z Λ⁻¹ Zᵀ + I)⁻¹`` the prediction is ``Y − K Y · h``, ``1/h_j = 1 − z_jᵀ K z_j / Λ_j``.
Friends enter as columns of their own (``Z = [Y | √social · links]``), which costs nothing there,
and as a share of their taste in a person's own (``taste``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.candidates.matrix import inverse
from recsys.candidates.matrix.compiled import top_rows
from recsys.candidates.matrix.graph import around, degrees, scaled, times, top_dense
from recsys.candidates.matrix.recommender import Floats, Recommender, Users

STEP = 1_000
"""Rows or columns of a dense intermediate held at once."""


@dataclass(frozen=True)
class EaseConfig:
    """How it regresses.

    Parameters
    ----------
    l2 : float
        Ridge penalty λ of every weight.
    dropout : float
        Penalty in proportion to an item's interactions; EDLAE's p / (1 − p).
    user_power : float
        People count by their number of interactions to the power of minus twice this.
    popularity : float
        Scores are multiplied by an item's interactions to this power.
    social : float
        Weight of friends as columns; 0 leaves them out.
    taste : float
        How much of the mean taste of friends is added to a person's own.
    neighbours : int
        Items that foretell each item, those of the largest positive weights; 0 leaves all. Weak
        weights are many, and mostly noise: their sum may drown what is known.
    reach : int
        Items that each item may then foretell, likewise; 0 leaves all.
    """

    l2: float = 100.0
    dropout: float = 0.5
    user_power: float = 0.0
    popularity: float = 0.0
    social: float = 0.0
    taste: float = 0.0
    neighbours: int = 0
    reach: int = 0


class Ease(Recommender):
    """Closed-form linear autoencoder.

    Parameters
    ----------
    config : EaseConfig
        How it regresses.
    """

    name: ClassVar[str] = "ease"
    social: ClassVar[bool] = True
    free: ClassVar[tuple[str, ...]] = ("popularity", "taste", "neighbours", "reach")

    def __init__(self, config: EaseConfig = EaseConfig()) -> None:
        self.config = config

    @staticmethod
    def size(users: int, items: int, *, social: bool = False) -> int:
        """Rows of the matrix that would be inverted."""
        return users if social else min(users, items)

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Regress every item on the others.

        Raises
        ------
        InputError
            Before starting, when the matrix to be inverted does not fit.
        """
        config = self.config
        links = None if links is None or not links.nnz else links
        social = links is not None and config.social > 0
        inverse.refuse(
            self.size(*interactions.shape, social=social), "SparseEase (a sparse inverse) or Als"
        )
        self.interactions, self.links = interactions, links
        self.items_ = interactions.shape[1]
        self.weights_: Floats | None = None
        self.strongest_: dict[int, sparse.csr_matrix] = {}
        rows = degrees(interactions)[0]
        self.inputs_ = scaled(interactions, rows=config.user_power)
        usual = np.log(rows).mean() if len(rows) else 0.0
        self.inputs_.data *= np.float32(np.exp(config.user_power * usual))
        wide = self.inputs_
        if social:
            wide = sparse.csr_matrix(
                sparse.hstack([wide, np.sqrt(config.social) * links]), dtype=np.float32
            )
        penalty = config.l2 + config.dropout * np.asarray(wide.multiply(wide).sum(axis=0)).ravel()
        if wide.shape[0] <= wide.shape[1]:
            self._fit_users(wide, penalty)
        else:
            self._fit_items(penalty)
        self._settle()
        return self

    def _settle(self) -> None:
        config = self.config
        columns = np.maximum(degrees(self.interactions)[1], 1.0)
        self.lift_ = (columns**config.popularity).astype(np.float32)
        links = self.links if config.taste > 0 else None
        self.around_ = None if links is None else around(links, 1)
        self.near_ = self._near(config.neighbours) if config.neighbours else None
        if self.weights_ is None:
            turned = sparse.diags(-self.left_out_ * self.lift_) @ self.inputs_.T
            self.turned_ = sparse.csr_matrix(turned, dtype=np.float32)

    def _fit_users(self, wide: sparse.csr_matrix, penalty: npt.NDArray[np.float64]) -> None:
        shrunk = sparse.csr_matrix(wide @ sparse.diags(penalty**-0.5), dtype=np.float32)
        self.kernel_ = inverse.invert(_gram(shrunk, np.ones(wide.shape[0])))
        self.penalty_ = penalty
        self.shrunk_ = sparse.csr_matrix(shrunk.T)
        own, turned = shrunk[:, : self.items_], self.shrunk_[: self.items_]
        held = np.zeros(self.items_)
        for start in range(0, len(self.kernel_), STEP):
            strip = times(turned, self.kernel_[:, start : start + STEP])
            part = own[start : start + STEP].tocoo()
            held += np.bincount(part.col, strip[part.col, part.row] * part.data, self.items_)
        self.left_out_ = (1.0 / np.maximum(1.0 - held, 1e-6)).astype(np.float32)

    def _fit_items(self, penalty: npt.NDArray[np.float64]) -> None:
        turned = sparse.csr_matrix(self.inputs_.T)
        weights = inverse.invert(_gram(turned, penalty))
        weights /= -np.diag(weights).copy()
        np.fill_diagonal(weights, 0.0)
        self.weights_ = weights

    def scores(self, users: Users) -> Floats:
        """Leave-one-out prediction of every item for some users."""
        mine = self._mixed(users)
        if self.near_ is not None:
            if self.links is not None and self.near_.shape[0] > self.items_:
                friends = np.sqrt(self.config.social) * self.links[users]
                mine = sparse.csr_matrix(sparse.hstack([mine, friends]), dtype=np.float32)
            return np.asarray((mine @ self.near_).toarray(), dtype=np.float32)
        if self.weights_ is not None:
            found = times(mine, self.weights_)
            found *= self.lift_
            return found
        kernel = self.kernel_[users]
        if self.around_ is not None:
            kernel += self.config.taste * times(self.around_[users], self.kernel_)
        found = np.ascontiguousarray(times(self.turned_, kernel.T).T)
        people = np.repeat(np.arange(len(users)), np.diff(mine.indptr))
        found[people, mine.indices] += mine.data * self.lift_[mine.indices]
        return found

    def _mixed(self, users: Users) -> sparse.csr_matrix:
        mine = self.inputs_[users]
        if self.around_ is not None:
            mine = mine + self.config.taste * (self.around_[users] @ self.inputs_)
        return sparse.csr_matrix(mine, dtype=np.float32)

    def item_item(self, top: int) -> sparse.csr_matrix:
        """The strongest positive weights on every item, as many as the configuration leaves."""
        return top_rows(self._near(min(self.config.neighbours or top, top))[: self.items_], top)

    def _near(self, most: int) -> sparse.csr_matrix:
        """What foretells each item in its column, items and then friends, cut by columns first."""
        widest = max([most, *self.strongest_])
        if widest not in self.strongest_:
            strips = self._strips() if self.weights_ is None else self._columns(self.weights_)
            found = sparse.vstack([top_dense(one, widest) for one in strips])
            self.strongest_[widest] = sparse.csr_matrix(found, dtype=np.float32)
        turned = sparse.diags(self.lift_) @ top_rows(self.strongest_[widest], most)
        near = sparse.csr_matrix(turned.T, dtype=np.float32)
        return top_rows(near, self.config.reach) if self.config.reach else near

    def _columns(self, weights: Floats) -> Iterator[Floats]:
        for start in range(0, self.items_, STEP):
            yield np.ascontiguousarray(weights[:, start : start + STEP].T)

    def _strips(self) -> Iterator[Floats]:
        """Weights of items and friends on some items, shape (some, all), from people's kernel."""
        loud = np.sqrt(self.penalty_)
        every = sparse.csr_matrix(sparse.diags(1 / loud) @ self.shrunk_, dtype=np.float32)
        own = sparse.diags(loud[: self.items_] * self.left_out_) @ self.shrunk_[: self.items_]
        some = sparse.csr_matrix(own, dtype=np.float32)
        for start in range(0, self.items_, STEP):
            strip = times(every, times(some[start : start + STEP], self.kernel_).T)
            places = np.arange(strip.shape[1])
            strip[start + places, places] = 0.0
            yield np.ascontiguousarray(strip.T)


def _gram(matrix: sparse.csr_matrix, diagonal: npt.NDArray[np.float64]) -> Floats:
    """M Mᵀ + diag, dense, by strips so that no sparse product of that size exists."""
    turned = sparse.csr_matrix(matrix.T)
    size = matrix.shape[0]
    found = np.empty((size, size), dtype=np.float32)
    for start in range(0, size, STEP):
        found[start : start + STEP] = (matrix[start : start + STEP] @ turned).toarray()
    found[np.arange(size), np.arange(size)] += diagonal.astype(np.float32)
    return found
