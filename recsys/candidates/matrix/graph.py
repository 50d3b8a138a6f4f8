"""Degrees, scalings, truncation and products of interaction matrices and friend graphs."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.candidates.matrix.compiled import highest, top_rows

Floats = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]

THREADS = 2
"""Halves that a sparse product is computed in, side by side."""


def degrees(matrix: sparse.csr_matrix) -> tuple[Wide, Wide]:
    """Sums of rows and of columns; at least 1e-9, so that powers of them exist."""
    rows = np.asarray(matrix.sum(axis=1)).ravel().astype(np.float64)
    columns = np.asarray(matrix.sum(axis=0)).ravel().astype(np.float64)
    return np.maximum(rows, 1e-9), np.maximum(columns, 1e-9)


def scaled(matrix: sparse.csr_matrix, rows: float = 0.0, columns: float = 0.0) -> sparse.csr_matrix:
    """D_rows^-rows · M · D_columns^-columns; powers of ½ and ½ normalise symmetrically.

    Examples
    --------
    >>> two = sparse.csr_matrix(np.array([[1.0, 1.0], [0.0, 1.0]], dtype=np.float32))
    >>> scaled(two, rows=1.0).toarray().tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """
    left, right = degrees(matrix)
    found = sparse.diags(left**-rows) @ matrix @ sparse.diags(right**-columns)
    return sparse.csr_matrix(found, dtype=np.float32)


def around(links: sparse.csr_matrix, hops: int, most: int = 500) -> sparse.csr_matrix:
    """Share of each person's attention that others get after one or two steps; rows sum to 1.

    Parameters
    ----------
    links : scipy.sparse.csr_matrix, shape (users, users)
        Who knows whom.
    hops : int
        1: friends; 2: friends of friends who are no friends themselves.
    most : int
        People kept for each person at two steps, the strongest.
    """
    step = scaled(links, rows=1.0)
    if hops == 1:
        return step
    far = sparse.csr_matrix(step @ scaled(links, rows=0.5, columns=0.5))
    near = sparse.csr_matrix(links, dtype=np.float32, copy=True)
    near.data[:] = 1.0
    far = sparse.csr_matrix(far - far.multiply(near), dtype=np.float32)
    far.setdiag(0)
    far.eliminate_zeros()
    return scaled(top_rows(far, most), rows=1.0)


def top_dense(block: Floats, most: int) -> sparse.csr_matrix:
    """The ``most`` largest positive entries of every row of a dense block."""
    places = highest(np.ascontiguousarray(block), most, positive=True)
    kept = places >= 0
    rows = np.repeat(np.arange(len(block)), kept.sum(axis=1))
    ends = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    return sparse.csr_matrix((block[rows, places[kept]], places[kept], ends), shape=block.shape)


def times(left: sparse.csr_matrix, right: Floats) -> Floats:
    """Sparse × dense on two threads (SciPy's product lets go of the interpreter's lock).

    Parameters
    ----------
    left : scipy.sparse.csr_matrix, float32, shape (n, m)
    right : ndarray, float32, shape (m, k)

    Returns
    -------
    ndarray, float32, shape (n, k)
    """
    right = np.ascontiguousarray(right)
    if left.nnz * right.shape[1] < 1_000_000:
        return np.asarray(left @ right)
    cuts = np.searchsorted(left.indptr, np.arange(1, THREADS) * (left.nnz / THREADS))
    edges = [0, *cuts.tolist(), left.shape[0]]
    with ThreadPoolExecutor(THREADS) as pool:
        parts = pool.map(lambda one: left[one[0] : one[1]] @ right, pairwise(edges))
        return np.concatenate(list(parts))
