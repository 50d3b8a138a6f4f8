"""Rows that wait for their instant: columns side by side, taken out in time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from training.world.ragged import Ints

Columns = dict[str, npt.NDArray[Any]]


class Pending:
    """Batches of rows with an instant ``at`` and the columns given, whatever their kind.

    Parameters
    ----------
    missing : mapping of str to int or float or None
        Every column beside ``at`` with the value that stands where a batch lacks it; the value's
        kind is the column's (None makes a column of objects).

    Examples
    --------
    >>> pending = Pending({"item": -1})
    >>> pending.put(at=np.array([5, 1]), item=np.array([7, 8]))
    >>> pending.put(at=np.array([3]))
    >>> {name: rows.tolist() for name, rows in pending.take(4).items()}
    {'at': [1, 3], 'item': [8, -1]}
    >>> len(pending)
    1
    """

    def __init__(self, missing: Mapping[str, int | float | None]) -> None:
        self._missing: dict[str, int | float | None] = {"at": 0, **missing}
        self._batches: list[Columns] = []

    def __len__(self) -> int:
        return sum(batch["at"].size for batch in self._batches)

    def put(self, at: Ints, **columns: npt.ArrayLike) -> None:
        """Add rows; a scalar stands for all of them."""
        if at.size == 0:
            return
        given = {"at": at, **columns}
        self._batches.append({
            name: np.broadcast_to(np.asarray(given.get(name, fill), _kind(fill)), at.shape)
            for name, fill in self._missing.items()
        })

    def take(self, until_us: int) -> Columns:
        """Remove and return the rows before ``until_us``, in the order they were put."""
        joined = self._joined()
        due = joined["at"] < until_us
        rest = {name: rows[~due] for name, rows in joined.items()}
        self._batches = [rest] if rest["at"].size else []
        return {name: rows[due] for name, rows in joined.items()}

    def peek(self) -> Columns:
        """Return all rows and leave them."""
        return self._joined()

    def _joined(self) -> Columns:
        none = {name: np.zeros(0, _kind(fill)) for name, fill in self._missing.items()}
        batches = [none, *self._batches]
        return {name: np.concatenate([b[name] for b in batches]) for name in self._missing}


def _kind(fill: int | float | None) -> npt.DTypeLike:
    if fill is None:
        return np.object_
    return np.float64 if isinstance(fill, float) else np.int64
