"""Taste neighbours by implicit-feedback matrix factorisation.

Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008; fitted by
``implicit``. A person's vector is solved from the acts of the moment (the paper's equation 4), so
that somebody who came a minute ago, or bought a minute ago, has a vector too.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from threadpoolctl import threadpool_limits

from features.ids import mapped
from recsys.candidates.nearest import Nearest
from recsys.moment import Acts, Moment
from recsys.slate import Slate

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class AlsConfig:
    """How ALS is fitted.

    Parameters
    ----------
    factors : int
        Length of the vectors.
    iterations : int
        Sweeps over users and items.
    regularization : float
        Of both sides.
    alpha : float
        Confidence is 1 + alpha × log(1 + weight).
    half_life_days : float
        How fast an act loses its say when the person's vector is solved.
    """

    factors: int = 64
    iterations: int = 15
    regularization: float = 0.05
    alpha: float = 2.0
    half_life_days: float = 60.0


class Als:
    """ALS item vectors, and people's vectors solved on demand.

    Parameters
    ----------
    vectors : ndarray, float32, shape (items, factors)
        Zero rows belong to items nobody touched.
    config : AlsConfig
        As fitted.
    """

    name = "als"

    def __init__(
        self, vectors: Vectors, config: AlsConfig, nearest: Nearest | None = None,
        asked: Vectors | None = None,
    ) -> None:  # fmt: skip
        self.vectors = vectors
        self.config = config
        self.gram = vectors.T @ vectors
        self._asked = asked
        if nearest is not None:
            self.nearest = nearest

    @cached_property
    def nearest(self) -> Nearest:
        """The index of the item vectors, made when it is first wanted."""
        return Nearest.of(self.vectors, self._asked)

    @classmethod
    def fit(
        cls, interactions: sparse.csr_matrix, config: AlsConfig = AlsConfig(), seed: int = 0
    ) -> Self:
        """Factorise.

        Parameters
        ----------
        interactions : scipy.sparse.csr_matrix, shape (users, items)
            Positive weights of what people did; their sum where they did it several times.
        config : AlsConfig
            How.
        seed : int
            Of the starting vectors.
        """
        from implicit.als import AlternatingLeastSquares

        factors = min(config.factors, max(1, min(interactions.shape) - 1))
        confidence = sparse.csr_matrix(interactions, dtype=np.float32, copy=True)
        confidence.data = _confidence(confidence.data, config).astype(np.float32)
        with threadpool_limits(1, "blas"):  # implicit has threads of its own
            model = AlternatingLeastSquares(
                factors=factors,
                iterations=config.iterations,
                regularization=config.regularization,
                alpha=1.0,  # implicit takes the values for the whole confidence
                random_state=seed,
                num_threads=0,
            )
            model.fit(confidence, show_progress=False)
        vectors = np.ascontiguousarray(model.item_factors, dtype=np.float32)
        vectors[np.diff(interactions.tocsc().indptr) == 0] = 0.0
        return cls(vectors, config, asked=model.user_factors)

    def person(self, acts: Acts) -> Vectors:
        """Solve a person's vector from acts; float32, shape (factors,); zero without acts.

        Acts on one item add up; an item that was given back, on balance, says nothing.
        """
        items, place = np.unique(acts.codes, return_inverse=True)
        decayed = acts.weights * 2.0 ** (-acts.ages / self.config.half_life_days)
        weights = np.bincount(place, decayed, minlength=len(items))
        liked = weights > 0
        touched = np.asarray(self.vectors[items[liked]], dtype=np.float64)
        confidence = _confidence(weights[liked], self.config)
        left = self.gram + self.config.regularization * np.eye(len(self.gram))
        left = left + (touched * (confidence - 1.0)[:, None]).T @ touched
        return np.linalg.solve(left, touched.T @ confidence).astype(np.float32)

    def people(self, interactions: sparse.csr_matrix) -> Vectors:
        """Vectors of several people from what they did, undecayed; float32, (people, factors)."""
        found = np.zeros((interactions.shape[0], len(self.gram)), dtype=np.float32)
        left = self.gram + self.config.regularization * np.eye(len(self.gram))
        for row, (start, end) in enumerate(pairwise(interactions.indptr.tolist())):
            touched = self.vectors[interactions.indices[start:end]]
            confidence = _confidence(interactions.data[start:end], self.config)
            own = left + (touched.T * (confidence - 1.0)) @ touched
            found[row] = np.linalg.solve(own, touched.T @ confidence)
        return found

    def propose(self, moment: Moment, n: int) -> Slate:
        """Items nearest to the person; nothing for somebody without acts."""
        if not len(moment.acts.codes):
            return Slate.of([], [], self.name)
        codes, scores = self.nearest.search(self.person(moment.acts), n)
        return Slate.of(codes, scores, self.name)

    def save(self, folder: Path) -> None:
        """Write vectors and index."""
        np.save(folder / "als.items.npy", self.vectors)
        np.save(folder / "als.config.npy", np.array([
            self.config.factors, self.config.iterations, self.config.regularization,
            self.config.alpha, self.config.half_life_days,
        ]))  # fmt: skip
        self.nearest.save(folder / "als.faiss")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what ``save`` wrote."""
        numbers = np.load(folder / "als.config.npy").tolist()
        config = AlsConfig(int(numbers[0]), int(numbers[1]), *numbers[2:])
        vectors = mapped(folder / "als.items.npy")
        return cls(vectors, config, Nearest.open(folder / "als.faiss"))


def _confidence(weights: npt.ArrayLike, config: AlsConfig) -> npt.NDArray[np.float64]:
    """How sure it is that somebody likes what was done with this weight; 1: nothing was done."""
    return 1.0 + config.alpha * np.log1p(np.asarray(weights, dtype=np.float64))
