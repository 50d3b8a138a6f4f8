"""The embedded engine: DuckDB over the Parquet of the home, in this process."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features import batch
from features.clock import BusinessZone
from features.engines.span import Span
from features.facts import facts
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

    def write(self, expression: ir.Table, path: Path) -> None:
        """Evaluate into one Parquet file, compressed with zstd."""
        query = ibis.to_sql(expression, dialect="duckdb")
        target = str(path).replace("'", "''")
        self.history.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


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
        All events with all columns; otherwise what counters read.
    """
    backend = ibis.duckdb.from_connection(span.connection)
    events, items, users = (backend.table(name) for name in ("events", "items", "users"))
    told = events if whole else batch.counted(events)
    expression = facts(told, items, users, zone, span.low_us, span.high_us)
    query = ibis.to_sql(expression, dialect="duckdb")
    span.connection.execute(f"CREATE TABLE facts AS {query}")
    return backend.table("facts")
