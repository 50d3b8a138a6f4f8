"""Saved segments and uploaded lists, with every version: ``segments.db`` in the home."""

import difflib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from features.clock import now_us
from features.errors import InputError, UnknownName
from features.home import Home
from recsys.segments.language import Condition, InList, InSegment, walk
from recsys.segments.parse import parse

SCHEMA = 1

_TABLES = """
    CREATE TABLE IF NOT EXISTS segments (
        name TEXT, version INTEGER, document TEXT NOT NULL, author TEXT NOT NULL,
        note TEXT NOT NULL, saved_us INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (name, version)
    );
    CREATE TABLE IF NOT EXISTS lists (name TEXT, user_id TEXT, PRIMARY KEY (name, user_id))
        WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS holdouts (name TEXT PRIMARY KEY, percent REAL NOT NULL);
    CREATE TABLE IF NOT EXISTS counts (
        key TEXT, as_of_us INTEGER, people INTEGER, base INTEGER NOT NULL,
        PRIMARY KEY (key, as_of_us)
    ) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Saved:
    """One version of a segment.

    Parameters
    ----------
    name : str
        Of the segment.
    version : int
        From 1.
    document : object
        The segment as it was written.
    author, note : str
        Who saved it, and why.
    saved_us : int
        When.
    """

    name: str
    version: int
    document: Any
    author: str
    note: str
    saved_us: int

    @property
    def condition(self) -> Condition:
        """What it says."""
        return parse(self.document)


class Book:
    """Saved segments of a home; every change is a version, nothing is overwritten.

    Parameters
    ----------
    connection : sqlite3.Connection
        Of ``segments.db``.

    Examples
    --------
    >>> book = Book(sqlite3.connect(":memory:"))
    >>> book.save("buyers", {"event": "Order Completed"}).version
    1
    >>> book.save("all", {"any": [{"segment": "buyers"}, {"segment": "others"}]})
    Traceback (most recent call last):
    features.errors.UnknownName: unknown segment 'others'; next: use one of: buyers
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise InputError(
                "segments.db was written by a newer version",
                expected=f"schema {SCHEMA}",
                got=f"schema {version}",
                next_step="upgrade huoren",
            )
        connection.executescript(_TABLES)
        connection.execute(f"PRAGMA user_version = {SCHEMA}")

    @classmethod
    def open(cls, home: Home) -> "Book":
        """Open the book of a home, making it where there is none."""
        home.root.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            home.root / "segments.db", timeout=10.0, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        return cls(connection)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def save(self, name: str, document: object, author: str = "", note: str = "") -> Saved:
        """Write a new version.

        Raises
        ------
        InputError
            When the document is no segment, or contains itself through others.
        UnknownName
            When it names a segment or list that is not there.
        """
        self._check(name, parse(document))
        with closing(self.connection.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            row = cursor.execute(
                "SELECT coalesce(max(version), 0) + 1 FROM segments WHERE name = ?", [name]
            ).fetchone()
            saved = Saved(name, row[0], document, author, note, now_us())
            text = json.dumps(document, ensure_ascii=False, default=str)
            values = (name, saved.version, text, author, note, saved.saved_us)
            cursor.execute("INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, 0)", values)
            self.connection.commit()
        return saved

    def _check(self, name: str, condition: Condition) -> None:
        if not name or "/" in name or len(name) > 100:
            raise InputError("no name", expected="1 to 100 characters without /", got=repr(name))
        for one in walk(condition):
            if isinstance(one, InList):
                self.listed(one.name)
        path = self._path(condition, name, [name])
        if path:
            raise InputError(f"the segment contains itself: {' → '.join(path)}")

    def _path(self, condition: Condition, target: str, path: list[str]) -> list[str]:
        for one in walk(condition):
            if not isinstance(one, InSegment):
                continue
            if one.name == target:
                return [*path, target]
            if found := self._path(self.condition(one.name), target, [*path, one.name]):
                return found
        return []

    def get(self, name: str, version: int | None = None) -> Saved:
        """A version of a segment; the newest when left out.

        Raises
        ------
        UnknownName
            When there is none.
        """
        told = [one for one in self.versions(name) if version in (None, one.version)]
        if not told or self._deleted(name):
            raise UnknownName.among("segment", name, self.names())
        return told[-1]

    def condition(self, name: str) -> Condition:
        """What the newest version of a segment says."""
        return self.get(name).condition

    def versions(self, name: str) -> list[Saved]:
        """Every version of a segment, oldest first."""
        rows = self.connection.execute(
            "SELECT name, version, document, author, note, saved_us FROM segments "
            "WHERE name = ? ORDER BY version",
            [name],
        )
        return [
            Saved(name, version, json.loads(document), author, note, saved_us)
            for name, version, document, author, note, saved_us in rows
        ]

    def names(self) -> list[str]:
        """Segments that are there, sorted."""
        query = "SELECT name FROM segments GROUP BY name HAVING min(deleted) = 0 ORDER BY name"
        return [row[0] for row in self.connection.execute(query)]

    def _deleted(self, name: str) -> bool:
        return name not in self.names()

    def users_of(self, name: str) -> list[str]:
        """Segments whose newest version names this one."""
        return [
            other
            for other in self.names()
            if any(
                isinstance(one, InSegment) and one.name == name
                for one in walk(self.condition(other))
            )
        ]

    def delete(self, name: str) -> None:
        """Take a segment off; its versions stay on record.

        Raises
        ------
        InputError
            When others are made of it.
        """
        self.get(name)
        if users := self.users_of(name):
            raise InputError(
                f"segment {name!r} is part of others",
                got=", ".join(users),
                next_step="change or delete those first",
            )
        with self.connection:
            self.connection.execute("UPDATE segments SET deleted = 1 WHERE name = ?", [name])

    def diff(self, name: str, old: int, new: int) -> list[str]:
        """Lines that differ between two versions, marked - and +."""
        before, after = (
            json.dumps(self.get(name, one).document, ensure_ascii=False, indent=1).splitlines()
            for one in (old, new)
        )
        titles = (f"version {old}", f"version {new}")
        return list(difflib.unified_diff(before, after, *titles, lineterm=""))

    def put_list(self, name: str, people: Iterable[str], mode: str = "replace") -> int:
        """Upload a list of people: ``replace`` it, ``append`` to it or ``remove`` from it.

        Returns
        -------
        int
            People on it now.

        Raises
        ------
        UnknownName
            When there is no such mode.
        """
        if mode not in ("replace", "append", "remove"):
            raise UnknownName.among("mode", mode, ("replace", "append", "remove"))
        rows = [(name, one) for one in people]
        with self.connection:
            if mode == "replace":
                self.connection.execute("DELETE FROM lists WHERE name = ?", [name])
            query = (
                "DELETE FROM lists WHERE name = ? AND user_id = ?"
                if mode == "remove"
                else "INSERT OR IGNORE INTO lists VALUES (?, ?)"
            )
            self.connection.executemany(query, rows)
        count = "SELECT count(*) FROM lists WHERE name = ?"
        return int(self.connection.execute(count, [name]).fetchone()[0])

    def listed(self, name: str) -> list[str]:
        """People on a list.

        Raises
        ------
        UnknownName
            When there is no such list, or nobody is on it.
        """
        query = "SELECT user_id FROM lists WHERE name = ? ORDER BY user_id"
        found = [row[0] for row in self.connection.execute(query, [name])]
        if not found:
            known = self.connection.execute("SELECT DISTINCT name FROM lists")
            raise UnknownName.among("list", name, [row[0] for row in known])
        return found

    def hold_out(self, name: str, percent: float) -> None:
        """Keep a share of people out of every campaign of a programme; of all where it is ``""``.

        Raises
        ------
        InputError
            When the share cannot be.
        """
        if not 0.0 <= percent <= 50.0:
            raise InputError("no control share", expected="0 to 50 percent", got=str(percent))
        with self.connection:
            self.connection.execute(
                "INSERT OR REPLACE INTO holdouts VALUES (?, ?)", [name, float(percent)]
            )

    def holdouts(self) -> dict[str, float]:
        """Percent held out of each programme, and under ``""`` of every campaign."""
        rows = self.connection.execute("SELECT name, percent FROM holdouts WHERE percent > 0")
        return {str(name): float(percent) for name, percent in rows}

    def keep_count(self, key: str, as_of_us: int, people: int | None, base: int) -> None:
        """Keep the size of what ``key`` stands for as of an instant; None where it is hidden."""
        with self.connection:
            self.connection.execute(
                "INSERT OR REPLACE INTO counts VALUES (?, ?, ?, ?)", [key, as_of_us, people, base]
            )

    def counted(self, key: str, as_of_us: int) -> tuple[int | None, int] | None:
        """People and base that were kept; None where there is nothing."""
        row = self.connection.execute(
            "SELECT people, base FROM counts WHERE key = ? AND as_of_us = ?", [key, as_of_us]
        ).fetchone()
        return None if row is None else (row[0], int(row[1]))

    def forget(self, user_ids: Iterable[str]) -> int:
        """Take people off every list; returns the entries removed."""
        with self.connection:
            rows = [(one,) for one in user_ids]
            return self.connection.executemany("DELETE FROM lists WHERE user_id = ?", rows).rowcount
