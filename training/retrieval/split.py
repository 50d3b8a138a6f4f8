"""Interactions in Parquet files, and the matrices that models learn from."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy import sparse

from features.errors import InputError
from training.metrics import Relevant

log = logging.getLogger(__name__)

VALID_SHARE = 0.1
"""Part of a person's interactions that validation takes where no file brings its own."""


@dataclass(frozen=True)
class Split:
    """What is known, what chooses, and what tests.

    Parameters
    ----------
    train, test : scipy.sparse.csr_matrix, float32, shape (users, items)
        1 where somebody did something; nothing of train is in test.
    valid : scipy.sparse.csr_matrix, optional
        As the file said; None where it is to be cut from train.
    links : scipy.sparse.csr_matrix, optional
        Shape (users, users), symmetric: 1 where two people know each other, more where one's
        taste was seen to reach the other.
    """

    train: sparse.csr_matrix
    test: sparse.csr_matrix
    valid: sparse.csr_matrix | None = None
    links: sparse.csr_matrix | None = None

    def choosing(self, rng: np.random.Generator) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """What to fit on while choosing, and what chooses."""
        if self.valid is not None:
            return self.train, self.valid
        return cut(self.train, VALID_SHARE, rng)


def read(
    train: Path,
    test: Path,
    valid: Path | None = None,
    links: Path | None = None,
    influence: Path | None = None,
) -> Split:
    """Read files of ``user, item``, of ``user, friend`` and of ``user, friend, item``.

    Ids may be of any type. A pair that comes twice counts once; what is in train is no test; people
    and items of the test that train does not know are kept, as nobody will find them; links to
    people without any interaction, and to oneself, are left out.

    Raises
    ------
    InputError
        When a file is missing, unreadable, has no such columns, or holds no row.
    """
    tables = {name: _table(path, "user", "item") for name, path in _given(train, test, valid)}
    users = _numbered([table["user"] for table in tables.values()])
    items = _numbered([table["item"] for table in tables.values()])
    shape = (len(users), len(items))
    found = {
        name: _matrix(_places(table["user"], users), _places(table["item"], items), shape)
        for name, table in tables.items()
    }
    for name in found.keys() - {"train"}:
        found[name] = _without(found[name], found["train"])
    if not found["test"].nnz:
        raise InputError(
            "nothing to test on",
            expected="test pairs that train does not have",
            got=f"{tables['test'].num_rows} rows, all in train",
            next_step="give another --test",
        )
    split = Split(found["train"], found["test"], found.get("valid"))
    if links is None:
        return split
    return replace(split, links=_links(links, influence, users))


def _given(*paths: Path | None) -> list[tuple[str, Path]]:
    named = zip(("train", "test", "valid"), paths, strict=True)
    return [(name, path) for name, path in named if path is not None]


def _table(path: Path, *columns: str) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(
            f"{path} cannot be read", expected="a Parquet file", got=str(error).split("\n")[0]
        ) from error
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise InputError(
            f"{path} lacks {', '.join(missing)}",
            expected=f"columns {', '.join(columns)}",
            got=f"columns {', '.join(table.column_names) or 'none'}",
            next_step="rename the columns",
        )
    table = table.select(list(columns))
    whole = table.filter(pc.and_(pc.is_valid(table[0]), pc.is_valid(table[1])))
    if whole.num_rows < table.num_rows:
        log.warning("%s: %d rows without an id left out", path, table.num_rows - whole.num_rows)
    if not whole.num_rows:
        raise InputError(f"{path} is empty", expected="at least one row", got="none")
    arrays = [column.cast(pa.string()).combine_chunks() for column in whole.columns]
    return pa.table(arrays, names=list(columns))


def _numbered(columns: list[pa.ChunkedArray]) -> pa.Array:
    """Every id, sorted."""
    every = pa.chunked_array([chunk for column in columns for chunk in column.chunks])
    return pc.unique(every).sort()


def _places(column: pa.ChunkedArray, ids: pa.Array) -> npt.NDArray[np.int64]:
    """Number of each id; −1 where it is not among them."""
    found = pc.fill_null(pc.index_in(column, ids), -1)
    return np.asarray(found.to_numpy(), dtype=np.int64)


def _matrix(
    rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], shape: tuple[int, int]
) -> sparse.csr_matrix:
    found = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    found.sum_duplicates()
    found.data[:] = 1.0
    return found


def _without(matrix: sparse.csr_matrix, other: sparse.csr_matrix) -> sparse.csr_matrix:
    found = sparse.csr_matrix(matrix - matrix.multiply(other), dtype=np.float32)
    found.eliminate_zeros()
    found.sort_indices()
    return found


def _links(path: Path, influence: Path | None, users: pa.Array) -> sparse.csr_matrix:
    size = (len(users), len(users))
    found = _ties(_table(path, "user", "friend"), users, size)
    found.data[:] = 1.0
    if influence is not None:
        seen = _ties(_table(influence, "user", "friend", "item"), users, size)
        seen.data = np.log1p(seen.data)
        found = sparse.csr_matrix(found + seen, dtype=np.float32)
    if not found.nnz:
        log.warning("%s: no link between people who did anything", path)
    return found


def _ties(table: pa.Table, users: pa.Array, size: tuple[int, int]) -> sparse.csr_matrix:
    """How often two people stand together in rows; symmetric."""
    left, right = (_places(table[name], users) for name in ("user", "friend"))
    kept = (left >= 0) & (right >= 0) & (left != right)
    ones = np.ones(int(kept.sum()), np.float32)
    found = sparse.csr_matrix((ones, (left[kept], right[kept])), shape=size)
    return sparse.csr_matrix(found + found.T, dtype=np.float32)


def cut(
    matrix: sparse.csr_matrix, share: float, rng: np.random.Generator
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Take part of every person's interactions away, never the last one.

    How many is the share of the person's, rounded up or down by chance, so that people with little
    history count as they will in a test.

    Examples
    --------
    >>> rest, taken = cut(sparse.csr_matrix(np.ones((2, 10))), 0.2, np.random.default_rng(0))
    >>> np.diff(rest.indptr).tolist(), np.diff(taken.indptr).tolist()
    ([8, 8], [2, 2])
    """
    sizes = np.diff(matrix.indptr)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((rng.random(matrix.nnz), rows))
    place = np.empty(matrix.nnz, dtype=np.int64)
    place[order] = np.arange(matrix.nnz) - matrix.indptr[rows[order]]
    count = np.floor(sizes * share + rng.random(len(sizes)) + 1e-9)
    whole = np.isclose(sizes * share, np.round(sizes * share))
    count = np.where(whole, np.round(sizes * share), count)
    taken = place < np.minimum(count, np.maximum(sizes - 1, 0))[rows]
    return _part(matrix, rows, ~taken), _part(matrix, rows, taken)


def _part(
    matrix: sparse.csr_matrix, rows: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_]
) -> sparse.csr_matrix:
    entries = (np.asarray(matrix.data[kept], np.float32), (rows[kept], matrix.indices[kept]))
    return sparse.csr_matrix(entries, shape=matrix.shape)


def relevant(matrix: sparse.csr_matrix, users: npt.NDArray[np.int64]) -> Relevant:
    """What some people did, for ``training.metrics``."""
    rows = sparse.csr_matrix(matrix[users])
    return Relevant(rows.indptr.astype(np.int64), rows.indices.astype(np.int32))


def askers(matrix: sparse.csr_matrix) -> npt.NDArray[np.int64]:
    """People with anything."""
    return np.flatnonzero(np.diff(matrix.indptr) > 0).astype(np.int64)
