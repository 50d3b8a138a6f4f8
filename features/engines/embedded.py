"""The embedded engine: DuckDB over the Parquet of the home, in this process."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features import batch, derived
from features.clock import BusinessZone
from features.engines.span import Span
from features.facts import facts
from features.history import THREADS
from features.home import Home


@dataclass(frozen=True)
class Embedded:
    """DuckDB as an ``Engine``."""

    facts: ir.Table
    history: duckdb.DuckDBPyConnection
    events: int

    def read(self, expression: ir.Table) -> pa.Table:
        """Evaluate into memory."""
        return self.history.sql(ibis.to_sql(expression, dialect="duckdb")).to_arrow_table()

    def write(self, tables: Iterable[tuple[Path, ir.Table]]) -> None:
        """Evaluate each expression into one Parquet file, compressed with zstd.

        The next ones are compiled while the first ones run, and the end of one, which keeps few
        threads busy, overlaps with the beginning of another.
        """
        with ThreadPoolExecutor(THREADS) as pool:
            running = [
                pool.submit(self._copy, ibis.to_sql(expression, dialect="duckdb"), path)
                for path, expression in tables
            ]
            for one in running:
                one.result()

    def _copy(self, query: str, path: Path) -> None:
        target = str(path).replace("'", "''")
        with self.history.cursor() as cursor:
            cursor.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


@contextmanager
def open_duckdb(home: Home, at_us: int, zone: BusinessZone) -> Iterator[Embedded]:
    """Open a history; see ``features.engines.open_engine``."""
    span = Span.before(home, at_us)
    with closing(span.connection):
        yield Embedded(make_facts(span, zone, whole=False), span.connection, span.events)


def make_facts(span: Span, zone: BusinessZone, *, whole: bool) -> ir.Table:
    """Make the table ``facts`` on a span's connection.

    Parameters
    ----------
    span : Span
        The history.
    zone : BusinessZone
        For days and hours.
    whole : bool
        All events with all columns, derived ones too; otherwise what counters read.
    """
    backend = ibis.duckdb.from_connection(span.connection)
    events, items, users = (backend.table(name) for name in ("events", "items", "users"))
    told = events if whole else batch.counted(events)
    tiered = None if whole else batch.TIERED
    expression = facts(told, items, users, zone, span.low_us, span.high_us, tiered)
    if whole:
        days = (int(zone.day(us)) for us in (span.low_us, span.high_us))
        expression = derived.add(expression, derived.READS, *days)
    query = ibis.to_sql(expression, dialect="duckdb")
    span.connection.execute(f"CREATE TABLE facts AS {query}")
    return backend.table("facts")
