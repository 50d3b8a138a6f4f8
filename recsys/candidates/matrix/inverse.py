"""The inverse of a large symmetric positive definite matrix, in place and in single precision.

The symmetric sweep operator (Goodnight, "A tutorial on the SWEEP operator", The American
Statistician 1979) by blocks: all the work is in products of matrices, half of each is spared by
symmetry, and beside the matrix itself only two strips of it are held. LAPACK's Cholesky crashes on
two threads from about 30,000 rows with the OpenBLAS of NumPy 2.4; this does not call it.
"""

import os
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from features.errors import InputError

Floats = npt.NDArray[np.float32]

STRIP = 1_024
"""Rows eliminated at once."""

LARGEST = 36_000
"""Rows above which an inverse takes longer than a search can afford: 5.2 GB, six minutes on two
cores."""


def invert(matrix: Floats) -> Floats:
    """Invert in place.

    Parameters
    ----------
    matrix : ndarray, float32, shape (n, n), C-contiguous
        Symmetric positive definite; only the lower triangle is read. Overwritten.

    Returns
    -------
    ndarray, float32, shape (n, n)
        The same memory.

    Examples
    --------
    >>> invert(np.array([[4.0, 2.0], [2.0, 2.0]], dtype=np.float32)).tolist()
    [[0.5, -0.5], [-0.5, 1.0]]
    """
    size = len(matrix)
    edges = [*range(0, size, STRIP), size]
    panel = np.empty((size, STRIP), dtype=np.float32)
    for start, end in pairwise(edges):
        strip = panel[:, : end - start]
        strip[start:] = matrix[start:, start:end]
        strip[:start] = matrix[start:end, :start].T
        pivot = _pivot(strip[start:end])
        change = strip @ pivot
        for low, high in pairwise(edges):
            matrix[low:high, :high] -= change[low:high] @ strip[:high].T
        matrix[start:, start:end] = change[start:]
        matrix[start:end, :start] = change[:start].T
        matrix[start:end, start:end] = -pivot
    for low, high in pairwise(edges):
        matrix[low:high, :high] *= -1
        square = np.tril(matrix[low:high, low:high])
        matrix[low:high, low:high] = square + np.tril(square, -1).T
        matrix[:low, low:high] = matrix[low:high, :low].T
    return matrix


def _pivot(block: Floats) -> Floats:
    whole = np.tril(block).astype(np.float64)
    return np.asarray(np.linalg.inv(whole + np.tril(whole, -1).T), dtype=np.float32)


def gigabytes(size: int) -> float:
    """Memory of a square float32 matrix with ``size`` rows, and of the strips beside it."""
    return size * (size + 2 * STRIP) * 4 / 2**30


def fits(size: int) -> bool:
    """Whether such a matrix may be inverted here: in half of the memory, and in a few minutes."""
    return size <= LARGEST and gigabytes(size) <= _memory_gb() / 2


def refuse(size: int, instead: str) -> None:
    """Say before starting that a matrix cannot be inverted here.

    Raises
    ------
    InputError
        With its size, and what to use instead.
    """
    if not fits(size):
        most = min(LARGEST, int(np.sqrt(_memory_gb() / 2 * 2**28)))
        raise InputError(
            f"a matrix of {size:,} × {size:,} is too large to be inverted here",
            expected=f"at most {most:,} rows on {_memory_gb():.0f} GB",
            got=f"{gigabytes(size):.1f} GB",
            next_step=f"use {instead}",
        )


def _memory_gb() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
