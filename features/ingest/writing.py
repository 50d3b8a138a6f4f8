"""All or nothing: a run's files come into the home together, or not at all.

Everything is written below ``.ingest/`` in the home. When all of it is there, ``commit.json`` lists
the moves; only then do they begin. A run that dies before that leaves nothing; one that dies after
it is finished by the next.
"""

import fcntl
import json
import os
import shutil
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.clock import DAY_US
from features.errors import InputError
from features.history import utc_day
from features.home import Home

GROUP_ROWS = 1_000_000
"""Rows of a Parquet row group at most."""

FEW = 10_000
"""Rows below which a quick codec without dictionaries pays: thousands of small days."""


class Transaction:
    """One run's writing; a context manager that holds the home's ingest lock.

    Parameters
    ----------
    home : Home
        Made when it is not there; unmade when nothing is committed.

    Raises
    ------
    InputError
        When another ingest is writing to the home.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self.folder = home.root / ".ingest"
        self._moves: list[str] = []
        self._removals: list[str] = []

    def __enter__(self) -> Self:
        self.home.root.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.home.root, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise InputError(
                f"another ingest is writing to {self.home.root}", next_step="wait until it is done"
            ) from error
        self._finish()
        self.folder.mkdir()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if not any(self.home.root.iterdir()):
            self.home.root.rmdir()
        os.close(self._lock)

    def place(self, final: Path) -> Path:
        """Return where to write the file that will be ``final``."""
        inside = final.relative_to(self.home.root).as_posix()
        self._moves.append(inside)
        place = self.folder / inside
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def remove(self, final: Path) -> None:
        """Let ``final`` go at the commit, if it is there."""
        if final.exists():
            self._removals.append(final.relative_to(self.home.root).as_posix())

    def commit(self) -> None:
        """Move everything into the home."""
        plan = self.folder / "commit.json"
        draft = self.folder / "commit.draft"
        draft.write_text(json.dumps({"move": self._moves, "remove": self._removals}))
        draft.rename(plan)
        self._finish()

    def _finish(self) -> None:
        """Carry out the plan of a committed run, this one's or one that died; drop the rest."""
        plan = self.folder / "commit.json"
        if plan.exists():
            listed = json.loads(plan.read_text())
            for inside in listed["remove"]:
                (self.home.root / inside).unlink(missing_ok=True)
            for inside in listed["move"]:
                self._move(inside)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _move(self, inside: str) -> None:
        final = self.home.root / inside
        final.parent.mkdir(parents=True, exist_ok=True)
        if (self.folder / inside).exists():
            (self.folder / inside).replace(final)


def write_days(
    batches: pa.RecordBatchReader, schema: pa.Schema, name: str, into: Transaction
) -> int:
    """Write events sorted by ``at_us`` into one file for each UTC day.

    Parameters
    ----------
    batches : pyarrow.RecordBatchReader
        Events in the order of ``at_us``.
    schema : pyarrow.Schema
        Of the events table.
    name : str
        File name within each day.
    into : Transaction
        Where the files go.

    Returns
    -------
    int
        Rows written.
    """
    rows, day, waiting = 0, None, _Waiting(schema)
    for batch in batches:
        days = batch.column("at_us").to_numpy() // DAY_US
        cuts = [0, *(np.flatnonzero(np.diff(days)) + 1), batch.num_rows]
        for start, end in pairwise(cuts):
            if end > start and days[start] != day:
                waiting.close()
                day = int(days[start])
                folder = into.home.events / f"day={utc_day(day * DAY_US)}"
                waiting = _Waiting(schema, into.place(folder / name))
            waiting.add(batch.slice(start, end - start))
        rows += batch.num_rows
    waiting.close()
    return rows


def write_file(batches: pa.RecordBatchReader, schema: pa.Schema, path: Path) -> int:
    """Write batches into one Parquet file and count its rows."""
    waiting = _Waiting(schema, path)
    rows = 0
    for batch in batches:
        waiting.add(batch)
        rows += batch.num_rows
    waiting.close()
    return rows


class _Waiting:
    """Rows of one file, gathered into large row groups."""

    def __init__(self, schema: pa.Schema, path: Path | None = None) -> None:
        self.schema = schema
        self.path = path
        self.batches: list[pa.RecordBatch] = []
        self.rows = 0
        self.writer: pq.ParquetWriter | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        self.batches.append(batch)
        self.rows += batch.num_rows
        if self.rows >= GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        if self.batches:
            if self.writer is None:
                many = self.rows >= FEW
                self.writer = pq.ParquetWriter(
                    self.path,
                    self.schema,
                    compression="zstd" if many else "snappy",
                    use_dictionary=many,
                )
            self.writer.write_table(pa.Table.from_batches(self.batches).cast(self.schema))
        self.batches, self.rows = [], 0

    def close(self) -> None:
        self.flush()
        if self.writer is not None:
            self.writer.close()
