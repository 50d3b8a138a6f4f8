"""The feature job as SQL, for a warehouse that runs it itself.

The statements come from the same expressions as everything else: which ids are one person, facts,
then one table for each kind of key. They read tables ``events``, ``items`` and ``users`` with the
columns of ``features.tables``.
"""

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir
from ibis.backends.sql import compilers

from features import batch, linking
from features import columns as c
from features.clock import BusinessZone, format_instant, parse_instant
from features.counters import Key
from features.errors import UnknownName
from features.facts import facts
from features.tables import EVENTS, ITEMS, USERS, Table

PREFIX = "huoren_"
"""Every table that is made has a name of ours, so that none of yours is replaced."""

SINCE = "2000-01-01T00:00:00Z"
"""Changes of the zone's offset are known from here on."""

_NO_TABLES = {"druid", "flink"}
"""Emitted by Ibis, but without statements that make a table from a query."""

_COMPILERS = {
    name.removesuffix("Compiler").lower() for name in compilers.__all__ if name.endswith("Compiler")
}

# Ibis compiles its own dialect of Spark only where PySpark is installed; Databricks' is the same.
_COMPILED_AS = {"spark": "databricks"}

DIALECTS = tuple(sorted(_COMPILERS - _NO_TABLES - {"pyspark"} | set(_COMPILED_AS)))
"""Names that ``script`` takes."""

_MAKE = {
    "clickhouse": "CREATE TABLE {name} ENGINE = MergeTree ORDER BY tuple() AS\n{query};",
    "mssql": "SELECT * INTO {name} FROM (\n{query}\n) AS made;",
}


def script(dialect: str, at_us: int, zone: BusinessZone) -> str:
    """All statements, with comments, ready to run.

    Parameters
    ----------
    dialect : str
        One of ``DIALECTS``.
    at_us : int
        T: events before it count.
    zone : BusinessZone
        The business time zone.

    Raises
    ------
    UnknownName
        When the dialect is not known.

    Examples
    --------
    >>> print(script("snowflake", 0, BusinessZone()))
    -- Counters as of 1970-01-01T00:00:00Z, days and hours of Asia/Shanghai, in snowflake SQL.
    ...
    >>> script("postgers", 0, BusinessZone())
    Traceback (most recent call last):
    features.errors.UnknownName: unknown dialect 'postgers'; next: use one of: postgres
    """
    parts = [
        f"-- Counters as of {format_instant(at_us)}, days and hours of {zone.name}, "
        f"in {dialect} SQL.\n-- Reads the tables events, items, users; makes {PREFIX}persons, "
        f"{PREFIX}facts and {PREFIX}<key>.\n-- Rows before {SINCE} may fall on another hour.",
        *(
            f"DROP TABLE IF EXISTS {name};\n\n{statement}"
            for name, statement in statements(dialect, at_us, zone)
        ),
    ]
    return "\n\n".join(parts) + "\n"


def statements(dialect: str, at_us: int, zone: BusinessZone) -> Iterator[tuple[str, str]]:
    """Table names with the statements that make them, in the order to run; raises like ``script``.

    Examples
    --------
    >>> [name for name, _ in statements("duckdb", 0, BusinessZone())][12:15]
    ['huoren_persons', 'huoren_facts', 'huoren_user']
    """
    if dialect not in DIALECTS:
        raise UnknownName.among("dialect", dialect, DIALECTS)
    events, items, users = map(_table, (EVENTS, ITEMS, USERS))
    before = events.filter(events.at_us < at_us)
    made = before
    for word, make in linking.stages(before):
        name, query = f"{PREFIX}{word}", make(made)
        yield name, _make(dialect, name, query)
        made = ibis.table(query.schema(), name=name)
    told = linking.resolved(batch.counted(before), made, c.USER, c.PEER)
    users = linking.first_of(users.select(c.USER, c.VALID_FROM, c.CITY_TIER), made)
    low_us = parse_instant(SINCE)
    rows = facts(told, items, users, zone, low_us, max(at_us, low_us), batch.TIERED)
    name = f"{PREFIX}facts"
    yield name, _make(dialect, name, rows)
    made = ibis.table(rows.schema(), name=name)
    for key in Key:
        name = f"{PREFIX}{key.word}"
        yield name, _make(dialect, name, batch.values(made, key, at_us, zone))


def _table(kind: Table) -> ir.Table:
    return ibis.table(ibis.Schema.from_pyarrow(kind.schema), name=kind.name)


def _make(dialect: str, name: str, expression: ir.Table) -> str:
    query = ibis.to_sql(expression, dialect=_COMPILED_AS.get(dialect, dialect))
    return _MAKE.get(dialect, "CREATE TABLE {name} AS\n{query};").format(name=name, query=query)
