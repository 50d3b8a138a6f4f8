"""Leading singular vectors of a sparse matrix.

Halko, Martinsson, Tropp, "Finding structure with randomness", SIAM Review 2011, algorithm 4.4.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.candidates.matrix.graph import times

Floats = npt.NDArray[np.float32]

BEYOND = 40
"""Directions carried beside those wanted."""

SWEEPS = 4
"""Passes over the matrix and its transpose."""


class Spectrum(NamedTuple):
    """Right singular vectors as columns, float32 (items, k), and singular values, descending."""

    vectors: Floats
    values: Floats


def leading(matrix: sparse.csr_matrix, count: int, seed: int = 0) -> Spectrum:
    """The ``count`` leading right singular vectors and values; fewer where there are fewer.

    Examples
    --------
    >>> leading(sparse.csr_matrix(np.diag([3.0, 1.0]).astype(np.float32)), 1).values.round(3)
    array([3.], dtype=float32)
    """
    count = min(count, *matrix.shape)
    width = min(count + BEYOND, *matrix.shape)
    turned = sparse.csr_matrix(matrix.T)
    rng = np.random.default_rng(seed)
    basis = rng.standard_normal((matrix.shape[1], width), dtype=np.float32)
    for _ in range(SWEEPS):
        basis = _orthonormal(times(turned, times(matrix, basis)))
    seen = times(matrix, basis)
    values, turn = np.linalg.eigh(seen.T.astype(np.float64) @ seen)
    order = np.argsort(-values)[:count]
    vectors = basis @ turn[:, order].astype(np.float32)
    return Spectrum(vectors, np.sqrt(np.maximum(values[order], 0.0)).astype(np.float32))


def _orthonormal(basis: Floats) -> Floats:
    found, _ = np.linalg.qr(basis)
    return np.asarray(found, dtype=np.float32)
