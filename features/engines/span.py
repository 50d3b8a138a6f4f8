"""The history before an instant: its connection, and what of it there is."""

from dataclasses import dataclass

import duckdb

from features import columns as c
from features.clock import format_instant
from features.errors import InputError
from features.history import History
from features.home import Home


@dataclass(frozen=True)
class Span:
    """Events before an instant.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        ``History.connect``; the caller closes it.
    low_us, high_us : int
        The first and the last instant.
    events : int
        Rows.
    """

    connection: duckdb.DuckDBPyConnection
    low_us: int
    high_us: int
    events: int

    @classmethod
    def before(cls, home: Home, at_us: int, linked_us: int | None = None) -> "Span":
        """Open what a home knows before an instant.

        With ``linked_us`` people have the ids that were known to be theirs before that one.

        Raises
        ------
        InputError
            When there is no event before it.
        """
        connection = History(home).connect(end_us=at_us, linked_us=linked_us)
        query = f"SELECT min({c.AT}), max({c.AT}), count(*) FROM events"
        low, high, count = connection.execute(query).fetchall()[0]
        if low is None:
            connection.close()
            raise InputError(
                f"no event before {format_instant(at_us)} in {home.root}",
                next_step="`huoren ingest` events, or give a later --at",
            )
        return cls(connection, low, high, count)
