"""The one reader of canonical tables: everything that wants events, users, items or ties asks here.

DuckDB reads the Parquet of the home in place. A range of time opens only the days it touches, and
its end is strict: an event at ``end_us`` itself is not history yet. People who have several ids
(``features.identities``) stand under their main id; what was sent stands beside it as it was sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import gettempdir
from uuid import uuid4

import duckdb
import pyarrow as pa

from features import columns as c
from features import identities, tombstones
from features.errors import UnknownName
from features.home import Home
from features.identities import IdLink
from features.tables import TABLES, Table, table
from features.tombstones import Absence, Tombstones

THREADS = 2
"""Threads of one connection; a feature job shares the machine with the service."""

MEMORY = "40%"
"""Of the machine's memory, or of the container's; beyond it queries spill to ``TMPDIR``."""


@dataclass(frozen=True)
class History:
    """Canonical tables of one home; a table that was never ingested is empty.

    Parameters
    ----------
    home : Home
        Where ``tables/`` is.

    Examples
    --------
    >>> history = History(Home(Path("nowhere")))
    >>> history.events(["user_id", "at_us"]).num_rows
    0
    >>> with history.connect() as connection:
    ...     connection.sql("select count(*) from items").fetchall()
    [(0,)]
    >>> history.events(["user"])
    Traceback (most recent call last):
    features.errors.UnknownName: unknown column of events 'user'; next: use one of: ...
    """

    home: Home

    def connect(
        self,
        start_us: int | None = None,
        end_us: int | None = None,
        linked_us: int | None = None,
    ) -> duckdb.DuckDBPyConnection:
        """Open a connection with the views ``events``, ``users``, ``items`` and ``ties``.

        In them everybody stands under the main id as of ``end_us``; ``sent_events``, ``sent_users``
        and ``sent_ties`` hold the rows as they were sent, ``persons`` (``user_id``, ``person``,
        ``place``) the ids of those who have several, the main one at place 0. Of a person's ids
        ``users`` holds the versions of the first that has any.

        Parameters
        ----------
        start_us, end_us : int, optional
            Limit events to ``start_us <= at_us < end_us`` (microseconds UTC). The other views hold
            every version, whatever the range.
        linked_us : int, optional
            Only what was said about ids before it counts; ``end_us`` when left out.

        Returns
        -------
        duckdb.DuckDBPyConnection
            Of its own, in memory; the caller closes it. Columns are those of ``features.tables``,
            in their order. Nobody who was forgotten is in it.
        """
        spill = Path(gettempdir()) / f"huoren-spill-{uuid4().hex}"  # made when it is needed
        connection = duckdb.connect(
            config={"threads": THREADS, "memory_limit": MEMORY, "temp_directory": str(spill)}
        )
        connection.execute("SET enable_progress_bar = false")  # it would stand in what is printed
        sources = {}
        for name, kind in TABLES.items():
            files = self._event_files(start_us, end_us) if name == "events" else self.files(name)
            where = _between(start_us, end_us) if name == "events" else ""
            sources[name] = _rows(kind, files, where)
            _register(connection, kind, sources[name])
        if stones := tombstones.read(self.home):
            _leave_out(connection, stones, sources)
        resolve(
            connection, identities.people(self.links(end_us if linked_us is None else linked_us))
        )
        return connection

    def links(self, end_us: int | None = None, *, forgotten: bool = False) -> list[IdLink]:
        """What was said before an instant about which ids are one person.

        With ``forgotten`` also what files still say of people who were forgotten.
        """
        stones = Tombstones() if forgotten else tombstones.read(self.home)
        return [
            link
            for link in _links(
                tuple((path, _stamp(path)) for path in self._event_files(None, end_us))
            )
            if (end_us is None or link.at_us < end_us)
            and not (link.one in stones or link.other in stones)
        ]

    def events(
        self,
        columns: Iterable[str] | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
    ) -> pa.Table:
        """Read events with ``start_us <= at_us < end_us``, as they were sent.

        Parameters
        ----------
        columns : iterable of str, optional
            Columns wanted, in that order; all of them when left out.
        start_us, end_us : int, optional
            Microseconds UTC; no limit when left out.

        Returns
        -------
        pyarrow.Table
            One row for each line of each event, day after day, not sorted within a day.

        Raises
        ------
        UnknownName
            When a column is not one of the events table.
        """
        chosen = _columns(TABLES["events"], columns)
        with self.connect(start_us, end_us) as connection:
            return connection.sql(f"SELECT {chosen} FROM sent_events").to_arrow_table()

    def users(self, at_us: int | None = None, columns: Iterable[str] | None = None) -> pa.Table:
        """Read each id's version in force at ``at_us`` (the last one when left out)."""
        return self._versions(TABLES["users"], c.USER, at_us, columns)

    def items(self, at_us: int | None = None, columns: Iterable[str] | None = None) -> pa.Table:
        """Read each item's version in force at ``at_us`` (the last one when left out)."""
        return self._versions(TABLES["items"], c.ITEM, at_us, columns)

    def ties(self, at_us: int | None = None) -> pa.Table:
        """Read ties, without those that began after ``at_us``; one of unknown age is kept."""
        where = "" if at_us is None else f"WHERE since_us IS NULL OR since_us <= {int(at_us)}"
        with self.connect() as connection:
            return connection.sql(f"SELECT * FROM sent_ties {where} ORDER BY ALL").to_arrow_table()

    def files(self, name: str) -> list[Path]:
        """List the Parquet files of a table, in the order they are read.

        Raises
        ------
        UnknownName
            When there is no table of that name.
        """
        place = self.home.table(table(name).name)
        return sorted(place.glob("day=*/*.parquet" if name == "events" else "*.parquet"))

    def _event_files(self, start_us: int | None, end_us: int | None) -> list[Path]:
        first = "" if start_us is None else utc_day(start_us)
        last = "9999" if end_us is None else utc_day(end_us - 1)
        files = self.files("events")
        return [path for path in files if first <= path.parent.name.removeprefix("day=") <= last]

    def _versions(
        self, kind: Table, key: str, at_us: int | None, columns: Iterable[str] | None
    ) -> pa.Table:
        chosen = _columns(kind, columns)
        where = "" if at_us is None else f"WHERE {c.VALID_FROM} <= {int(at_us)}"
        last = f"row_number() OVER (PARTITION BY {key} ORDER BY {c.VALID_FROM} DESC)"
        source = kind.name if kind.name == "items" else f"sent_{kind.name}"
        query = f"SELECT {chosen} FROM {source} {where} QUALIFY {last} = 1 ORDER BY {key}"
        with self.connect() as connection:
            return connection.sql(query).to_arrow_table()


def _register(connection: duckdb.DuckDBPyConnection, kind: Table, rows: str) -> None:
    if rows:
        connection.execute(f"CREATE OR REPLACE VIEW {kind.name} AS {rows}")
        return
    connection.register("nothing", kind.schema.empty_table())
    connection.execute(f"CREATE TABLE {kind.name} AS FROM nothing")
    connection.unregister("nothing")


def _rows(kind: Table, files: list[Path], where: str) -> str:
    """Query of a table's rows; empty where it has no file."""
    if not files:
        return ""
    paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    source = f"read_parquet([{paths}], hive_partitioning = false)"
    return f"SELECT {', '.join(kind.schema.names)} FROM {source} {where}"


def _leave_out(
    connection: duckdb.DuckDBPyConnection, stones: Tombstones, sources: Mapping[str, str]
) -> None:
    """Let nobody see whom an erasure under way, or a file from a backup, still names."""
    present = tombstones.named(stones, {name: name for name in TABLES})
    connection.execute(f"CREATE TABLE forgotten AS {present}")
    if connection.execute("SELECT count(*) FROM forgotten").fetchall() == [(0,)]:
        connection.execute("DROP TABLE forgotten")
        return
    for name, rows in sources.items():
        if rows:
            absent = Absence(name, f"SELECT {c.USER} FROM forgotten")
            _register(connection, TABLES[name], absent.rows(f"({rows})"))


def resolve(connection: duckdb.DuckDBPyConnection, people: Mapping[str, list[str]]) -> None:
    """Put everybody under the main id; keep the rows as they were sent beside it.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With ``events``, ``users`` and ``ties`` as they were sent.
    people : mapping of str to list of str
        Of ``features.identities.people``.
    """
    known = sorted(people)
    persons = pa.table({
        c.USER: pa.array(known, pa.string()),
        "person": pa.array([people[one][0] for one in known], pa.string()),
        "place": pa.array([people[one].index(one) for one in known], pa.int32()),
    })
    connection.register("persons_found", persons)
    connection.execute("CREATE TABLE persons AS FROM persons_found")
    connection.unregister("persons_found")
    for name in ("events", "users", "ties"):
        if not people:
            connection.execute(f"CREATE VIEW sent_{name} AS FROM {name}")
            continue
        kind = "VIEW" if _is_view(connection, name) else "TABLE"
        connection.execute(f"ALTER {kind} {name} RENAME TO sent_{name}")
        connection.execute(f"CREATE VIEW {name} AS {resolved(name)}")


def resolved(name: str) -> str:
    """SQL of events, users or ties under the main ids, from what was sent and ``persons``."""
    columns = TABLES[name].schema.names
    if name != "users":
        return identities.resolved(columns, f"sent_{name}")
    first = (
        f"SELECT s.* FROM sent_users s LEFT JOIN persons USING ({c.USER}) QUALIFY "
        f"coalesce(place, 0) = min(coalesce(place, 0)) OVER "
        f"(PARTITION BY coalesce(person, s.{c.USER}))"
    )
    return identities.resolved(columns, f"({first})")


def _is_view(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    query = "SELECT count(*) FROM duckdb_views() WHERE view_name = ?"
    return connection.execute(query, [name]).fetchall() == [(1,)]


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns


@lru_cache(maxsize=4)
def _links(files: tuple[tuple[Path, int], ...]) -> tuple[IdLink, ...]:
    """What files of events say about ids; remembered until one of them changes."""
    if not files:
        return ()
    names = ", ".join(f"'{name}'" for name in identities.EVENTS)
    rows = _rows(TABLES["events"], [path for path, _ in files], f"WHERE {c.EVENT} IN ({names})")
    with duckdb.connect(config={"threads": THREADS}) as connection:
        found = connection.execute(
            f"SELECT {c.USER}, {c.PEER}, {c.AT}, {c.EVENT} FROM ({rows}) WHERE {c.PEER} <> {c.USER}"
        ).fetchall()
    separated = identities.EVENTS[-1]
    return tuple(
        IdLink(one, other, at_us, event != separated) for one, other, at_us, event in found
    )


def _between(start_us: int | None, end_us: int | None) -> str:
    parts = [] if start_us is None else [f"{c.AT} >= {int(start_us)}"]
    parts += [] if end_us is None else [f"{c.AT} < {int(end_us)}"]
    return "WHERE " + " AND ".join(parts) if parts else ""


def _columns(kind: Table, columns: Iterable[str] | None) -> str:
    chosen = list(kind.schema.names if columns is None else columns)
    for name in chosen:
        if name not in kind.schema.names:
            raise UnknownName.among(f"column of {kind.name}", name, kind.schema.names)
    return ", ".join(chosen)


def utc_day(at_us: int) -> str:
    """Name the UTC day of an instant, as the folders of sealed events do.

    Examples
    --------
    >>> utc_day(0)
    '1970-01-01'
    """
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).date().isoformat()
