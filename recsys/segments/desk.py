"""The embedded engine for segments: DuckDB over the newest snapshot and the history before it."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import xxhash

from features import columns as c
from features import snapshot, tombstones
from features.clock import DAY_US, BusinessZone, parse_instant
from features.counters import Scope
from features.engines.span import Span
from features.errors import InputError
from features.home import Home
from features.snapshot import Snapshot
from recsys.experiments import bucket
from recsys.segments.book import Book
from recsys.segments.compile import members
from recsys.segments.ground import Ground
from recsys.segments.language import Condition

FEW = 16
"""Values of a column up to which each is looked for, where their number is asked for."""

_REFUSING = f"""
    SELECT {c.USER} FROM read_parquet(?)
    WHERE NOT personalized OR NOT list_contains(consents, '{Scope.PERSONALIZE}')
"""

_PRIVATE = f"""
    SELECT {c.USER} FROM read_parquet(?)
    WHERE NOT list_contains(consents, '{Scope.SOCIAL_GRAPH}')
"""

_TIES = f"""
    WITH near AS (
        SELECT {c.USER}, {c.PEER}, NULL AS tie_type, strong
        FROM read_parquet($pairs)
        UNION ALL
        SELECT {c.USER}, {c.PEER}, tie_type, FALSE FROM read_parquet($ties)
    )
    SELECT {c.USER}, {c.PEER}, max(tie_type) AS tie_type, bool_or(strong) AS strong FROM near
    WHERE {c.USER} NOT IN (SELECT {c.USER} FROM private)
      AND {c.PEER} NOT IN (SELECT {c.USER} FROM private)
    GROUP BY ALL HAVING max(tie_type) IS NOT NULL OR bool_or(strong)
"""


@dataclass
class Desk:
    """One snapshot opened for questions about segments.

    Parameters
    ----------
    home : Home
        Whose people.
    newest : Snapshot
        The snapshot asked.
    connection : duckdb.DuckDBPyConnection
        With its tables.
    ground : Ground
        The tables as the compiler reads them.
    book : Book
        Saved segments and lists.

    Notes
    -----
    Questions take turns; ``interrupt`` ends the one that runs.
    """

    home: Home
    newest: Snapshot
    connection: duckdb.DuckDBPyConnection
    ground: Ground
    book: Book
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _beside: list["Desk"] = field(default_factory=list, repr=False)

    @property
    def as_of_us(self) -> int:
        """The instant that answers are true of."""
        return self.newest.manifest.as_of_us

    def ask(self, expression: ir.Table) -> pa.Table:
        """Evaluate an expression over the ground."""
        query = ibis.to_sql(expression, dialect="duckdb")
        with self._turn:
            return self.connection.sql(query).to_arrow_table()

    def stream(self, expression: ir.Table, rows: int) -> Iterator[pa.RecordBatch]:
        """Evaluate an expression, so many rows at a time; other questions can be asked between."""
        query = ibis.to_sql(expression, dialect="duckdb")
        with self.connection.cursor() as own:
            yield from own.sql(query).to_arrow_reader(rows)

    @cached_property
    def base(self) -> int:
        """How many people there are to be in a segment."""
        count = self.ask(self.ground.people.aggregate(people=ibis._.count()))
        return int(count["people"][0].as_py())

    def members(self, condition: Condition) -> ir.Table:
        """Who is in a segment: table of ``user_id``."""
        return members(condition, self.ground, self.book.condition)

    def settled(self, condition: Condition, place: int = 0) -> ir.Table:
        """Who is in a segment, found once for many questions about them.

        Kept under a number until another segment takes its place.
        """
        query = ibis.to_sql(self.members(condition), dialect="duckdb")
        self.make(f"CREATE OR REPLACE TABLE settled{place} AS {query}")
        return self.ground.people.get_backend().table(f"settled{place}")

    def sql(self, query: str, **given: Any) -> pa.Table:
        """Evaluate SQL over the desk's tables."""
        with self._turn:
            return self.connection.sql(query, params=given or None).to_arrow_table()

    def make(self, query: str, **given: Any) -> None:
        """Make a table of the desk's own."""
        with self._turn:
            self.connection.execute(query, given or None)

    def interrupt(self) -> None:
        """Cancel the question under way; whoever asked gets ``duckdb.InterruptException``."""
        self.connection.interrupt()
        for other in list(self._beside):
            other.interrupt()

    @contextmanager
    def beside(self, past: Snapshot) -> Iterator["Desk"]:
        """Open an older snapshot; ``interrupt`` reaches it too."""
        with open_desk(self.home, past) as then:
            self._beside.append(then)
            try:
                yield then
            finally:
                self._beside.remove(then)


@contextmanager
def open_desk(home: Home, past: Snapshot | None = None) -> Iterator[Desk]:
    """Open the newest snapshot of a home, or an older one.

    Raises
    ------
    MissingStep
        When there is no snapshot.
    StoreError
        When it was made from other declarations.
    """
    newest = past or snapshot.latest(home)
    zone = BusinessZone(newest.manifest.zone)
    span = Span.before(home, newest.manifest.as_of_us)
    book = Book.open(home)
    try:
        tables = _Tables(home, newest, span, book)
        yield Desk(home, newest, span.connection, tables.ground(zone), book)
    finally:
        book.close()
        span.connection.close()


@dataclass
class _Tables:
    """Makes the tables of a ground on a connection."""

    home: Home
    newest: Snapshot
    span: Span
    book: Book
    made: int = 0
    kept: dict[str, ir.Table] = field(default_factory=dict)
    values: dict[tuple[Any, ...], Sequence[str] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.backend: Any = ibis.duckdb.from_connection(self.span.connection)

    def ground(self, zone: BusinessZone) -> Ground:
        folder, connection = self.newest.folder, self.span.connection
        told = str(folder / "people.parquet")
        connection.execute(f"CREATE TABLE refusing AS {_REFUSING}", [told])
        connection.execute(f"CREATE TABLE private AS {_PRIVATE}", [told])
        pairs = {"pairs": str(folder / "strength.parquet"), "ties": str(folder / "ties.parquet")}
        connection.execute(f"CREATE TABLE around AS {_TIES}", pairs)
        read = self.backend.table
        return Ground(
            people=self._portraits(folder),
            events=read("events"),
            items=read("items"),
            users=read("users"),
            ties=read("around"),
            at_us=self.newest.manifest.as_of_us,
            low_us=self.span.low_us,
            zone=zone,
            earlier=self._earlier,
            listed=self._listed,
            scores=self._scores,
            buckets=self._buckets,
            few=self._few,
        )

    def _portraits(self, folder: Path) -> ir.Table:
        gone = tombstones.read(self.home).sql(c.USER)
        path = str(folder / "portraits.parquet").replace("'", "''")
        return self._view(f"""
            SELECT * FROM read_parquet('{path}')
            WHERE {c.USER} NOT IN (SELECT {c.USER} FROM refusing) AND NOT ({gone})
        """)

    def _view(self, query: str) -> ir.Table:
        """A view of a query; asked for again, the same one."""
        if query not in self.kept:
            self.made += 1
            self.span.connection.execute(f"CREATE VIEW ground{self.made} AS {query}")
            self.kept[query] = self.backend.table(f"ground{self.made}")
        return self.kept[query]

    def _keep(self, rows: pa.Table, name: str) -> ir.Table:
        """A table of rows, in place of the one of that name."""
        connection = self.span.connection
        connection.register("made", rows)
        connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS FROM made')
        connection.unregister("made")
        return self.backend.table(name)

    def _earlier(self, days: int) -> ir.Table:
        before = self.newest.manifest.as_of_us - days * DAY_US
        folders = sorted(self.home.features.glob("*/manifest.json"))
        for manifest in reversed(folders):
            if _instant(manifest.parent.name) <= before:
                return self._portraits(manifest.parent)
        raise InputError(
            f"no portraits of {days} days ago",
            expected=f"a snapshot at least {days} days older than the newest",
            got=", ".join(one.parent.name for one in folders),
            next_step=f"`huoren features --at T` for that day, or fewer days, in {self.home.root}",
        )

    def _listed(self, name: str) -> ir.Table:
        rows = pa.table({c.USER: pa.array(self.book.listed(name), pa.string())})
        return self._keep(rows, f"list {xxhash.xxh64_hexdigest(name.encode())}")

    def _scores(self, model: str) -> ir.Table:
        path = self.home.root / "scores" / f"{model}.parquet"
        if not path.is_file():
            known = sorted(one.stem for one in path.parent.glob("*.parquet"))
            raise InputError(
                f"no scores of {model!r}",
                expected=" or ".join(known) or "scores",
                next_step=f"run `huoren score {model}` first",
            )
        quoted = str(path).replace("'", "''")
        rows = f"FROM read_parquet('{quoted}')"
        described = self.span.connection.execute(f"DESCRIBE SELECT * {rows}").fetchall()
        names = {name for name, *_ in described}
        told = next(one for one in ("effect", "similarity", "probability") if one in names)
        return self._view(f"SELECT {c.USER}, {told} AS score {rows}")

    def _buckets(self, salt: str) -> ir.Table:
        name = f"buckets {xxhash.xxh64_hexdigest(salt.encode())}"
        if name not in self.kept:
            self.kept[name] = self._keep(self._dealt(salt), name)
        return self.kept[name]

    def _few(self, column: str, events: Sequence[str], low: int, high: int) -> Sequence[str] | None:
        asked = (column, tuple(events), low, high)
        if asked not in self.values:
            query = f"""
                SELECT DISTINCT {column} FROM events
                WHERE {c.AT} >= $low AND {c.AT} < $high AND {column} IS NOT NULL
                  AND {c.EVENT} IN (SELECT unnest($events))
                LIMIT {FEW + 1}
            """
            given = {"low": low, "high": high, "events": list(events)}
            with self.span.connection.cursor() as own:
                found = sorted(row[0] for row in own.execute(query, given).fetchall())
            self.values[asked] = found if len(found) <= FEW else None
        return self.values[asked]

    def _dealt(self, salt: str) -> pa.Table:
        query = f"SELECT {c.USER} FROM read_parquet(?)"
        path = [str(self.newest.folder / "portraits.parquet")]
        ids = self.span.connection.execute(query, path).fetchnumpy()[c.USER].tolist()
        codes = pa.array([bucket(salt, str(who)) for who in ids], pa.int32())
        return pa.table({c.USER: pa.array(ids, pa.string()), "bucket": codes})


def _instant(folder: str) -> int:
    day, time = folder.removesuffix("Z").split("T")
    text = f"{day[:4]}-{day[4:6]}-{day[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}Z"
    return parse_instant(text)
