"""SQLite files and locks of the embedded store: how they are opened, checked and made durable."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

from features.errors import StoreError

BUSY_MS = 10_000
MMAP_BYTES = 1 << 28
ROWS = 100
"""Rows of one statement."""

WAIT = "wait, or see which process holds the home"


def connect(path: Path, *, durable: bool, create: bool = False) -> sqlite3.Connection:
    """Open a database in WAL mode; transactions are written out, checkpoints are ours.

    Parameters
    ----------
    path : Path
        The file.
    durable : bool
        Whether a commit waits for the disk (``synchronous=FULL``) or not (``OFF``).
    create : bool
        Whether the file may be made.
    """
    mode = "rwc" if create else "rw"
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        timeout=BUSY_MS / 1000,
    )
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute(f"PRAGMA mmap_size={MMAP_BYTES}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def peek(path: Path) -> sqlite3.Connection:
    """Open a database that nobody writes, without touching it."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def insert(
    connection: sqlite3.Connection, into: str, rows: Sequence[tuple[Any, ...]], then: str = ""
) -> None:
    """Insert rows by few statements: each one gives up the interpreter and queues for it again.

    Parameters
    ----------
    connection : sqlite3.Connection
        Within a transaction.
    into : str
        The table.
    rows : sequence of tuple
        Equally long.
    then : str
        An ``ON CONFLICT`` clause.
    """
    for start in range(0, len(rows), ROWS):
        some = rows[start : start + ROWS]
        marks = ",".join(("(" + ",".join("?" * len(some[0])) + ")",) * len(some))
        values = [value for row in some for value in row]
        connection.execute(f"INSERT INTO {into} VALUES {marks} {then}", values)


def version(connection: sqlite3.Connection) -> int:
    """Schema version of a file; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def unusable(path: Path, error: Exception) -> StoreError:
    """Say that SQLite refused a file.

    Examples
    --------
    >>> print(unusable(Path("shop/state/log.db"), OSError("disk is full")))
    shop/state/log.db cannot be used (got disk is full); next: free disk space, check the disk ...
    """
    return StoreError(
        f"{path} cannot be used",
        got=str(error),
        next_step="free disk space, check the disk and the permissions, then retry; "
        "what was acknowledged is kept",
    )


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into :class:`StoreError`."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise unusable(path, error) from error


class Lock:
    """A lock that processes of one machine share; it is free again when its holder dies.

    Parameters
    ----------
    path : Path
        A file that is made if need be and never removed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def take(self) -> bool:
        """Take the lock if it is free."""
        try:
            fcntl.flock(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Give the lock back."""
        fcntl.flock(self._open(), fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the lock back for good."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock and hold it."""
        descriptor = self._open()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _open(self) -> int:
        if self._descriptor is None:
            raise StoreError(f"{self.path.parent} is closed", next_step="open the store again")
        return self._descriptor


@contextmanager
def locked(path: Path, timeout_s: float = 600.0) -> Iterator[None]:
    """Hold the lock of ``path`` for a while.

    Raises
    ------
    StoreError
        When another process holds it all the time.
    """
    lock = Lock(path)
    try:
        until = monotonic() + timeout_s
        while not lock.take():
            if monotonic() > until:
                raise StoreError(f"{path} has been held for {timeout_s:.0f} s", next_step=WAIT)
            sleep(0.01)
        yield
    finally:
        lock.close()


def sync_file(path: Path) -> None:
    """Wait until a file or directory is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(written: Path, path: Path) -> None:
    """Make ``written`` durable, then give it the name ``path`` at once."""
    sync_file(written)
    written.replace(path)
    sync_file(path.parent)
