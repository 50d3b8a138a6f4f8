"""Graph filters: what a person touched, smoothed over the graph of people and items.

Shen et al., "How powerful is graph convolution for recommendation?", CIKM 2021 (GF-CF);
Kim et al., "Graph spectral filtering with Chebyshev interpolation for recommendation", SIGIR 2025
(ChebyCF). R̃ is the symmetrically normalised interaction matrix, V its leading right singular
vectors.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.candidates.matrix import spectrum
from recsys.candidates.matrix.graph import degrees, scaled, times, top_dense
from recsys.candidates.matrix.recommender import Floats, Recommender, Users

STEP = 1_000


@dataclass(frozen=True)
class GfCfConfig:
    """How it filters.

    Parameters
    ----------
    vectors : int
        Singular vectors of the ideal low-pass filter.
    low_pass : float
        Its weight beside the linear filter.
    """

    vectors: int = 256
    low_pass: float = 0.3


class GfCf(Recommender):
    """R R̃ᵀ R̃ + w · R D_I^-½ V Vᵀ D_I^½."""

    name: ClassVar[str] = "gf_cf"

    def __init__(self, config: GfCfConfig = GfCfConfig()) -> None:
        self.config = config

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Normalise, and find the singular vectors."""
        self.interactions = interactions
        self.normal_ = scaled(interactions, 0.5, 0.5)
        self.turned_ = sparse.csr_matrix(self.normal_.T)
        self.vectors_ = spectrum.leading(self.normal_, self.config.vectors).vectors
        self.root_ = np.sqrt(np.maximum(degrees(interactions)[1], 1.0)).astype(np.float32)
        return self

    def scores(self, users: Users) -> Floats:
        """Filtered interactions of some users."""
        return self._filtered(self.interactions[users])

    def item_item(self, top: int) -> sparse.csr_matrix:
        """The filter itself, truncated."""
        every = sparse.eye(self.interactions.shape[1], dtype=np.float32, format="csr")
        return _truncated(self._filtered, every, top)

    def _filtered(self, signal: sparse.csr_matrix) -> Floats:
        inner = times(self.normal_, np.asarray(signal.T.toarray(), dtype=np.float32))
        found = times(self.turned_, inner).T
        spread = sparse.csr_matrix(signal.multiply(1 / self.root_), dtype=np.float32)
        low = times(spread, self.vectors_) @ self.vectors_.T
        found += self.config.low_pass * low * self.root_
        return np.ascontiguousarray(found)


@dataclass(frozen=True)
class ChebyCfConfig:
    """How it filters.

    Parameters
    ----------
    order : int
        Degree of the polynomial.
    flatness : float
        φ of the plateau ½ ∓ ½|x|^φ that the polynomial follows.
    vectors : int
        η: singular vectors of the ideal low-pass filter.
    low_pass : float
        α, its weight.
    power : float
        β: items count by their interactions to the power of minus this, and are restored with it.
    """

    order: int = 8
    flatness: float = 1.5
    vectors: int = 512
    low_pass: float = 0.2
    power: float = 0.4


class ChebyCf(Recommender):
    """R D_I^-β [Σ c_k T_k(I − 2 R̃ᵀR̃) + α V Vᵀ] D_I^β."""

    name: ClassVar[str] = "cheby_cf"
    free: ClassVar[tuple[str, ...]] = ("order", "flatness", "low_pass", "power")

    def __init__(self, config: ChebyCfConfig = ChebyCfConfig()) -> None:
        self.config = config

    def fit(self, interactions: sparse.csr_matrix, links: sparse.csr_matrix | None = None) -> Self:
        """Normalise, interpolate the plateau, and find the singular vectors."""
        self.interactions = interactions
        self.normal_ = scaled(interactions, 0.5, 0.5)
        self.turned_ = sparse.csr_matrix(self.normal_.T)
        self.vectors_ = spectrum.leading(self.normal_, self.config.vectors).vectors
        self._settle()
        return self

    def _settle(self) -> None:
        self.coefficients_ = plateau(self.config.order, self.config.flatness)
        columns = np.maximum(degrees(self.interactions)[1], 1.0)
        self.weight_ = (columns**self.config.power).astype(np.float32)

    def scores(self, users: Users) -> Floats:
        """Filtered interactions of some users."""
        return self._filtered(self.interactions[users])

    def item_item(self, top: int) -> sparse.csr_matrix:
        """The filter itself, truncated."""
        every = sparse.eye(self.interactions.shape[1], dtype=np.float32, format="csr")
        return _truncated(self._filtered, every, top)

    def _filtered(self, signal: sparse.csr_matrix) -> Floats:
        spread = sparse.csr_matrix(signal.multiply(1 / self.weight_), dtype=np.float32)
        before = np.ascontiguousarray(spread.T.toarray(), dtype=np.float32)
        found = self.coefficients_[0] * before
        now = self._step(before)
        for coefficient in self.coefficients_[1:]:
            found += coefficient * now
            before, now = now, 2 * self._step(now) - before
        found += self.config.low_pass * (self.vectors_ @ times(spread, self.vectors_).T)
        return np.ascontiguousarray(found.T * self.weight_)

    def _step(self, signal: Floats) -> Floats:
        """(I − 2 R̃ᵀR̃) · signal."""
        return signal - 2 * times(self.turned_, times(self.normal_, signal))


def plateau(order: int, flatness: float) -> npt.NDArray[np.float32]:
    """Chebyshev coefficients of ½ − ½·sign(x)·|x|^φ, by interpolation; shape (order + 1,).

    Examples
    --------
    >>> plateau(1, 1.0).round(3).tolist()
    [0.5, -0.5]
    """
    angles = (np.arange(order + 1) + 0.5) * np.pi / (order + 1)
    x = np.cos(angles)
    wanted = 0.5 - 0.5 * np.sign(x) * np.abs(x) ** flatness
    found = 2 / (order + 1) * np.cos(np.arange(order + 1)[:, None] * angles) @ wanted
    found[0] /= 2
    return found.astype(np.float32)


def _truncated(filtered, every: sparse.csr_matrix, top: int) -> sparse.csr_matrix:  # type: ignore[no-untyped-def]
    strips = []
    for start in range(0, every.shape[0], STEP):
        strip = filtered(every[start : start + STEP])
        places = np.arange(len(strip))
        strip[places, start + places] = 0.0
        strips.append(top_dense(strip, top))
    return sparse.csr_matrix(sparse.vstack(strips), dtype=np.float32)
