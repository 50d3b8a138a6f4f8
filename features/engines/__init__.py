"""Where the feature job's expressions run: DuckDB in this process, or Spark.

An engine opens the history before an instant, makes the facts that counters are computed from, and
evaluates expressions over them. The expressions are the same (``features.batch``), and so are the
numbers.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import duckdb
import ibis.expr.types as ir
import pyarrow as pa

from features.clock import BusinessZone
from features.errors import UnknownName
from features.home import Home

ENGINES = ("duckdb", "spark")


class Engine(Protocol):
    """The history of one home before one instant."""

    @property
    def facts(self) -> ir.Table:
        """``features.facts.facts`` of the events that some counter counts."""
        ...

    @property
    def history(self) -> duckdb.DuckDBPyConnection:
        """``History.connect``, for what is small whatever the engine."""
        ...

    @property
    def events(self) -> int:
        """Rows of the history before the instant, counted or not."""
        ...

    def read(self, expression: ir.Table) -> pa.Table:
        """Evaluate into memory."""
        ...

    def write(self, tables: Iterable[tuple[Path, ir.Table]]) -> None:
        """Evaluate each expression into one Parquet file, compressed with zstd."""
        ...


def open_engine(
    name: str, home: Home, at_us: int, zone: BusinessZone
) -> AbstractContextManager[Engine]:
    """Open a history on an engine; leaving the context closes it.

    Parameters
    ----------
    name : str
        One of ``ENGINES``.
    home : Home
        Whose history.
    at_us : int
        Only events before it.
    zone : BusinessZone
        For days and hours.

    Raises
    ------
    UnknownName
        When there is no engine of that name.
    InputError
        When there is no event before ``at_us``, or what the engine needs is not installed.

    Examples
    --------
    >>> open_engine("sparc", Home(Path("shop")), 0, BusinessZone())
    Traceback (most recent call last):
    features.errors.UnknownName: unknown engine 'sparc'; next: use one of: spark
    """
    if name == "spark":
        from features.engines.spark import open_spark

        return open_spark(home, at_us, zone)
    if name == "duckdb":
        from features.engines.embedded import open_duckdb

        return open_duckdb(home, at_us, zone)
    raise UnknownName.among("engine", name, ENGINES)
