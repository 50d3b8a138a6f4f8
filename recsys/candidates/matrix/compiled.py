"""Compiled passes over rows: the strongest of each, of products too, and small regressions.

A product of two sparse matrices is never held whole: each of its rows is summed in one dense line
and cut to its strongest entries at once (Gustavson, "Two fast algorithms for sparse matrices", ACM
TOMS 1978), so that memory grows with what is kept. Rows are shared out to threads, which changes
nothing in them.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from threadpoolctl import threadpool_limits

from features.scans import compiled

Floats = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Starts = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

THREADS = 2
"""Parts that are worked on side by side."""

STEP = 2_000
"""Rows of a part at most: what is kept of them is copied once."""

PROBED = 1_000
"""Entries of a long row that say about where its highest begin."""

MOST = 400
"""Neighbours of an item that is everybody's: the strongest are regressed on."""

Part = tuple[Array, Array, Array]
"""Sizes of rows, columns, values."""


def top_rows(matrix: sparse.csr_matrix, most: int) -> sparse.csr_matrix:
    """The ``most`` largest entries of every row; the first of equal ones.

    Examples
    --------
    >>> top_rows(sparse.csr_matrix([[3.0, 1.0, 2.0], [0.0, 5.0, 0.0]]), 2).toarray().tolist()
    [[3.0, 0.0, 2.0], [0.0, 5.0, 0.0]]
    """
    matrix = sparse.csr_matrix(matrix)
    sizes = np.diff(matrix.indptr)
    if not len(sizes) or sizes.max() <= most:
        return matrix
    starts = matrix.indptr.astype(np.int64)
    kept = _kept(starts, matrix.data, most)
    ends = np.concatenate([[0], np.cumsum(np.minimum(sizes, most))])
    return sparse.csr_matrix((matrix.data[kept], matrix.indices[kept], ends), shape=matrix.shape)


def top_products(
    left: sparse.csr_matrix, right: sparse.csr_matrix, most: int, rows: Wide, columns: Wide,
    shrink: float = 0.0,
) -> sparse.csr_matrix:  # fmt: skip
    """The largest positive entries of every row of ``left @ right`` / (rows × columns + shrink).

    Parameters
    ----------
    left, right : scipy.sparse.csr_matrix, float32, shapes (items, people) and (people, items)
        Factors.
    most : int
        Entries kept of every row; the diagonal is left out.
    rows, columns : ndarray, float64, shape (items,)
        Positive.
    shrink : float
        Added to the products of both.

    Returns
    -------
    scipy.sparse.csr_matrix, float32, shape (items, items)
        Columns ascend.

    Examples
    --------
    >>> one = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 1]], dtype=np.float32))
    >>> top_products(one.T.tocsr(), one, 1, np.ones(3), np.array([1.0, 1.0, 2.0])).toarray()
    array([[0., 2., 0.],
           [2., 0., 0.],
           [1., 0., 0.]], dtype=float32)
    """
    turned = _plain(left)
    other = _plain(right)
    cost = np.diff(other[0])[turned[1]] if len(turned[1]) else np.zeros(0, dtype=np.int64)
    work = np.concatenate([[0], np.cumsum(cost)])[turned[0]]
    parts = _shared(
        lambda start, end: _products(
            start, end, *turned, *other, rows, columns, np.float64(shrink), most
        ),
        _cut(work),
    )
    return _joined(parts, (left.shape[0], right.shape[1]))


def highest(block: Floats, most: int, *, positive: bool = False) -> npt.NDArray[np.int32]:
    """Places of the ``most`` highest entries of every row; the first of equal ones.

    Parameters
    ----------
    block : ndarray, float32, shape (rows, width)
        Entries that are 0 or not finite are none.
    most : int
        Places of a row.
    positive : bool
        Whether negative entries are none either.

    Returns
    -------
    ndarray, int32, shape (rows, most)
        Ascending in a row, padded with −1 at its end.

    Examples
    --------
    >>> block = np.array([[0.5, 0.0, 0.7, -1.0], [np.inf, -2.0, np.nan, 0.0]], dtype=np.float32)
    >>> highest(block, 3).tolist(), highest(block, 1, positive=True).tolist()
    ([[0, 2, 3], [1, -1, -1]], [[2], [-1]])
    """
    found = np.full((len(block), most), -1, dtype=np.int32)
    edges = np.linspace(0, len(block), THREADS + 1).astype(np.int64).tolist()
    with ThreadPoolExecutor(THREADS) as pool:
        list(
            pool.map(lambda one: _highest(block, one[0], one[1], positive, found), pairwise(edges))
        )
    return found


def regressed(gram: sparse.csr_matrix, penalty: Wide) -> sparse.csr_matrix:
    """Weights −P_ij / P_jj, column by column on the neighbours of j; the rest of G counts as 0.

    Parameters
    ----------
    gram : scipy.sparse.csr_matrix, shape (items, items)
        Co-occurrences, symmetric.
    penalty : ndarray, float64, shape (items,)
        Added to the diagonal.

    Returns
    -------
    scipy.sparse.csr_matrix, float32, shape (items, items)
        Column j holds what foretells j.
    """
    gram = sparse.csr_matrix(gram, dtype=np.float64)
    gram.sort_indices()
    starts, columns = gram.indptr.astype(np.int64), gram.indices.astype(np.int32)
    diagonal = gram.diagonal()
    with threadpool_limits(1, "blas"):
        parts = _shared(
            lambda start, end: _regressions(
                start, end, starts, columns, gram.data, diagonal, penalty, MOST
            ),
            _cut(starts),
        )
    return sparse.csr_matrix(_joined(parts, gram.shape).T)


def _plain(matrix: sparse.csr_matrix) -> tuple[Starts, Array, Floats]:
    found = sparse.csr_matrix(matrix, dtype=np.float32)
    return found.indptr.astype(np.int64), found.indices.astype(np.int32), found.data


def _cut(work: Array) -> list[tuple[int, int]]:
    """Spans of rows with alike work, at most ``STEP`` rows each; ``work`` is cumulative."""
    size = len(work) - 1
    parts = max(THREADS * 4, -(-size // STEP))
    even = np.searchsorted(work, np.linspace(0, work[-1], parts + 1)[1:-1])
    edges = np.unique(np.concatenate([[0, size], even, np.arange(0, size, STEP)]))
    return list(pairwise(edges.astype(np.int64).tolist()))


def _shared(work: Callable[[int, int], Part], spans: list[tuple[int, int]]) -> list[Part]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda span: work(*span), spans))


def _joined(parts: list[Part], shape: tuple[int, int]) -> sparse.csr_matrix:
    nothing = (np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
    sizes, columns, values = (np.concatenate(one) for one in zip(nothing, *parts, strict=True))
    ends = np.concatenate([[0], np.cumsum(sizes)])
    found = sparse.csr_matrix((values, columns, ends), shape=shape)
    found.sort_indices()
    return found


@compiled
def _least(values: Array, most: int) -> tuple[float, int]:
    """The smallest of the ``most`` largest values, and how often it is one of them.

    Hoare, "Algorithm 65: find", Communications of the ACM 1961.
    """
    if len(values) <= most:
        return -np.inf, 0
    mixed = values.copy()
    low, high, wanted = 0, len(mixed) - 1, most - 1
    while low < high:
        pivot = mixed[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while mixed[i] > pivot:
                i += 1
            while mixed[j] < pivot:
                j -= 1
            if i <= j:
                mixed[i], mixed[j] = mixed[j], mixed[i]
                i += 1
                j -= 1
        if wanted <= j:
            high = j
        elif wanted >= i:
            low = i
        else:
            break
    equal = 0
    for place in range(most):
        if mixed[place] == mixed[wanted]:
            equal += 1
    return mixed[wanted], equal


@compiled
def _kept(starts: Starts, data: Array, most: int) -> Starts:
    """Places of the largest entries of every row, ascending."""
    found = np.empty(len(data), dtype=np.int64)
    filled = 0
    for row in range(len(starts) - 1):
        least, equal = _least(data[starts[row] : starts[row + 1]], most)
        for place in range(starts[row], starts[row + 1]):
            if data[place] > least or (data[place] == least and equal > 0):
                equal -= data[place] == least
                found[filled] = place
                filled += 1
    return found[:filled]


@compiled
def _collected(line: Floats, least: float, positive: bool, places: Array, values: Array) -> int:
    """Entries of at least so much, and where they are; how many."""
    count = 0
    for place in range(len(line)):
        value = line[place]
        if value >= least and value != 0 and value < np.inf and (value > 0 or not positive):
            places[count], values[count] = place, value
            count += 1
    return count


@compiled
def _highest(block: Floats, start: int, end: int, positive: bool, found: Array) -> None:
    """Fill some rows of ``found``. Part of a row says from where on it is worth looking."""
    width, most = block.shape[1], found.shape[1]
    step = max(width // PROBED, 1)
    probe = np.empty(-(-width // step), dtype=np.float32)
    places, values = np.empty(width, dtype=np.int32), np.empty(width, dtype=np.float32)
    lowest = -3.4028234663852886e38
    wanted = 2 * most // step + 8
    for row in range(start, end):
        line = block[row]
        bound = lowest
        if step > 1:
            probe[:] = line[::step]
            for i in range(len(probe)):
                if not lowest <= probe[i] < np.inf:
                    probe[i] = lowest
            bound = max(_least(probe, wanted)[0], lowest)
        count = _collected(line, bound, positive, places, values)
        if count < most and bound > lowest:
            count = _collected(line, lowest, positive, places, values)
        least, equal = _least(values[:count], most)
        filled = 0
        for i in range(count):
            if values[i] > least or (values[i] == least and equal > 0):
                equal -= values[i] == least
                found[row, filled] = places[i]
                filled += 1


@compiled
def _products(
    start: int, end: int, left_starts: Starts, left_columns: Array, left_data: Floats,
    right_starts: Starts, right_columns: Array, right_data: Floats, rows: Wide, columns: Wide,
    shrink: float, most: int,
) -> Part:  # fmt: skip
    """Sizes, columns and values of some rows."""
    width = len(columns)
    line, there = np.zeros(width, dtype=np.float32), np.zeros(width, dtype=np.bool_)
    touched, worth = np.empty(width, dtype=np.int32), np.empty(width)
    sizes = np.zeros(end - start, dtype=np.int64)
    kept = np.empty((end - start) * min(most, width), dtype=np.int32)
    said = np.empty(len(kept), dtype=np.float32)
    filled = 0
    for row in range(start, end):
        count = 0
        for place in range(left_starts[row], left_starts[row + 1]):
            middle, weight = left_columns[place], left_data[place]
            for other in range(right_starts[middle], right_starts[middle + 1]):
                column = right_columns[other]
                if not there[column]:
                    there[column] = True
                    touched[count] = column
                    count += 1
                line[column] += weight * right_data[other]
        alive = 0
        for i in range(count):
            column = touched[i]
            value = line[column] / (rows[row] * columns[column] + shrink)
            line[column], there[column] = 0.0, False
            if value > 0 and column != row:
                touched[alive], worth[alive] = column, value
                alive += 1
        before = filled
        least, equal = _least(worth[:alive], most)
        for i in range(alive):
            if worth[i] > least or (worth[i] == least and equal > 0):
                equal -= worth[i] == least
                kept[filled], said[filled] = touched[i], worth[i]
                filled += 1
        sizes[row - start] = filled - before
    return sizes, kept[:filled].copy(), said[:filled].copy()


@compiled
def _regressions(
    start: int, end: int, starts: Starts, columns: Array, data: Wide, diagonal: Wide,
    penalty: Wide, most: int,
) -> Part:  # fmt: skip
    """Sizes, columns and values of some columns of the weights, as rows."""
    inner = np.full(len(diagonal), -1, dtype=np.int64)
    near, strength = np.empty(len(diagonal), dtype=np.int64), np.empty(len(diagonal))
    sizes = np.zeros(end - start, dtype=np.int64)
    bound = starts[end] - starts[start]
    kept, said = np.empty(bound, dtype=np.int32), np.empty(bound, dtype=np.float32)
    filled = 0
    for item in range(start, end):
        span = slice(starts[item], starts[item + 1])
        close = data[span] / np.sqrt(diagonal[columns[span]])
        close[columns[span] == item] = -1.0
        least, equal = _least(close, most)
        size = 0
        for i in range(len(close)):
            if close[i] > max(least, -1.0) or (close[i] == least and equal > 0):
                equal -= close[i] == least
                near[size], strength[size] = columns[span.start + i], data[span.start + i]
                size += 1
        if not size:
            continue
        for i in range(size):
            inner[near[i]] = i
        left = np.zeros((size, size))
        for i in range(size):
            for place in range(starts[near[i]], starts[near[i] + 1]):
                if inner[columns[place]] >= 0:
                    left[i, inner[columns[place]]] = data[place]
            left[i, i] += penalty[near[i]]
        for i in range(size):
            inner[near[i]] = -1
        weights = np.linalg.solve(left, strength[:size])
        for i in range(size):
            kept[filled], said[filled] = near[i], weights[i]
            filled += 1
        sizes[item - start] = size
    return sizes, kept[:filled].copy(), said[:filled].copy()
