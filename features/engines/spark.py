"""The engine for histories that outgrow one machine: Spark.

``HUOREN_SPARK_MASTER`` names the cluster (default ``local[2]``), ``HUOREN_SPARK_MEMORY`` the memory
of the driver (default ``4g``); whatever else a cluster needs stands in its ``spark-defaults.conf``.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from features import batch
from features.clock import BusinessZone
from features.engines.span import Span
from features.errors import InputError
from features.facts import facts
from features.history import History, resolved
from features.home import Home
from features.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

JAVA = 17
"""The oldest Java that Spark 4 runs on."""

_LOGGING = """
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = spark: %m%n%ex
"""


@dataclass(frozen=True)
class Spark:
    """Spark as an ``Engine``."""

    facts: ir.Table
    history: duckdb.DuckDBPyConnection
    events: int
    session: "SparkSession"

    def read(self, expression: ir.Table) -> pa.Table:
        """Evaluate into the driver's memory."""
        found = self.session.sql(ibis.to_sql(expression, dialect="pyspark")).toArrow()
        return found.cast(expression.schema().to_pyarrow())

    def write(self, tables: Iterable[tuple[Path, ir.Table]]) -> None:
        """Evaluate each expression into one Parquet file of the driver's machine, with zstd."""
        for path, expression in tables:
            pq.write_table(self.read(expression), path, compression="zstd")


@contextmanager
def open_spark(home: Home, at_us: int, zone: BusinessZone) -> Iterator[Spark]:
    """Open a history on a session of its own; see ``features.engines.open_engine``."""
    with session() as own:
        span = Span.before(home, at_us)
        with closing(span.connection), opened(own, home, at_us, zone, span) as engine:
            yield engine


@contextmanager
def opened(
    own: "SparkSession", home: Home, at_us: int, zone: BusinessZone, span: Span
) -> Iterator[Spark]:
    """Open a history on a running session."""
    backend = ibis.pyspark.connect(own)
    for name in ("events", "items", "users"):
        _frame(own, home, name).createOrReplaceTempView(name)
    if span.connection.execute("SELECT count(*) FROM persons").fetchall() != [(0,)]:
        _resolve(own, span.connection)
    events, items, users = (backend.table(name) for name in ("events", "items", "users"))
    told = batch.counted(events.filter(events.at_us < at_us))
    expression = facts(told, items, users, zone, span.low_us, span.high_us, batch.TIERED)
    frame = own.sql(ibis.to_sql(expression, dialect="pyspark")).persist()
    frame.createOrReplaceTempView("facts")
    try:
        yield Spark(backend.table("facts"), span.connection, span.events, own)
    finally:
        frame.unpersist()


def _resolve(own: "SparkSession", history: duckdb.DuckDBPyConnection) -> None:
    """Put everybody under the main id, as the history does; its profiles are small."""
    for name in ("persons", "users"):
        rows = history.sql(f"SELECT * FROM {name}").to_arrow_table()
        own.createDataFrame(rows).createOrReplaceTempView(name)
    own.table("events").createOrReplaceTempView("sent_events")
    own.sql(resolved("events")).createOrReplaceTempView("events")


@contextmanager
def session() -> Iterator["SparkSession"]:
    """Start Spark with quiet logs, UTC, Arrow, no web pages, and temporary files of its own.

    Raises
    ------
    InputError
        When PySpark or a Java it can run on is missing.
    """
    require_spark()
    from pyspark.sql import SparkSession

    with TemporaryDirectory(prefix="huoren-spark-") as folder:
        builder = SparkSession.builder.appName("huoren features")
        for name, value in _settings(Path(folder)).items():
            builder = builder.config(name, value)
        own = builder.getOrCreate()
        try:
            yield own
        finally:
            own.stop()


def _settings(folder: Path) -> dict[str, str]:
    logging = folder / "log4j2.properties"
    logging.write_text(_LOGGING)
    return {
        "spark.master": os.environ.get("HUOREN_SPARK_MASTER", "local[2]"),
        "spark.driver.memory": os.environ.get("HUOREN_SPARK_MEMORY", "4g"),
        "spark.driver.maxResultSize": "0",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={logging.as_uri()}",
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.shuffle.partitions": "16",  # where to start from: Spark merges small ones
    }


def require_spark() -> None:
    """Check that Spark could start here.

    Raises
    ------
    InputError
        When PySpark is missing, or Java is missing or too old.
    """
    if find_spec("pyspark") is None:
        raise InputError(
            "Spark is not installed",
            expected="the extra `spark`",
            next_step="pip install 'huoren[spark]', or leave out --engine spark",
        )
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else "java"
    found = shutil.which(program)
    version = java_version(found) if found else None
    if version is None or version < JAVA:
        raise InputError(
            "Spark cannot start",
            expected=f"Java {JAVA} or newer",
            got="no Java" if version is None else f"Java {version}",
            next_step=f"install Java (Debian: openjdk-{JAVA}-jre-headless) or set JAVA_HOME",
        )


def java_version(program: str) -> int | None:
    """Major version of a Java; None when it does not tell."""
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(?:1\.)?(\d+)', told.stderr + told.stdout)
    return int(found[1]) if found else None


def _frame(own: "SparkSession", home: Home, name: str) -> "DataFrame":
    """A canonical table; empty when it was never ingested."""
    from pyspark.sql.pandas.types import from_arrow_schema

    schema = from_arrow_schema(TABLES[name].schema)
    paths = [str(path) for path in History(home).files(name)]
    if not paths:
        return own.createDataFrame([], schema)
    return own.read.schema(schema).parquet(*paths)
