"""Launches that filled and launches that failed, as matrices."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
from scipy import sparse

from features.errors import InputError

Ints = npt.NDArray[np.int64]

HELD = 0.2
"""Part of the initiators with failures whose success is held out."""


@dataclass(frozen=True)
class Launched:
    """Everything that happened, people and items numbered.

    Parameters
    ----------
    people, items : int
        How many there are.
    filled, failed : tuple of ndarray
        Person and item of each launch.
    joined : tuple of ndarray
        Person and item of each participation, and which filled launch it belongs to.
    held : ndarray, int64, ascending
        People whose success is the test.
    """

    people: int
    items: int
    filled: tuple[Ints, Ints]
    failed: tuple[Ints, Ints]
    joined: tuple[Ints, Ints, Ints]
    held: Ints

    def matrix(self, people: Ints, items: Ints) -> sparse.csr_matrix:
        """1 where somebody did it with the item at least once."""
        shape = (self.people, self.items)
        found = sparse.csr_matrix((np.ones(len(people), np.float32), (people, items)), shape=shape)
        found.data[:] = 1.0
        return found

    def without(self, hidden: Ints) -> tuple[sparse.csr_matrix, ...]:
        """Filled, failed and joined, without the successes of some people and who joined these."""
        shown = ~np.isin(self.filled[0], hidden)
        users, items, launch = self.joined
        return (
            self.matrix(self.filled[0][shown], self.filled[1][shown]),
            self.matrix(*self.failed),
            self.matrix(users[shown[launch]], items[shown[launch]]),
        )

    def target(self, people: Ints) -> Ints:
        """The item that filled, of people with one success each."""
        order = np.argsort(self.filled[0], kind="stable")
        place = np.searchsorted(self.filled[0][order], people)
        found: Ints = self.filled[1][order][place]
        return found


def read(succeeded: Path, failed: Path, seed: int = 42) -> Launched:
    """Read both files and draw whose success is held out.

    Parameters
    ----------
    succeeded : Path
        Parquet: ``initiator``, ``item``, ``participants`` (list).
    failed : Path
        Parquet: ``initiator``, ``item``.
    seed : int
        Of the draw: a fifth of the initiators that also failed.

    Raises
    ------
    InputError
        When a file or a column is missing, or nobody both filled and failed.
    """
    with duckdb.connect() as connection:
        won = _rows(connection, succeeded, "initiator, item, participants")
        lost = _rows(connection, failed, "initiator, item")
        connection.register("won", won)
        members = connection.sql(
            "SELECT launch, unnest(participants) AS member FROM "
            "(SELECT row_number() OVER () - 1 AS launch, participants FROM won)"
        ).to_arrow_table()
    launch = members["launch"].to_numpy()
    started, missed, joining = (
        np.asarray(column.to_numpy())
        for column in (won["initiator"], lost["initiator"], members["member"])
    )
    people = np.unique(np.concatenate([started, missed, joining]))
    items = np.unique(np.concatenate([won["item"].to_numpy(), lost["item"].to_numpy()]))
    sold, unsold = (np.searchsorted(items, one["item"].to_numpy()) for one in (won, lost))
    begun, missed = np.searchsorted(people, started), np.searchsorted(people, missed)
    both = np.intersect1d(begun, missed)
    if len(both) < 1 / HELD:
        raise InputError(
            "nobody to foretell", expected="initiators that filled and failed", got=str(len(both))
        )
    held = np.random.default_rng(seed).choice(both, int(HELD * len(both)), replace=False)
    joined = (np.searchsorted(people, joining), sold[launch], launch)
    return Launched(len(people), len(items), (begun, sold), (missed, unsold), joined, np.sort(held))


def _rows(connection: duckdb.DuckDBPyConnection, path: Path, columns: str) -> Any:
    source = str(path).replace("'", "''")
    try:
        return connection.sql(f"SELECT {columns} FROM read_parquet('{source}')").to_arrow_table()
    except duckdb.Error as error:
        raise InputError(
            f"{path} cannot be read", expected=f"Parquet with {columns}", got=str(error)
        ) from error
