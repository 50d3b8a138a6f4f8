"""One generation of the states: a SQLite file that follows from a snapshot and the log after it.

Nothing in it waits for the disk: it can be made again. ``applied_seq`` changes in the transaction
that changes the states, so an entry is applied exactly once.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from features import identities, merging
from features.catalogue import declaration_hash
from features.clock import BusinessZone
from features.groupbuys import GroupBuy
from features.identities import IdLink, Linked
from features.merging import names, strip
from features.online import State, decode, encode
from features.store.entries import body_of, group_of, item_of, linked_of
from features.store.files import connect, insert, transaction, version
from features.store.projection import chunks
from features.store.records import Item

VERSION = 2

_SCHEMA = (
    """CREATE TABLE meta(
        generation TEXT NOT NULL, log_id TEXT NOT NULL, declaration TEXT NOT NULL,
        zone TEXT NOT NULL, applied_seq INTEGER NOT NULL)""",
    "CREATE TABLE states(user_id TEXT NOT NULL UNIQUE, body BLOB NOT NULL)",
    "CREATE TABLE linked(user_id TEXT NOT NULL UNIQUE, body BLOB NOT NULL)",
    """CREATE TABLE items(
        item_id TEXT NOT NULL UNIQUE, valid_from_us INTEGER NOT NULL,
        changed_us INTEGER NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX items_changed ON items(changed_us, item_id)",
    """CREATE TABLE groups(
        group_buy_id TEXT NOT NULL UNIQUE, changed_us INTEGER NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX groups_changed ON groups(changed_us, group_buy_id)",
    "CREATE TABLE skipped(seq INTEGER PRIMARY KEY, reason TEXT NOT NULL)",
)

_NEW_STATE = "ON CONFLICT(user_id) DO UPDATE SET body = excluded.body"
_NEW_ITEM = (
    "ON CONFLICT(item_id) DO UPDATE SET valid_from_us = excluded.valid_from_us, "
    "changed_us = excluded.changed_us, body = excluded.body "
    "WHERE excluded.valid_from_us >= valid_from_us"
)

_NEW_GROUP = (
    "ON CONFLICT(group_buy_id) DO UPDATE SET changed_us = excluded.changed_us, body = excluded.body"
)

FOREIGN = "made from another log"


class Meta(NamedTuple):
    """What a state file follows from.

    Parameters
    ----------
    generation : str
        Of this file alone.
    log_id : str
        The log that it applies.
    declaration, zone : str
        The counters, and what their days are.
    applied_seq : int
        The last entry it contains.
    """

    generation: str
    log_id: str
    declaration: str
    zone: str
    applied_seq: int

    @classmethod
    def new(cls, log_id: str, zone: BusinessZone, applied_seq: int = 0) -> "Meta":
        """Make the meta of a new generation under the present declaration."""
        return cls(uuid4().hex[:12], log_id, declaration_hash(), zone.name, applied_seq)

    def unfit(self, now: "Meta", last_seq: int) -> str:
        """Why what was made under this cannot be used now with a log of ``last_seq`` entries."""
        if self.log_id != now.log_id:
            return FOREIGN
        if self.declaration != now.declaration:
            return f"made for counters {self.declaration}, expected {now.declaration}"
        if self.zone != now.zone:
            return f"made for days of {self.zone}, expected {now.zone}"
        ahead = self.applied_seq - last_seq
        return f"ahead of the log by {ahead}" if ahead > 0 else ""


def read_meta(connection: sqlite3.Connection) -> Meta:
    """Read what a file follows from."""
    row = connection.execute("SELECT * FROM meta").fetchone()
    if row is None:
        raise sqlite3.DatabaseError("no meta row")
    return Meta(*row)


def create(path: Path, meta: Meta) -> sqlite3.Connection:
    """Make an empty generation and leave it open for filling."""
    connection = alone(connect(path, durable=False, create=True))
    with transaction(connection):
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES(?,?,?,?,?)", meta)
        connection.execute(f"PRAGMA user_version={VERSION}")
    return connection


def fill(
    connection: sqlite3.Connection,
    states: Iterable[tuple[str, State]],
    items: Iterable[Item],
    links: Iterable[IdLink] = (),
    groups: Iterable[GroupBuy] = (),
) -> None:
    """Write a snapshot into an empty generation."""
    people = ((user, encode(state)) for user, state in states)
    ids = ((user, body_of(row)) for user, row in identities.rows(links))
    rows = ((one.item_id, one.valid_from_us, one.valid_from_us, body_of(one)) for one in items)
    told = ((one.group_buy_id, one.heard_us, body_of(one)) for one in groups)
    parts = ((put_states, people), (put_items, rows), (_put_linked, ids), (_put_groups, told))
    for put, some in parts:
        while page := list(islice(some, 5_000)):
            with transaction(connection):
                put(connection, page)


def put_states(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write (user_id, body) within a transaction."""
    insert(connection, "states", rows, _NEW_STATE)


def _put_linked(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    insert(connection, "linked", rows, _NEW_STATE)


def put_items(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write (item_id, valid_from_us, changed_us, body), but for versions older than the present."""
    insert(connection, "items", rows, _NEW_ITEM)


def read_states(connection: sqlite3.Connection, user_ids: Iterable[str]) -> dict[str, State]:
    """States of those that are known."""
    found = {}
    for chunk in chunks(user_ids):
        marks = ",".join("?" * len(chunk))
        query = f"SELECT user_id, body FROM states WHERE user_id IN ({marks})"
        for user_id, body in connection.execute(query, chunk):
            found[user_id] = decode(body)
    return found


def _put_groups(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    insert(connection, "groups", rows, _NEW_GROUP)


def read_groups(
    connection: sqlite3.Connection, group_buy_ids: Iterable[str]
) -> dict[str, GroupBuy]:
    """Group buys that are known."""
    found = {}
    for chunk in chunks(group_buy_ids):
        marks = ",".join("?" * len(chunk))
        query = f"SELECT group_buy_id, body FROM groups WHERE group_buy_id IN ({marks})"
        for name, body in connection.execute(query, chunk):
            found[name] = group_of(body)
    return found


def read_linked(connection: sqlite3.Connection, user_ids: Iterable[str]) -> dict[str, Linked]:
    """What is known of ids that were ever linked."""
    if connection.execute("SELECT 1 FROM linked LIMIT 1").fetchone() is None:
        return {}
    found = {}
    for chunk in chunks(user_ids):
        marks = ",".join("?" * len(chunk))
        query = f"SELECT user_id, body FROM linked WHERE user_id IN ({marks})"
        for user_id, body in connection.execute(query, chunk):
            found[user_id] = linked_of(body)
    return found


def read_people(connection: sqlite3.Connection, user_ids: Iterable[str]) -> dict[str, State]:
    """States of people by any of their ids."""
    return merging.people(
        user_ids, partial(read_linked, connection), partial(read_states, connection)
    )


def read_items(connection: sqlite3.Connection, item_ids: Iterable[str]) -> dict[str, Item]:
    """Items that are known."""
    found = {}
    for chunk in chunks(item_ids):
        marks = ",".join("?" * len(chunk))
        query = f"SELECT item_id, body FROM items WHERE item_id IN ({marks})"
        for item_id, body in connection.execute(query, chunk):
            found[item_id] = item_of(body)
    return found


def mentioning(connection: sqlite3.Connection, person: str) -> Mapping[str, State]:
    """States of others that name a person; looks through all of them."""
    query = "SELECT user_id, body FROM states WHERE instr(body, CAST(? AS BLOB)) AND user_id <> ?"
    rows = connection.execute(query, (person, person)).fetchall()
    found = {user_id: decode(body) for user_id, body in rows}
    return {user_id: state for user_id, state in found.items() if names(state, person)}


class StateFile:
    """A generation as the projection writes it; implements ``features.store.projection.States``.

    Parameters
    ----------
    connection : sqlite3.Connection
        To a file of this module; the caller closes it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def applied_seq(self) -> int:
        """Seq of the last entry it contains."""
        return read_meta(self.connection).applied_seq

    def transaction(self) -> AbstractContextManager[None]:
        """Write all or nothing."""
        return transaction(self.connection)

    def read(
        self, user_ids: Iterable[str], item_ids: Iterable[str]
    ) -> tuple[Mapping[str, State], Mapping[str, Item]]:
        """States and items of those that are known."""
        return read_states(self.connection, user_ids), read_items(self.connection, item_ids)

    def linked(self, user_ids: Iterable[str]) -> Mapping[str, Linked]:
        """What is known of ids that were ever linked."""
        return read_linked(self.connection, user_ids)

    def put_linked(self, rows: Mapping[str, Linked]) -> None:
        """Write rows of ids; one without links goes."""
        gone = [(user,) for user, row in rows.items() if not row.links]
        kept = [(user, body_of(row)) for user, row in rows.items() if row.links]
        self.connection.executemany("DELETE FROM linked WHERE user_id = ?", gone)
        _put_linked(self.connection, kept)

    def groups(self, group_buy_ids: Iterable[str]) -> Mapping[str, GroupBuy]:
        """Group buys that are known."""
        return read_groups(self.connection, group_buy_ids)

    def put_groups(self, groups: Iterable[GroupBuy], changed_us: int) -> None:
        """Write group buys."""
        rows = [(one.group_buy_id, changed_us, body_of(one)) for one in groups]
        _put_groups(self.connection, rows)

    def put_states(self, rows: Sequence[tuple[str, bytes]]) -> None:
        """Write (user_id, body)."""
        put_states(self.connection, rows)

    def put_item(self, item: Item, changed_us: int) -> None:
        """Write an item unless a later version is in force."""
        row = (item.item_id, item.valid_from_us, changed_us, body_of(item))
        put_items(self.connection, [row])

    def forget(self, user_id: str) -> None:
        """Delete a state and strip the others of the person."""
        theirs = read_states(self.connection, [user_id]).get(user_id)
        self.connection.execute("DELETE FROM states WHERE user_id = ?", (user_id,))
        others = read_states(self.connection, merging.met(theirs))
        for other, state in {**others, **mentioning(self.connection, user_id)}.items():
            strip(state, other, user_id, theirs)
            put_states(self.connection, [(other, encode(state))])
        query = "SELECT changed_us, body FROM groups WHERE instr(body, CAST(? AS BLOB))"
        for changed_us, body in self.connection.execute(query, (user_id,)).fetchall():
            group = group_of(body)
            if group.names(user_id):
                group.forget(user_id)
                self.put_groups([group], changed_us)

    def skip(self, seq: int, reason: str) -> None:
        """Note an entry that cannot be applied."""
        self.connection.execute("INSERT OR REPLACE INTO skipped VALUES(?,?)", (seq, reason))

    def reach(self, seq: int) -> None:
        """Note the last entry contained."""
        self.connection.execute("UPDATE meta SET applied_seq = ?", (seq,))


def alone(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Let a connection that has the file for itself keep its write-ahead file small."""
    connection.execute("PRAGMA wal_autocheckpoint=4000")
    return connection


def unfit(connection: sqlite3.Connection, log_id: str, zone: BusinessZone, last_seq: int) -> str:
    """Why a generation cannot be used with a log; empty when it can.

    Parameters
    ----------
    connection : sqlite3.Connection
        To the generation.
    log_id, last_seq : str, int
        The log and its end.
    zone : BusinessZone
        What days are now.
    """
    found = version(connection)
    if found != VERSION:
        return f"of schema {found}, expected {VERSION}"
    return read_meta(connection).unfit(Meta.new(log_id, zone), last_seq)
