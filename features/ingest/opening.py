"""Opened files of a run: their rows numbered, under the names that the statements expect."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from features.ingest.layout import FILE, ROW, Layout
from features.ingest.mapping import Part
from features.ingest.reading import Raw, open_raw
from features.ingest.sources import Job

Advance = Callable[[Path], None]
"""Called with each file that has been read."""


class Source:
    """One opened file of a run.

    Parameters
    ----------
    number : int
        Its place in the run.
    name : str
        It in reports and messages.
    quarantine : str
        File name for its bad rows.
    part : Part
        Its mapping.
    raw : Raw
        Its rows.
    partitions : dict of str to str
        Columns that its folders give.
    """

    def __init__(
        self,
        number: int,
        name: str,
        quarantine: str,
        part: Part,
        raw: Raw,
        partitions: dict[str, str],
    ) -> None:
        self.number = number
        self.name = name
        self.quarantine = quarantine
        self.part = part
        self.raw = raw
        self.partitions = {k: v for k, v in partitions.items() if k not in raw.schema.names}
        self.rows = 0
        self.notes: list[str] = []

    @property
    def layout(self) -> Layout:
        """Columns of the file, then those of its folders."""
        folders = [pa.field(name, pa.string()) for name in self.partitions]
        return Layout(pa.schema([*self.raw.schema, *folders]), tuple(self.partitions))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Rows under the names that :class:`Select` expects."""
        names = [f"s{n}" for n in range(len(self.layout.names))]
        for numbers, batch in self.raw.batches:
            count = batch.num_rows
            self.rows += count
            folders = [pa.repeat(value, count) for value in self.partitions.values()]
            own = [pa.array(np.full(count, self.number, np.int32)), pa.array(numbers)]
            yield pa.record_batch([*batch.columns, *folders, *own], names=[*names, FILE, ROW])
        self.rows += len(self.raw.broken)


def opened(source: Path, jobs: list[Job], advance: Advance) -> Iterator[Source]:
    """Open the files of some jobs one after the other; ``advance`` is told of each once read."""
    for number, job in enumerate(jobs):
        name = job.path.name if job.path == source else job.path.relative_to(source).as_posix()
        raw = open_raw(job.path, job.part)
        yield Source(number, name, job.quarantine, job.part, raw, job.partitions)
        advance(job.path)


def sql_schema(layout: Layout) -> pa.Schema:
    """Schema of :meth:`Source.batches`."""
    columns = [pa.field(f"s{n}", one.type) for n, one in enumerate(layout.schema)]
    return pa.schema([*columns, pa.field(FILE, pa.int32()), pa.field(ROW, pa.int64())])
