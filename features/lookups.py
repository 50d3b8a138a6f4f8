"""Numbers by name: a table of a reference that every worker maps instead of reading."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from features.ids import UNKNOWN, IdMap

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lookup:
    """One number, or a row of numbers, for each of k names.

    Parameters
    ----------
    ids : IdMap
        The names.
    values : ndarray, float64, shape (k,) or (k, d)
        In the order of the map.

    Examples
    --------
    >>> shares = Lookup.of(["shoes", "bags"], [0.75, 0.25])
    >>> shares.read(["bags", "hats"], 0.0).tolist()
    [0.25, 0.0]
    """

    ids: IdMap
    values: Floats

    @classmethod
    def of(cls, names: Iterable[str], values: npt.ArrayLike) -> Self:
        """Build from distinct names and their values, row by row."""
        listed = list(names)
        ids = IdMap.of(listed)
        rows = np.asarray(values, dtype=np.float64)
        ordered = np.empty_like(rows)
        ordered[ids.codes(listed)] = rows
        return cls(ids, ordered)

    def __len__(self) -> int:
        return len(self.ids)

    def read(self, names: Sequence[str], default: float | Sequence[float]) -> Floats:
        """Values of several names; ``default`` for unknown ones; shape (len(names), …)."""
        codes = self.ids.codes(names)
        found = np.empty((len(names), *self.values.shape[1:]))
        found[:] = default
        known = codes != UNKNOWN
        found[known] = self.values[codes[known]]
        return found

    def without(self, name: str) -> Self:
        """The same for everybody else.

        Examples
        --------
        >>> shares = Lookup.of(["shoes", "bags"], [0.75, 0.25]).without("shoes")
        >>> shares.read(["bags", "shoes"], 0.0).tolist()
        [0.25, 0.0]
        """
        code = self.ids.code(name)
        if code == UNKNOWN:
            return self
        return type(self)(self.ids.without(name), np.delete(self.values, code, axis=0))

    def save(self, folder: Path, stem: str) -> None:
        """Write as ``<stem>.<part>.npy``."""
        self.ids.save(folder, stem)
        np.save(folder / f"{stem}.values.npy", self.values)

    @classmethod
    def open(cls, folder: Path, stem: str) -> Self:
        """Map what ``save`` wrote."""
        values = np.load(folder / f"{stem}.values.npy", mmap_mode="r")
        return cls(IdMap.open(folder, stem), values)
