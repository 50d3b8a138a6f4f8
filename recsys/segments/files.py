"""Files that segments are handed over in: CSV, XLSX and Parquet, whole or not at all."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import InputError

KINDS = (".csv", ".xlsx", ".parquet")

SHEET_ROWS = 1_048_575
"""Rows that a spreadsheet takes below its titles."""

BATCH = 10_000
"""Rows of a Parquet row group that wait in memory."""

Write = Callable[[Sequence[object]], None]


@contextmanager
def writer(path: Path, titles: Sequence[str]) -> Iterator[Write]:
    """Rows into a file that appears when the last one is written.

    Parameters
    ----------
    path : Path
        ``.csv`` (UTF-8 with a mark, so that spreadsheets read it), ``.xlsx`` (ids as text) or
        ``.parquet``.
    titles : sequence of str
        Of the columns; the first two are words.

    Raises
    ------
    InputError
        When the file is of another kind, or has more rows than a spreadsheet takes.
    """
    check(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    opened = {".csv": _csv, ".xlsx": _xlsx, ".parquet": _parquet}[path.suffix]
    try:
        with opened(partial, titles) as write:
            yield write
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def check(path: Path) -> None:
    """Refuse a file of another kind.

    Examples
    --------
    >>> check(Path("people.doc"))
    Traceback (most recent call last):
    features.errors.InputError: no kind of file (expected .csv, .xlsx, .parquet; got people.doc)
    """
    if path.suffix not in KINDS:
        raise InputError("no kind of file", expected=", ".join(KINDS), got=path.name)


@contextmanager
def _csv(path: Path, titles: Sequence[str]) -> Iterator[Write]:
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        sheet = csv.writer(stream)
        sheet.writerow(titles)
        yield lambda row: sheet.writerow([_plain(safe(one)) for one in row])


@contextmanager
def _xlsx(path: Path, titles: Sequence[str]) -> Iterator[Write]:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("people")
        sheet.set_column(0, 0, 30, book.add_format({"num_format": "@"}))
        place = 0

        def write(row: Sequence[object]) -> None:
            nonlocal place
            if place > SHEET_ROWS:
                raise InputError(
                    "more rows than a spreadsheet takes", expected=f"{SHEET_ROWS:,} at most",
                    next_step="export as .csv or .parquet",
                )  # fmt: skip
            for column, one in enumerate(row):
                told = _plain(one)
                if isinstance(told, bool | int | float):
                    sheet.write(place, column, told)
                elif told is not None:
                    sheet.write_string(place, column, str(told))
            place += 1

        write(titles)
        yield write


@contextmanager
def _parquet(path: Path, titles: Sequence[str]) -> Iterator[Write]:
    rows: list[Sequence[object]] = []
    file: pq.ParquetWriter | None = None

    def flush() -> None:
        nonlocal file
        columns = list(zip(*rows, strict=True)) or [()] * len(titles)
        kinds = file.schema if file else None
        table = pa.table({t: list(v) for t, v in zip(titles, columns, strict=True)}, schema=kinds)
        if file is None:
            words = [pa.field(name, pa.string()) for name in table.schema.names[:2]]
            table = table.cast(pa.schema([*words, *list(table.schema)[2:]]))
            file = pq.ParquetWriter(path, table.schema, compression="zstd")
        file.write_table(table)
        rows.clear()

    def write(row: Sequence[object]) -> None:
        rows.append(row)
        if len(rows) == BATCH * 10:
            flush()

    try:
        yield write
        flush()
    finally:
        if file is not None:
            file.close()


def safe(value: object) -> object:
    """A cell that no spreadsheet takes for a formula.

    Examples
    --------
    >>> safe("=HYPERLINK(1)"), safe("u1")
    ("'=HYPERLINK(1)", 'u1')
    """
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def _plain(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
