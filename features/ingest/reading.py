"""Files as streams of Arrow batches: Parquet, CSV and NDJSON, plain or gzipped."""

import codecs
import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from features.errors import FileRefused
from features.ingest.layout import DOCUMENT
from features.ingest.mapping import Part

ROWS = 131_072
"""Rows of one batch."""

BLOCK = 8 << 20
"""Bytes read at a time from a text file."""

SUFFIXES = {
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".csv": "CSV",
    ".tsv": "CSV",
    ".txt": "CSV",
    ".ndjson": "NDJSON",
    ".jsonl": "NDJSON",
    ".json": "NDJSON",
}
"""What a file's name promises; a name without a suffix promises nothing (Hive's ``000000_0``)."""

MAGIC = {
    b"PAR1": "Parquet",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"ORC": "ORC",
    b"Obj\x01": "Avro",
}
"""What a file's first bytes tell."""

BROKEN = (pa.ArrowException, OSError, EOFError, UnicodeError, zlib.error, msgspec.DecodeError)
"""What the libraries raise on files that are cut short, damaged or in another encoding."""


@dataclass(frozen=True)
class Raw:
    """One opened file.

    Parameters
    ----------
    schema : pyarrow.Schema
        Its columns.
    batches : iterator of (numpy.ndarray, pyarrow.RecordBatch)
        Row numbers (int64, from 1, a header not counted) and rows.
    broken : list of (int, str)
        Rows that have another number of fields than the header, with their row number; filled
        while ``batches`` is read.
    """

    schema: pa.Schema
    batches: Iterator[tuple[np.ndarray, pa.RecordBatch]]
    broken: list[tuple[int, str]] = field(default_factory=list)


def format_of(path: Path) -> str | None:
    """Say what a file's name promises: Parquet, CSV, NDJSON; None when it is no data file.

    Examples
    --------
    >>> format_of(Path("a/events.jsonl.gz")), format_of(Path("README.md"))
    ('NDJSON', None)
    """
    suffix = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if suffix.lower() in SUFFIXES:
        return SUFFIXES[suffix.lower()]
    if suffix:
        return None
    start = start_of(path).lstrip()
    return "Parquet" if start[:4] == b"PAR1" else "NDJSON" if start[:1] in b"{[" else "CSV"


def open_raw(path: Path, part: Part) -> Raw:
    """Open a file for reading in batches.

    Raises
    ------
    FileRefused
        When it is empty, of another kind than its name says, or broken; the last also while
        its batches are read.
    """
    promised = format_of(path)
    if promised is None:
        raise FileRefused(f"{path.name} is no data file", expected=", ".join(SUFFIXES))
    _refuse_other_kind(path, promised)
    if promised == "Parquet":
        return _parquet(path)
    return _csv(path, part) if promised == "CSV" else _ndjson(path, part)


def start_of(path: Path, size: int = 4096) -> bytes:
    """Read a file's first bytes, decompressed."""
    with _stream(path) as stream:
        return stream.read(size)


def _stream(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path) if path.suffix == ".gz" else path.open("rb"))


def _refuse_other_kind(path: Path, promised: str) -> None:
    try:
        start = start_of(path)
    except BROKEN as error:
        raise FileRefused(f"{path.name} cannot be opened: {error}") from error
    if not start:
        raise FileRefused(f"{path.name} is an empty file", next_step="export it again")
    kind = next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)
    if kind is None and b"\x00" in start and promised != "Parquet":
        kind = "a binary file"
    if kind is None and promised == "Parquet":
        kind = "not Parquet (it does not begin with PAR1)"
    if kind is None and promised == "CSV" and start.lstrip()[:2] in {b'{"', b'["', b"[{"}:
        kind = "JSON"
    if kind not in {None, promised}:
        raise FileRefused(
            f"{path.name} is not what its name says",
            expected=promised,
            got=kind or "",
            next_step="rename it if that is what it should be, else export it again",
        )


def _parquet(path: Path) -> Raw:
    try:
        file = pq.ParquetFile(path)
    except BROKEN as error:
        raise _broken(path, "Parquet", error) from error

    def batches() -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
        try:
            with file:
                yield from numbered(file.iter_batches(ROWS))
        except BROKEN as error:
            raise _broken(path, "Parquet", error) from error

    return Raw(file.schema_arrow, batches())


def numbered(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
    """Number the rows of batches from 1."""
    first = 1
    for batch in batches:
        yield np.arange(first, first + batch.num_rows), batch
        first += batch.num_rows


def _csv(path: Path, part: Part) -> Raw:
    delimiter = part.delimiter or ("\t" if ".tsv" in path.suffixes else ",")
    quote = '"' if delimiter.isprintable() or delimiter == "\t" else ""
    names = list(part.names) or _header(path, part.encoding, delimiter, quote)
    broken: list[tuple[int, str]] = []
    skipped: list[int] = []
    header = 0 if part.names else 1

    def skip(row: pacsv.InvalidRow) -> str:
        skipped.append(row.number - header)
        broken.append((row.number - header, row.text))
        return "skip"

    def batches() -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
        first = 1
        with _stream(path) as stream:
            try:
                reader = pacsv.open_csv(
                    stream,
                    pacsv.ReadOptions(
                        use_threads=False,
                        block_size=BLOCK,
                        column_names=names,
                        skip_rows=header,
                        encoding=part.encoding,
                    ),
                    pacsv.ParseOptions(
                        delimiter=delimiter,
                        quote_char=quote or False,
                        newlines_in_values=bool(quote),
                        invalid_row_handler=skip,
                    ),
                    pacsv.ConvertOptions(
                        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                    ),
                )
                for batch in reader:
                    span = np.arange(first, first + batch.num_rows + len(skipped))
                    numbers = np.setdiff1d(span, skipped)[: batch.num_rows]
                    yield numbers, batch
                    first = int(numbers[-1]) + 1 if len(numbers) else first
                    skipped[:] = [number for number in skipped if number >= first]
            except BROKEN as error:
                raise _broken(path, "CSV", error, part.encoding) from error

    schema = pa.schema([(name, pa.string()) for name in names])
    return Raw(schema, batches(), broken)


def _header(path: Path, encoding: str, delimiter: str, quote: str) -> list[str]:
    encoding = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    try:
        with _stream(path) as stream:
            line = stream.readline().decode(encoding).rstrip("\r\n")
    except UnicodeError as error:
        raise _broken(path, "CSV", error, encoding) from error
    names = next(csv.reader([line], delimiter=delimiter), []) if quote else line.split(delimiter)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileRefused(f"{path.name} has two columns of one name", got=", ".join(twice))
    return names


def _ndjson(path: Path, part: Part) -> Raw:
    return Raw(pa.schema([(DOCUMENT, pa.string())]), _documents(path, part.encoding))


def _documents(path: Path, encoding: str) -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
    first = 1
    try:
        for lines in _lines(path):
            filled = np.array([bool(line.strip()) for line in lines], dtype=bool)
            numbers = np.arange(first, first + len(lines))[filled]
            first += len(lines)
            documents = [line for line, there in zip(lines, filled, strict=True) if there]
            if codecs.lookup(encoding).name == "utf-8":
                column = pa.array(documents, pa.binary()).cast(pa.string())
            else:
                column = pa.array([line.decode(encoding) for line in documents], pa.string())
            yield numbers, pa.record_batch([column], [DOCUMENT])
    except BROKEN as error:
        raise _broken(path, "NDJSON", error, encoding) from error


def _lines(path: Path) -> Iterator[list[bytes]]:
    with _stream(path) as stream:
        rest = stream.read(BLOCK).removeprefix(codecs.BOM_UTF8)
        if rest.lstrip()[:1] == b"[":  # one array instead of lines
            array = msgspec.json.decode(rest + stream.read(), type=list[msgspec.Raw])
            yield [bytes(one).replace(b"\n", b" ") for one in array]
            return
        while rest:
            *lines, rest = rest.split(b"\n")
            block = stream.read(BLOCK)
            if not block:
                lines, rest = [*lines, rest], b""
            if lines:
                yield lines
            rest += block


def _broken(path: Path, kind: str, error: Exception, encoding: str = "") -> FileRefused:
    said = " ".join(str(error).split())
    spelling = isinstance(error, UnicodeError) or "UTF8" in said or "utf-8" in said
    return FileRefused(
        f"{path.name} cannot be read as {kind}" + (f" in {encoding}" if spelling else ""),
        got=said[:200],
        next_step="state its encoding: in the mapping, such as gbk"
        if spelling
        else "export it again",
    )
