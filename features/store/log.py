"""The durable log: every event and every record taken, in one order.

An append is on the disk when it returns. Callers of one process that come together share one
transaction, hence one wait for the disk; processes take turns. ``seen`` keeps sixteen bytes for
each line of an event, so that a line is taken once, also after its entry was sealed and pruned.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Lock as ThreadLock
from uuid import uuid4

from features.clock import now_us
from features.errors import HuorenError, StoreError
from features.store import Appended
from features.store.entries import Draft, Entry, Kind, at_version, item_of
from features.store.files import (
    ROWS,
    Lock,
    connect,
    guarded,
    insert,
    locked,
    transaction,
    unusable,
    version,
)
from features.store.records import Item
from features.store.scanning import Head, Sealable

VERSION = 1
RESTART_BYTES = 32 << 20
"""Beyond this a checkpoint makes writers wait, so that they start the write-ahead file anew."""

_SCHEMA = (
    """CREATE TABLE head(
        log_id TEXT NOT NULL, last_seq INTEGER NOT NULL, last_us INTEGER NOT NULL,
        sealed_seq INTEGER NOT NULL, sealing_seq INTEGER NOT NULL,
        pruned_seq INTEGER NOT NULL, pruned_us INTEGER NOT NULL)""",
    """CREATE TABLE log(
        seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL,
        at_us INTEGER NOT NULL, logged_us INTEGER NOT NULL, body BLOB NOT NULL)""",
    f"CREATE INDEX log_items ON log(key, seq) WHERE kind = {Kind.ITEM:d}",
    "CREATE TABLE seen(digest BLOB PRIMARY KEY, logged_us INTEGER NOT NULL) WITHOUT ROWID",
)

Prepare = Callable[[sqlite3.Connection], Sequence[Draft]]


class _Ticket:
    def __init__(self, prepare: Prepare) -> None:
        self.prepare = prepare
        self.result: Appended | None = None
        self.error: HuorenError | None = None

    @property
    def done(self) -> bool:
        return self.result is not None or self.error is not None


class Log(Sealable):
    """The log of one home.

    Parameters
    ----------
    directory : Path
        Where ``log.db`` is, or is made.

    Raises
    ------
    StoreError
        When the file is damaged or of another version.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / "log.db"
        with locked(directory / "files.lock"), guarded(self.path):
            self._writer = _opened(self.path)
        with guarded(self.path):
            self._reader = connect(self.path, durable=True)
            self._checkpointer = connect(self.path, durable=True)
            self.log_id = self._head(self._reader).log_id
        self._turn = Lock(directory / "append.lock")
        self._commit = ThreadLock()
        self._reading = ThreadLock()  # reads that overlap would share the older one's snapshot
        self._waiting: deque[_Ticket] = deque()

    def append(self, drafts: Sequence[Draft]) -> Appended:
        """Make drafts durable, all or none."""
        return self.append_with(lambda _: drafts)

    def append_with(self, prepare: Prepare) -> Appended:
        """Make durable what ``prepare`` returns once nobody else can append.

        Raises
        ------
        StoreError
            The disk is full or fails; the caller may retry, lines are taken once.
        """
        ticket = _Ticket(prepare)
        self._waiting.append(ticket)
        with self._commit:
            if not ticket.done:
                self._take(self._group(ticket))
        if ticket.error is not None:
            raise ticket.error
        assert ticket.result is not None
        return ticket.result

    def _group(self, ticket: _Ticket) -> list[_Ticket]:
        group = []
        while self._waiting:
            group.append(self._waiting.popleft())
        return group if ticket in group else [*group, ticket]

    def _take(self, group: list[_Ticket]) -> None:
        try:
            with self._turn.held(), transaction(self._writer):
                results = self._write(group)
        except (sqlite3.Error, OSError) as error:
            self._fail(group, unusable(self.path, error))
        except HuorenError as error:
            self._fail(group, error)
        else:
            for ticket, result in results:
                ticket.result = result

    @staticmethod
    def _fail(group: Iterable[_Ticket], error: HuorenError) -> None:
        for ticket in group:
            ticket.error = ticket.error or error

    def _write(self, group: list[_Ticket]) -> list[tuple[_Ticket, Appended]]:
        head = self._head(self._writer)
        seq, at_us = head.last_seq, max(head.last_us, now_us())
        calls = self._prepared(group)
        known = self._known([draft.digest for _, drafts in calls for draft in drafts])
        rows: list[tuple[int, int, str, int, int, bytes]] = []
        marks: list[tuple[bytes, int]] = []
        results = []
        for ticket, drafts in calls:
            before = seq
            for kind, key, own_us, body, digest in drafts:
                if digest:
                    if digest in known:
                        continue
                    known.add(digest)
                    marks.append((digest, at_us))
                seq, at_us = seq + 1, at_us + 1
                rows.append((seq, kind, key, own_us or at_us, at_us, body))
            results.append((ticket, Appended(seq - before, len(drafts) - (seq - before), seq)))
        insert(self._writer, "seen", marks)
        insert(self._writer, "log", rows)
        if rows:
            self._writer.execute("UPDATE head SET last_seq=?, last_us=?", (seq, at_us))
        return results

    def _prepared(self, group: list[_Ticket]) -> list[tuple[_Ticket, Sequence[Draft]]]:
        calls = []
        for ticket in group:
            try:
                calls.append((ticket, ticket.prepare(self._writer)))
            except HuorenError as error:
                ticket.error = error
        return calls

    def _known(self, digests: Sequence[bytes | None]) -> set[bytes]:
        found: set[bytes] = set()
        for start in range(0, len(digests), ROWS):
            some = digests[start : start + ROWS]
            query = f"SELECT digest FROM seen WHERE digest IN ({','.join('?' * len(some))})"
            found.update(row[0] for row in self._writer.execute(query, some))
        return found

    def head(self) -> Head:
        """Where the log stands."""
        with guarded(self.path), self._reading:
            return self._head(self._reader)

    @staticmethod
    def _head(connection: sqlite3.Connection) -> Head:
        (row,) = connection.execute("SELECT * FROM head").fetchall()
        return Head(*row)

    def read(self, after_seq: int, limit: int, last_seq: int | None = None) -> list[Entry]:
        """Entries after a seq, in order, at most ``limit`` and up to ``last_seq``."""
        with guarded(self.path), self._reading:
            rows = self._reader.execute(
                "SELECT seq, kind, at_us, logged_us, body FROM log WHERE seq > ? AND seq <= ? "
                "ORDER BY seq LIMIT ?",
                (after_seq, 2**62 if last_seq is None else last_seq, limit),
            )
            return [Entry(*row) for row in rows.fetchall()]

    @staticmethod
    def last_item(connection: sqlite3.Connection, item_id: str) -> Item | None:
        """Newest version of an item that the log holds, within a transaction."""
        row = connection.execute(
            f"SELECT body, at_us FROM log WHERE kind = {Kind.ITEM:d} AND key = ? "
            "ORDER BY seq DESC LIMIT 1",
            (item_id,),
        ).fetchone()
        return at_version(item_of(row[0]), row[1]) if row else None

    def forget_digests(self, before_us: int) -> None:
        """Forget which lines were taken before an instant, a few at a time."""
        with guarded(self.path), closing(connect(self.path, durable=True)) as connection:
            found = connection.execute("SELECT digest FROM seen WHERE logged_us < ?", (before_us,))
            while old := found.fetchmany(ROWS * 10):
                self.write(partial(_delete_digests, old))

    def mark_sealing(self, end: int) -> None:
        """Note that entries up to ``end`` are being sealed."""
        self.write(partial(_set, "sealing_seq = ?", (end,)))

    def mark_sealed(self, end: int) -> None:
        """Note that entries up to ``end`` are sealed."""
        self.write(partial(_set, "sealed_seq = ?", (end,)))

    def prune(self, end: int, pruned_us: int) -> None:
        """Delete the entries up to ``end``."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM log WHERE seq <= ?", (end,))
            _set("pruned_seq = ?, pruned_us = ?", (end, pruned_us), connection)

        self.write(delete)

    def write(self, statements: Callable[[sqlite3.Connection], object]) -> None:
        """Run a short transaction of sealing, pruning or erasing in turn with the appenders."""
        with guarded(self.path), self._commit, self._turn.held(), transaction(self._writer):
            statements(self._writer)

    def checkpoint(self, *, truncate: bool = False) -> None:
        """Move the write-ahead file into the database; appenders wait only when it is large."""
        with guarded(self.path):
            self._checkpointer.execute("PRAGMA wal_checkpoint(PASSIVE)")
            wal = self.path.with_name("log.db-wal")
            if truncate or (wal.exists() and wal.stat().st_size > RESTART_BYTES):
                with self._commit, self._turn.held():
                    row = self._checkpointer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if truncate and row[0]:
                    raise sqlite3.OperationalError("readers hold the write-ahead file")

    def close(self) -> None:
        """Release the files."""
        with self._commit, self._reading:
            self._turn.close()
            for connection in (self._reader, self._checkpointer, self._writer):
                connection.close()


def _opened(path: Path) -> sqlite3.Connection:
    connection = connect(path, durable=True, create=True)
    try:
        found = version(connection)
        if found == 0:
            _create(connection)
        elif found != VERSION:
            raise StoreError(
                f"{path} was written by another version",
                expected=f"schema {VERSION}",
                got=f"schema {found}",
                next_step="run the huoren that wrote it: `huoren features` there seals its events; "
                "then move log.db away",
            )
        connection.execute("PRAGMA secure_delete=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute("INSERT INTO head VALUES(?,0,0,0,0,0,0)", (uuid4().hex,))
        connection.execute(f"PRAGMA user_version={VERSION}")


def _set(columns: str, values: tuple[int, ...], connection: sqlite3.Connection) -> None:
    connection.execute(f"UPDATE head SET {columns}", values)


def _delete_digests(digests: list[tuple[bytes]], connection: sqlite3.Connection) -> None:
    connection.executemany("DELETE FROM seen WHERE digest = ?", digests)
