"""The work table of one run: canonical rows with their faults, before anything is kept.

DuckDB holds it on disk below the home's ``.ingest/``, so that memory stays bounded.
"""

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

from features import columns as c
from features import tombstones
from features.history import THREADS
from features.ingest import checks, rules
from features.ingest.casting import DUCK, text
from features.ingest.layout import FILE, ROW
from features.ingest.select import Select
from features.tables import ITEMS, Table
from features.tombstones import Absence, Tombstones, cleaned_extra

MEMORY = "1500MB"
"""DuckDB spills to disk above this."""

QUARANTINE = pa.schema([
    ("reason", pa.string()),
    ("source", pa.string()),
    ("row", pa.int64()),
    ("raw", pa.string()),
])
"""Columns of a quarantine file; ``row`` counts from 1, without a header; ``raw`` is JSON."""


WORD = r"""[^\s"',;:{}\[\]\\\\]+"""
"""What may be an id in the text of a faulty row, or in JSON."""


class Stage:
    """Rows of one run.

    Parameters
    ----------
    folder : Path
        For the work table and what spills over.
    now_us : int
        The wall clock.
    """

    def __init__(self, folder: Path, now_us: int) -> None:
        self.now_us = now_us
        self.known_items = False
        self.connection = duckdb.connect(
            folder / "work.duckdb",
            config={
                "threads": THREADS,
                "memory_limit": MEMORY,
                "preserve_insertion_order": "false",
                "temp_directory": str(folder / "spill"),
            },
        )

    def close(self) -> None:
        """Let go of the work table."""
        self.connection.close()

    def prepare(self, table: Table) -> None:
        """Make the empty work table of a canonical one."""
        own = f"{FILE} INTEGER, {ROW} BIGINT, _reason VARCHAR, _raw VARCHAR, _hash VARCHAR"
        columns = ", ".join(f"{field.name} {DUCK[field.type]}" for field in table.schema)
        self.connection.execute(f"CREATE TABLE {table.name} ({own}, {columns})")

    def know_items(self, files: list[Path]) -> None:
        """Gather the ids that events may name: the home's items and this run's."""
        sources = [f"SELECT {c.ITEM} FROM {parquet(files)}"] if files else []
        if ITEMS.name in self._tables():
            sources.append(f"SELECT {c.ITEM} FROM items WHERE _reason IS NULL")
        if sources:
            union = " UNION ".join(sources)
            self.connection.execute(f"CREATE TABLE known_items AS {union}")
            found = self.connection.execute("SELECT count(*) > 0 FROM known_items").fetchall()
            self.known_items = bool(found[0][0])

    def take(self, select: Select, rows: pa.RecordBatchReader) -> None:
        """Add the rows of one source.

        Parameters
        ----------
        select : Select
            How to read them.
        rows : pyarrow.RecordBatchReader
            Columns ``s0, s1, …`` in the order of the layout, ``_file`` and ``_row``.
        """
        known = self.known_items and select.table.name == "events"
        query = select.sql(self.now_us, known_items=known)
        self.connection.register("source", rows)
        self.connection.execute(f"INSERT INTO {select.table.name} {query}")
        self.connection.unregister("source")
        if select.lists:
            self._spread_faults(select.table)

    def take_broken(self, table: Table, file: int, broken: Iterable[tuple[int, str]]) -> None:
        """Add rows that could not even be split into fields."""
        reason = checks.fault(rules.ROW, rules.NOT_A_ROW)
        rows = [(file, number, reason, said) for number, said in broken]
        if rows:
            named = f"{table.name} ({FILE}, {ROW}, _reason, _raw)"
            values = "VALUES (?, ?, ?, json_object('line', ?))"
            self.connection.executemany(f"INSERT INTO {named} {values}", rows)

    def forget(self, table: Table, stones: Tombstones) -> None:
        """Refuse rows about forgotten people, and what they said; take the name out of others'.

        A faulty row keeps its reason, but nothing of what it said where it names one of them.
        """
        if not tombstones.OWNERS[table.name]:
            return
        present = tombstones.named(stones, {table.name: table.name})
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE forgotten AS {present}")
        absence = Absence(table.name, f"SELECT {c.USER} FROM forgotten")
        reason = text(checks.fault(c.USER, tombstones.FORGOTTEN))
        self.connection.execute(
            f"UPDATE {table.name} SET _reason = {reason}, _raw = NULL WHERE {absence.gone}"
        )
        if absence.stripped:
            changes = ", ".join(f"{name} = {how}" for name, how in absence.stripped.items())
            self.connection.execute(f"UPDATE {table.name} SET {changes}")
        raw = "CASE WHEN json_valid(_raw) THEN json_merge_patch('{}', _raw)::VARCHAR ELSE _raw END"
        self.connection.execute(
            f"UPDATE {table.name} SET _raw = NULL "
            f"WHERE _reason IS NOT NULL AND {_mentions(raw, stones)}"
        )
        query = f"SELECT {c.EXTRA}, rowid FROM {table.name} WHERE {_mentions(c.EXTRA, stones)}"
        said = self.connection.execute(query).fetchall()
        cleaned = [(cleaned_extra(extra, stones.__contains__), row) for extra, row in said]
        if cleaned:
            change = f"UPDATE {table.name} SET {c.EXTRA} = ? WHERE rowid = ?"
            self.connection.executemany(change, cleaned)

    def settle(self, table: Table, files: list[Path]) -> None:
        """Find repeats and contradictions, within the run and against the home's ``files``."""
        if table.name == "events":
            self._number_repeats()
            self._drop_events(table, files)
        else:
            self._drop_versions(table, files)

    def counts(self, table: Table) -> dict[int, tuple[int, int, int]]:
        """Count rows, duplicates and quarantined rows of each file."""
        query = (
            f"SELECT {FILE}, count(*), count(d.row), count(_reason) FROM {table.name} t "
            f"LEFT JOIN {table.name}_dropped d ON t.rowid = d.row GROUP BY ALL"
        )
        found = self.connection.execute(query).fetchall()
        return {file: (rows, dropped, bad) for file, rows, dropped, bad in found}

    def reasons(self, table: Table) -> dict[int, dict[str, int]]:
        """Count quarantined rows of each file by reason, the most frequent first."""
        query = f"SELECT {FILE}, _reason, count(*) AS n FROM {table.name} WHERE _reason IS NOT NULL"
        found: dict[int, dict[str, int]] = {}
        ordered = f"{query} GROUP BY ALL ORDER BY n DESC, _reason"
        for file, reason, count in self.connection.execute(ordered).fetchall():
            found.setdefault(file, {})[reason] = count
        return found

    def number(self, query: str) -> dict[int, int]:
        """Run a query that gives a number for each file."""
        return dict(self.connection.execute(query).fetchall())

    def kept(self, table: Table) -> pa.RecordBatchReader:
        """Read what is new, in the order it is stored."""
        order = c.AT if table.name == "events" else ", ".join(table.key)
        names = ", ".join(table.schema.names)
        good = f"_reason IS NULL AND rowid NOT IN (SELECT row FROM {table.name}_dropped)"
        query = f"SELECT {names} FROM {table.name} WHERE {good} ORDER BY {order}, {FILE}, {ROW}"
        return self.connection.sql(query).to_arrow_reader()

    def quarantined(self, table: Table, file: int, source: str) -> pa.RecordBatchReader:
        """Read the bad rows of one file, in the columns of :data:`QUARANTINE`."""
        columns = f"_reason AS reason, {text(source)} AS source, {ROW} AS row, _raw AS raw"
        bad = f"{FILE} = {file} AND _reason IS NOT NULL"
        query = f"SELECT {columns} FROM {table.name} WHERE {bad} ORDER BY {ROW}"
        return self.connection.sql(query).to_arrow_reader()

    def _tables(self) -> set[str]:
        return {name for (name,) in self.connection.execute("SHOW TABLES").fetchall()}

    def _spread_faults(self, table: Table) -> None:
        """Let an order with a bad line be bad as a whole."""
        worst = (
            f"SELECT {FILE} AS f, {ROW} AS r, min(_reason) AS why, any_value(_raw) AS what "
            f"FROM {table.name} WHERE _reason IS NOT NULL GROUP BY ALL"
        )
        self.connection.execute(
            f"UPDATE {table.name} SET _reason = why, _raw = what FROM ({worst}) AS worst "
            f"WHERE {FILE} = f AND {ROW} = r AND _reason IS NULL"
        )

    def _number_repeats(self) -> None:
        """Give identical rows of one file the ids ``…-0``, ``…-1``: honest repeats survive."""
        repeated = (
            "SELECT _hash FROM events WHERE _hash IS NOT NULL GROUP BY _hash HAVING count(*) > 1"
        )
        place = f"dense_rank() OVER (PARTITION BY {FILE}, _hash ORDER BY {ROW}) - 1"
        numbered = f"SELECT rowid AS r, {place} AS n FROM events WHERE _hash IN ({repeated})"
        self.connection.execute(
            f"UPDATE events SET {c.MESSAGE} = _hash || '-' || n "
            f"FROM ({numbered}) AS numbered WHERE events.rowid = r AND n > 0"
        )

    def _drop_events(self, table: Table, files: list[Path]) -> None:
        key = ", ".join(table.key)
        good = "_reason IS NULL"
        suspects = (
            f"SELECT hash({key}) AS h FROM events WHERE {good} GROUP BY h HAVING count(*) > 1"
        )
        place = f"row_number() OVER (PARTITION BY {key} ORDER BY {FILE}, {ROW})"
        drops = (
            f"SELECT rowid AS row FROM events WHERE {good} AND hash({key}) IN ({suspects}) "
            f"QUALIFY {place} > 1"
        )
        if files:
            there = f"SELECT {key} FROM {parquet(files)}"
            known = f"SELECT rowid FROM events WHERE {good} AND ({key}) IN ({there})"
            drops = f"{drops} UNION {known}"
        self.connection.execute(f"CREATE TABLE events_dropped AS {drops}")

    def _drop_versions(self, table: Table, files: list[Path]) -> None:
        name, key = table.name, ", ".join(table.key)
        rest = [column for column in table.schema.names if column not in table.key]
        content = f"hash({', '.join(rest)}) AS content"
        own = f"SELECT {key}, {content}, {FILE}, {ROW}, rowid AS row FROM {name}"
        rows = f"{own} WHERE _reason IS NULL"
        if files:
            rows += f" UNION ALL SELECT {key}, {content}, -1, 0, NULL FROM {parquet(files)}"
        order = f"PARTITION BY {key} ORDER BY {FILE}, {ROW}"
        ranked = (
            f"SELECT row, content = first_value(content) OVER ({order}) AS same, "
            f"row_number() OVER ({order}) AS place FROM ({rows})"
        )
        self.connection.execute(
            f"CREATE TEMP TABLE {name}_repeats AS SELECT row, same FROM ({ranked}) "
            "WHERE place > 1 AND row IS NOT NULL"
        )
        reason = text(checks.fault(table.key[0], rules.CONFLICT))
        self.connection.execute(
            f"UPDATE {name} SET _reason = {reason} "
            f"WHERE rowid IN (SELECT row FROM {name}_repeats WHERE NOT same)"
        )
        same = f"SELECT row FROM {name}_repeats WHERE same"
        self.connection.execute(f"CREATE TABLE {name}_dropped AS {same}")


def _mentions(column: str, stones: Tombstones) -> str:
    """Condition: a word of a text is the id of a forgotten person."""
    words = f"regexp_extract_all({column}, {text(WORD)})"
    return f"len(list_filter({words}, lambda word: {stones.sql('word')})) > 0"


def parquet(files: list[Path]) -> str:
    """Write the SQL that reads Parquet files."""
    paths = ", ".join(text(str(path)) for path in files)
    return f"read_parquet([{paths}], hive_partitioning = false)"
