"""Erasing a person from the files of a home: each file that names the person is written anew.

Files change within one ``features.ingest.writing.Transaction``: all of them at once, and after a
crash either the next run finishes it or nothing has changed.
"""

import csv
import hashlib
import io
import json
import shutil
import sqlite3
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from xml.sax.saxutils import escape

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from features import columns as c
from features import tombstones
from features.events import ANONYMOUS_PREFIX
from features.history import THREADS, History
from features.home import Home
from features.ingest.writing import Transaction
from features.references import References
from features.risk import TRUSTED
from features.tables import TABLES, Table
from features.tombstones import NAMED, OWNERS, Absence

_STRIPPED = ("recent", "deeds")
"""Files of a snapshot whose rows are somebody's own acts, with or without a peer."""


@dataclass
class Count:
    """What was erased in one place.

    Parameters
    ----------
    rows : int
        Rows that are gone.
    stripped : int
        Rows of others that no longer name the person.
    files : int
        Files written anew or removed.
    """

    rows: int = 0
    stripped: int = 0
    files: int = 0

    def __add__(self, other: Self) -> "Count":
        """Both together."""
        return Count(
            self.rows + other.rows, self.stripped + other.stripped, self.files + other.files
        )


class Erasure:
    """One person's way out of the files of a home; a context manager.

    Parameters
    ----------
    home : Home
        Whose files.
    user_id : str
        The person.
    into : Transaction
        What the changes are gathered in; the caller commits.
    """

    def __init__(self, home: Home, user_id: str, into: Transaction) -> None:
        self.home = home
        self.into = into
        self.user_id = user_id
        self.counts: dict[str, Count] = defaultdict(Count)

    def __enter__(self) -> Self:
        self.connection = duckdb.connect(config={"threads": THREADS})
        self.connection.execute("SET VARIABLE person = $1", [self.user_id])
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def run(self) -> None:
        """Erase from everything: tables, quarantine, snapshots, impressions, exports, lists."""
        for table in TABLES.values():
            self._canonical(table)
        self._quarantine()
        for place, files in (
            ("snapshots", self.home.features.rglob("*.parquet")),
            ("impressions", self.home.table("impressions").rglob("*.parquet")),
            ("scores", (self.home.root / "scores").rglob("*.parquet")),
        ):
            self._plain(place, sorted(files))
        for folder in sorted(self.home.features.glob("*/references")):
            self._references(folder)
        self._trusted(self.home.root / TRUSTED)
        for path in sorted((self.home.root / "exports").rglob("*")):
            self._exported(path)
        self._lists()
        self._results()
        shutil.rmtree(self.home.work, ignore_errors=True)  # made from everybody; made again

    def _trusted(self, path: Path) -> None:
        lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
        if self.user_id in lines:
            self._write(path, "\n".join(line for line in lines if line != self.user_id))
            self._count("trusted", 1)

    def _references(self, folder: Path) -> None:
        """Write a snapshot's references anew, and name their version in its manifest."""
        left = References.without(folder, self.user_id)
        if left is None:
            return
        with TemporaryDirectory() as place:
            left.save(Path(place))
            kept = {path.name: path.read_bytes() for path in Path(place).iterdir()}
        for path in sorted(folder.iterdir()):
            if path.name not in kept:
                self.into.remove(path)
        for name, content in kept.items():
            self.into.place(folder / name).write_bytes(content)
        manifest = folder.parent / "manifest.json"
        told = {**json.loads(manifest.read_text()), "references": left.version}
        self.into.place(manifest).write_text(json.dumps(told, indent=1))
        self._count("snapshots", 1)

    def _canonical(self, table: Table) -> None:
        absence = Absence(table.name, "getvariable('person')")
        people = dict.fromkeys((*OWNERS[table.name], *NAMED.get(table.name, ())))
        names = [f"{name} = getvariable('person')" for name in people]
        names += [f"contains({c.EXTRA}, '{one}')" for one in map(_quoted, self._spellings)]
        named = " OR ".join(names)
        for path in self._naming(History(self.home).files(table.name), named):
            found = self._numbers(
                f"SELECT count(*) FILTER (NOT {absence.gone} AND ({named})), "
                f"count(*) FILTER ({absence.gone}) FROM {_parquet([path])}"
            )
            rows = self.connection.sql(absence.rows(_parquet([path]))).to_arrow_table()
            rows = rows.select(table.schema.names)
            place = rows.schema.get_field_index(c.EXTRA)
            rows = rows.set_column(place, c.EXTRA, self._cleaned(rows[c.EXTRA]))
            self._replace(path, rows.cast(table.schema))
            self._count(table.name, found[1], found[0])

    def _lists(self) -> None:
        """Uploaded lists of segments; done at once, so that a repeat finds nothing more."""
        path = self.home.root / "segments.db"
        if not path.is_file():
            return
        with closing(sqlite3.connect(path, timeout=10.0)) as book:
            book.execute("PRAGMA secure_delete = ON")
            with book:
                gone = book.execute("DELETE FROM lists WHERE user_id = ?", [self.user_id])
            book.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if gone.rowcount > 0:
            self._count("lists", gone.rowcount)

    def _results(self) -> None:
        """Results of batch scoring, whoever they are of: they are kept for a day at most."""
        for path in sorted((self.home.root / "tasks").glob("bentoml.*.db")):
            with closing(sqlite3.connect(path, timeout=10.0)) as kept:
                kept.execute("PRAGMA secure_delete = ON")
                with kept:
                    gone = kept.execute("DELETE FROM result")
                kept.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if gone.rowcount > 0:
                self._count("results", gone.rowcount)

    @property
    def _spellings(self) -> tuple[str, ...]:
        """The id as JSON may write it."""
        written = {json.dumps(self.user_id, ensure_ascii=ascii)[1:-1] for ascii in (True, False)}
        return tuple(sorted(written))

    def _cleaned(self, extra: pa.ChunkedArray) -> pa.Array:
        return pa.array(
            [
                tombstones.cleaned_extra(one, self.user_id.__eq__)
                if one and any(spelling in one for spelling in self._spellings)
                else one
                for one in extra.to_pylist()
            ],
            pa.string(),
        )

    def _quarantine(self) -> None:
        known = (*self._spellings, self.user_id.removeprefix(ANONYMOUS_PREFIX))
        tests = " OR ".join(
            rf"regexp_matches(raw, '(^|\W)' || regexp_escape('{_quoted(one)}') || '(\W|$)')"
            for one in dict.fromkeys(known)
        )
        for path in self._naming(sorted(self.home.quarantine.rglob("*.parquet")), tests):
            self._drop(path, "quarantine", tests)
        for path in sorted(self.home.quarantine.glob("log-*.jsonl")):
            lines = path.read_text().splitlines(keepends=True)
            kept = [line for line in lines if not self._in_body(line)]
            if len(kept) < len(lines):
                self._write(path, "".join(kept))
                self._count("quarantine", len(lines) - len(kept))

    def _in_body(self, line: str) -> bool:
        told = json.loads(line)
        return self.user_id in told["reason"] or self.user_id.encode() in bytes.fromhex(
            told["body"]
        )

    def _plain(self, place: str, files: Sequence[Path]) -> None:
        """Drop rows by the columns that hold people."""
        for path in files:
            columns = [name for name in (c.USER, c.PEER) if name in pq.read_schema(path).names]
            named = " OR ".join(f"{name} = getvariable('person')" for name in columns)
            if not columns or not list(self._naming([path], named)):
                continue
            if place == "snapshots" and path.stem in _STRIPPED:
                self._strip(path, place)
            else:
                self._drop(path, place, named)

    def _strip(self, path: Path, place: str) -> None:
        own = f"{c.USER} = getvariable('person')"
        gone, stripped = self._numbers(
            f"SELECT count(*) FILTER ({own}), "
            f"count(*) FILTER (NOT {own} AND {c.PEER} = getvariable('person')) "
            f"FROM {_parquet([path])}"
        )
        without = f"CASE WHEN {c.PEER} = getvariable('person') THEN '' ELSE {c.PEER} END"
        rows = self.connection.sql(
            f"SELECT * REPLACE ({without} AS {c.PEER}) FROM {_parquet([path])} WHERE NOT {own}"
        )
        self._replace(path, rows.to_arrow_table(), empty=True)
        self._count(place, gone, stripped)

    def _drop(self, path: Path, place: str, gone: str) -> None:
        (rows,) = self._numbers(f"SELECT count(*) FILTER ({gone}) FROM {_parquet([path])}")
        kept = self.connection.sql(
            f"SELECT * FROM {_parquet([path])} WHERE NOT coalesce({gone}, FALSE)"
        ).to_arrow_table()
        told = pq.read_schema(path)
        self._replace(path, kept.cast(told), empty=place == "snapshots")
        self._count(place, rows)

    def _exported(self, path: Path) -> None:
        """Rows of an export that name the person, plainly or hashed, under whatever title."""
        names = exported_as(self.user_id)
        if path.suffix == ".csv":
            self._csv(path, names)
        elif path.suffix == ".parquet":
            words = [f.name for f in pq.read_schema(path) if pa.types.is_string(f.type)]
            told = ", ".join(f"'{_quoted(name)}'" for name in names)
            named = " OR ".join(f'"{word}" IN ({told})' for word in words)
            if words and self._naming([path], named):
                self._drop(path, "exports", named)
        elif path.suffix == ".xlsx" and _in_sheet(path, names):
            with_it = self._rows_of_sheet(path)
            self.into.remove(path)  # it can be exported again; the arms stay as they are
            self._count("exports", with_it)

    def _csv(self, path: Path, names: Sequence[str]) -> None:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = [*csv.reader(file)] or [[]]
        kept = [row for row in rows if not set(names) & set(row)]
        if len(kept) < len(rows):
            written = io.StringIO(newline="")
            csv.writer(written).writerows([header, *kept])
            self._write(path, written.getvalue())
            self._count("exports", len(rows) - len(kept))

    @staticmethod
    def _rows_of_sheet(path: Path) -> int:
        with zipfile.ZipFile(path) as book:
            return max(book.read(SHEET).count(b"<row ") - 1, 0)

    def _naming(self, files: Sequence[Path], named: str) -> list[Path]:
        """Those of the files where a condition holds for a row."""
        if not files:
            return []
        query = f"SELECT DISTINCT filename FROM {_parquet(files, 'filename = true')} WHERE {named}"
        return [Path(name) for (name,) in sorted(self.connection.execute(query).fetchall())]

    def _numbers(self, query: str) -> tuple[int, ...]:
        return tuple(self.connection.execute(query).fetchall()[0])

    def _replace(self, path: Path, rows: pa.Table, *, empty: bool = False) -> None:
        if rows.num_rows or empty:
            pq.write_table(rows, self.into.place(path), compression="zstd")
        else:
            self.into.remove(path)

    def _write(self, path: Path, text: str) -> None:
        self.into.place(path).write_text(text)

    def _count(self, place: str, rows: int, stripped: int = 0) -> None:
        count = self.counts[place]
        count.rows += rows
        count.stripped += stripped
        count.files += 1


SHEET = "xl/worksheets/sheet1.xml"
"""Where a spreadsheet that we wrote holds its rows."""


def exported_as(user_id: str) -> tuple[str, ...]:
    """What an export may call a person: the id, as a cell that is no formula, its SHA-256.

    Examples
    --------
    >>> exported_as("u1")[:2]
    ('u1', "'u1")
    """
    return (user_id, f"'{user_id}", hashlib.sha256(user_id.encode()).hexdigest())


def _in_sheet(path: Path, names: Sequence[str]) -> bool:
    told = [f">{escape(name)}<".encode() for name in names]
    with zipfile.ZipFile(path) as book:
        rows = book.read(SHEET)
    return any(one in rows for one in told)


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _parquet(files: Iterable[Path], more: str = "") -> str:
    paths = ", ".join(f"'{_quoted(str(path))}'" for path in files)
    options = ", ".join(filter(None, ["hive_partitioning = false", "union_by_name = true", more]))
    return f"read_parquet([{paths}], {options})"
