"""Reads of the generation in force: one connection for each thread, opened anew when it changes."""

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from features.errors import StoreError
from features.store.files import connect, unusable

T = TypeVar("T")


class _Open:
    """A connection to one generation."""

    def __init__(self, path: Path) -> None:
        self.identity = _identity(path)
        self.connection = connect(path, durable=False)
        self.generation = str(self.connection.execute("SELECT generation FROM meta").fetchone()[0])


class Reading:
    """Runs queries on the generation that ``path`` links to.

    Parameters
    ----------
    path : Path
        ``state.db``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._closed = False

    def run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Return what ``query`` returns, given this thread's connection.

        Raises
        ------
        StoreError
            The file cannot be read.
        """
        try:
            return query(self.opened().connection)
        except (sqlite3.Error, OSError) as error:
            raise unusable(self.path, error) from error

    def opened(self) -> _Open:
        """Connection of the calling thread to the generation in force."""
        if self._closed:
            raise StoreError(f"{self.path.parent} is closed", next_step="open the store again")
        mine: _Open | None = getattr(self._local, "open", None)
        if mine is not None:
            if mine.identity == _identity(self.path):
                return mine
            mine.connection.close()
        return self._reopen()

    def _reopen(self) -> _Open:
        for _ in range(100):
            try:
                found = _Open(self.path)
            except (OSError, sqlite3.Error):
                if self.path.exists():
                    raise
                continue
            if found.identity == _identity(self.path):  # not replaced while it was being opened
                self._local.open = found
                return found
            found.connection.close()
        raise StoreError(f"{self.path} keeps changing", next_step="retry")

    def close(self) -> None:
        """Let go of all connections; a query under way in another thread still ends."""
        self._closed = True
        self._local = threading.local()


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, on every read
    return found.st_ino, found.st_dev
