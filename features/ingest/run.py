"""The entrance for files and Arrow tables: read, map, check, drop repeats, write, report."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa

from features import columns as c
from features import tables, tombstones
from features.clock import now_us
from features.errors import FileRefused
from features.history import History
from features.home import Home
from features.ingest import checks
from features.ingest import mapping as maps
from features.ingest.layout import FILE, ROW
from features.ingest.mapping import CANONICAL, Mapping
from features.ingest.opening import Advance, Source, opened, sql_schema
from features.ingest.reading import Raw, numbered
from features.ingest.report import Report
from features.ingest.select import Select
from features.ingest.sources import jobs_of, quarantine_name
from features.ingest.stage import QUARANTINE, Stage
from features.ingest.writing import Transaction, write_days, write_file
from features.tables import Table

WORST = 0.5
"""A file with a larger share of bad rows is refused whole."""

UnknownItems = Literal["keep", "quarantine"]


def ingest(
    source: Path,
    home: Home,
    mapping: Mapping | str | Path | None = None,
    *,
    table: str | None = None,
    unknown_items: UnknownItems = "quarantine",
    advance: Advance = lambda path: None,
) -> list[Report]:
    """Bring a file or a folder of files into the home.

    Parameters
    ----------
    source : Path
        Parquet, CSV or NDJSON; a folder is searched to its bottom.
    home : Home
        Where the tables are.
    mapping : Mapping, str or Path, optional
        A mapping, its file, or the name of a shipped one; canonical names when left out.
    table : str, optional
        Take the source as this table alone.
    unknown_items : {"quarantine", "keep"}
        What becomes of events whose item no items table knows, once there is one.
    advance : callable
        Called with each file that has been read.

    Returns
    -------
    list of Report
        One for each file and table; nothing of a run is in the home unless all of it is.

    Raises
    ------
    FileRefused
        When a file is empty, unreadable, of another kind than its name says, or mostly bad.
    MappingError
        When the mapping does not fit the files or itself.
    UnknownName
        When there is no table of that name.
    """
    if isinstance(mapping, str | Path):
        mapping = maps.load(mapping)
    if table is not None:
        tables.table(table)
    jobs = jobs_of(source, mapping, table)
    with Transaction(home) as into:
        run = _Run(home, into, unknown_items)
        try:
            for name, those in groupby(jobs, key=lambda job: job.table):
                run.take(tables.TABLES[name], opened(source, list(those), advance))
            run.finish()
        finally:
            run.stage.close()
    return run.reports


def ingest_table(
    table: pa.Table | Iterator[pa.RecordBatch],
    name: str,
    home: Home,
    source: str,
    *,
    unknown_items: UnknownItems = "quarantine",
) -> Report:
    """Bring rows under canonical names into the home, with the same checks as files.

    Parameters
    ----------
    table : pyarrow.Table or iterator of pyarrow.RecordBatch
        The rows; columns that may be derived can be left out, unknown ones go to ``extra``.
    name : str
        ``users``, ``items``, ``ties`` or ``events``.
    home : Home
        Where the tables are.
    source : str
        What to call it in the report and the quarantine.
    unknown_items : {"quarantine", "keep"}
        As in :func:`ingest`.

    Returns
    -------
    Report
        Counts of this table.

    Raises
    ------
    FileRefused
        When there is no row, or most rows are bad.
    MappingError
        When a required column is missing.
    UnknownName
        When there is no table of that name.
    """
    kind = tables.table(name)
    part = CANONICAL.parts(name)[0]
    rows = iter(table.to_batches() if isinstance(table, pa.Table) else table)
    first = next(rows, None)
    if first is None:
        raise FileRefused(f"{source} has no rows", expected=f"rows of {name}")

    def batches() -> Iterator[pa.RecordBatch]:
        yield first
        yield from rows

    raw = Raw(first.schema, numbered(batches()))
    opened = Source(0, source, quarantine_name(source, source), part, raw, {})
    with Transaction(home) as into:
        run = _Run(home, into, unknown_items)
        try:
            run.take(kind, [opened])
            run.finish()
        finally:
            run.stage.close()
    return run.reports[0]


class _Run:
    """One call's way from opened sources to committed files."""

    def __init__(self, home: Home, into: Transaction, unknown_items: UnknownItems) -> None:
        self.home = home
        self.into = into
        self.unknown_items = unknown_items
        self.now_us = now_us()
        self.stage = Stage(into.folder, self.now_us)
        self.reports: list[Report] = []
        self.aside: list[bool] = []

    def take(self, table: Table, sources: Iterable[Source]) -> None:
        """Read the sources of one table and write what is new of them."""
        history = History(self.home)
        self.stage.prepare(table)
        if table.name == "events" and self.unknown_items == "quarantine":
            self.stage.know_items(history.files("items"))
        read: list[Source] = []
        alike = groupby(sources, key=lambda one: (id(one.part), one.layout.schema))
        for _, group in alike:
            read += self._read(table, group)
        if stones := tombstones.read(self.home):
            self.stage.forget(table, stones)
        self.stage.settle(table, history.files(table.name))
        self.reports += self._report(table, read)
        self._write(table, read)

    def finish(self) -> None:
        """Let everything written come into the home."""
        self.into.commit()
        self.reports = [
            one
            for one, aside in zip(self.reports, self.aside, strict=True)
            if one.rows or not aside
        ]

    def _read(self, table: Table, group: Iterator[Source]) -> list[Source]:
        """Read sources of one layout in one statement."""
        first = next(group)
        select = Select(table, first.part, first.layout, first.name)
        read: list[Source] = []
        errors: list[BaseException] = []

        def batches() -> Iterator[pa.RecordBatch]:
            source: Source | None = first
            try:
                while source is not None:
                    source.notes = select.notes()
                    read.append(source)
                    yield from source.batches()
                    source = next(group, None)
            except Exception as error:  # DuckDB would pass on its words alone
                errors.append(error)
                raise

        peeked = batches()
        schema = sql_schema(first.layout)
        try:
            self.stage.take(select, pa.RecordBatchReader.from_batches(schema, peeked))
        except duckdb.Error:
            if errors:
                raise errors[0] from None
            raise
        for source in read:
            self.stage.take_broken(table, source.number, source.raw.broken)
        return read

    def _report(self, table: Table, sources: list[Source]) -> list[Report]:
        counts, reasons = self.stage.counts(table), self.stage.reasons(table)
        notes = {source.number: [*source.notes] for source in sources}
        self._note_json(table, sources, notes)
        reports = []
        for source in sources:
            rows, duplicate, bad = counts.get(source.number, (0, 0, 0))
            why = reasons.get(source.number, {})
            if not source.rows and len(sources) == 1:
                raise FileRefused(f"{source.name} has no rows", next_step="export it again")
            forgotten = why.get(checks.fault(c.USER, tombstones.FORGOTTEN), 0)
            if bad - forgotten > WORST * rows and not source.part.aside:
                raise _mostly_bad(source.name, rows, bad, why)
            kept = rows - duplicate - bad
            said = tuple(notes[source.number])
            reports.append(Report(table.name, source.name, rows, kept, duplicate, bad, why, said))
            self.aside.append(source.part.aside)
        return reports

    def _note_json(self, table: Table, sources: list[Source], notes: dict[int, list[str]]) -> None:
        """Say how many rows ``when`` left out, and how many documents hold more than columns."""
        if any(source.part.when for source in sources):
            query = f"SELECT {FILE}, count(DISTINCT {ROW}) FROM {table.name} GROUP BY ALL"
            chosen = self.stage.number(query)
            for source in sources:
                left = source.rows - chosen.get(source.number, 0)
                if source.part.when and left and not source.part.aside:
                    notes[source.number].append(f"{left} rows are not selected by when:")
        if any(source.layout.is_json for source in sources):
            kept = self.stage.number(f"SELECT {FILE}, count(extra) FROM {table.name} GROUP BY ALL")
            for source in sources:
                count = kept.get(source.number, 0)
                if source.layout.is_json and count:
                    notes[source.number].append(f"unknown keys kept in extra of {count} rows")

    def _write(self, table: Table, sources: list[Source]) -> None:
        own = [report for report in self.reports if report.table == table.name]
        for source, report in zip(sources, own, strict=True):
            final = self.home.quarantine / table.name / source.quarantine
            self.into.remove(final)
            if report.quarantined:
                bad = self.stage.quarantined(table, source.number, source.name)
                write_file(bad, QUARANTINE, self.into.place(final))
        if not any(report.kept for report in own):
            return
        name = f"{Path(sources[0].quarantine).stem}-{self.now_us:x}.parquet"
        kept = self.stage.kept(table)
        if table.name == "events":
            write_days(kept, table.schema, name, self.into)
        else:
            write_file(kept, table.schema, self.into.place(self.home.table(table.name) / name))


def _mostly_bad(name: str, rows: int, bad: int, why: dict[str, int]) -> FileRefused:
    top = ", ".join(f"{reason} ({count})" for reason, count in list(why.items())[:3])
    return FileRefused(
        f"{name} is refused: {bad} of {rows} rows are bad",
        expected=f"at most {WORST:.0%}",
        got=top,
        next_step="mend the mapping or the file",
    )
