"""The embedded store: SQLite files in the home, no server to start.

::

    append ──► log.db (waits for the disk) ──► applier ──► state.db (does not wait) ──► reads
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Self

from features import tombstones
from features.clock import BusinessZone
from features.groupbuys import GroupBuy
from features.home import Home
from features.identities import IdLink
from features.online import State, decode
from features.store import Appended, Changes, Cursor, Forgotten, GroupChanges, Item
from features.store.applier import Applier
from features.store.entries import Draft, group_of, item_of, patch_draft
from features.store.erasing import erase
from features.store.files import guarded, peek
from features.store.generations import Generations
from features.store.log import Log
from features.store.projection import KEPT_BYTES
from features.store.reading import Reading
from features.store.statefile import (
    read_groups,
    read_items,
    read_linked,
    read_meta,
    read_people,
)
from features.store.taking import Taking
from features.tombstones import Tombstones

_WAIT_S = 0.0005
_STATE = """
    SELECT (SELECT body FROM states WHERE user_id = ?), EXISTS(SELECT 1 FROM linked)
"""


class EmbeddedStore(Taking):
    """One process's view of the store of a home; implements ``features.store.Store``.

    Parameters
    ----------
    generations : Generations
        The home's files, prepared.
    applies : bool
        Whether this process stands by to apply.
    kept_bytes : int
        States that the applier keeps decoded, by their encoded size.
    """

    def __init__(
        self, generations: Generations, *, applies: bool, kept_bytes: int = KEPT_BYTES
    ) -> None:
        super().__init__(generations.home)
        self._generations = generations
        self._log = generations.log
        self._reading = Reading(generations.path)
        self._applier = Applier(self._log, generations, kept_bytes) if applies else None
        if self._applier:
            self._applier.start()

    @classmethod
    def open(
        cls,
        home: Home,
        zone: BusinessZone,
        *,
        applies: bool = True,
        kept_bytes: int = KEPT_BYTES,
    ) -> Self:
        """Open a home; see ``features.store.open_store``."""
        generations = _generations(home, zone)
        try:
            generations.prepare()
        except BaseException:
            generations.log.close()
            raise
        return cls(generations, applies=applies, kept_bytes=kept_bytes)

    def patch_item(self, item_id: str, fields: Mapping[str, object]) -> int:
        """Change some fields of an item."""
        applied = self.item(item_id)
        done = self._log.append_with(
            lambda connection: [
                patch_draft(item_id, [self._log.last_item(connection, item_id), applied], fields)
            ]
        )
        self._wake()
        return done.last_seq

    def _append(self, drafts: Callable[[Tombstones], Sequence[Draft]]) -> Appended:
        done = self._log.append(drafts(tombstones.read(self.home)))
        self._wake()
        return done

    def _wake(self) -> None:
        if self._applier:
            self._applier.appended.set()

    def state(self, user_id: str) -> State | None:
        """State of one person."""
        body, linked = self._reading.run(
            lambda connection: connection.execute(_STATE, (user_id,)).fetchone()
        )
        if linked:
            return self.states([user_id]).get(user_id)
        return None if body is None else decode(body)

    def states(self, user_ids: Iterable[str]) -> Mapping[str, State]:
        """States of several people."""
        return self._reading.run(lambda connection: read_people(connection, user_ids))

    def ids(self, user_id: str) -> tuple[str, ...]:
        """All ids of a person."""
        rows = self._reading.run(lambda connection: read_linked(connection, [user_id]))
        return tuple(rows[user_id].members) or (user_id,) if user_id in rows else (user_id,)

    def everyone(self) -> Iterator[str]:
        """Ids of all states."""
        after = ""
        while page := self._reading.run(partial(_ids_after, after)):
            yield from page
            after = page[-1]

    def item(self, item_id: str) -> Item | None:
        """Item as it is now."""
        body = self._one("SELECT body FROM items WHERE item_id = ?", item_id)
        return None if body is None else item_of(body)

    def _one(self, query: str, key: str) -> bytes | None:
        row = self._reading.run(lambda connection: connection.execute(query, (key,)).fetchone())
        return row[0] if row else None

    def items(self, item_ids: Iterable[str]) -> Mapping[str, Item]:
        """Items as they are now."""
        return self._reading.run(lambda connection: read_items(connection, item_ids))

    def group_buys(self, group_buy_ids: Iterable[str]) -> Mapping[str, GroupBuy]:
        """Group buys as they are now."""
        return self._reading.run(lambda connection: read_groups(connection, group_buy_ids))

    def changes(self, cursor: Cursor, limit: int = 10_000) -> Changes:
        """Items changed since a cursor."""
        bodies, cursor = self._changed("items", "item_id", cursor, limit)
        return Changes(tuple(map(item_of, bodies)), cursor)

    def group_changes(self, cursor: Cursor, limit: int = 10_000) -> GroupChanges:
        """Group buys changed since a cursor."""
        bodies, cursor = self._changed("groups", "group_buy_id", cursor, limit)
        return GroupChanges(tuple(map(group_of, bodies)), cursor)

    def _changed(
        self, table: str, key: str, cursor: Cursor, limit: int
    ) -> tuple[list[bytes], Cursor]:
        opened = self._reading.opened()
        if cursor.generation != opened.generation:
            cursor = Cursor(cursor.start_us, cursor.start_us, "\U0010ffff", opened.generation)
        with guarded(self._reading.path):
            rows = opened.connection.execute(
                f"SELECT changed_us, {key}, body FROM {table} WHERE (changed_us, {key}) > (?, ?) "
                f"ORDER BY changed_us, {key} LIMIT ?",
                (cursor.after_us, cursor.after_id, limit),
            ).fetchall()
        if rows:
            cursor = Cursor(cursor.start_us, rows[-1][0], rows[-1][1], cursor.generation)
        return [body for *_, body in rows], cursor

    @property
    def log_seq(self) -> int:
        """Seq of the last durable entry."""
        return self._log.head().last_seq

    @property
    def applied_seq(self) -> int:
        """Seq of the last applied entry."""
        query = "SELECT applied_seq FROM meta"
        return int(self._reading.run(lambda connection: connection.execute(query).fetchone()[0]))

    def wait_applied(self, seq: int, timeout_s: float = 5.0) -> bool:
        """Wait until an entry is applied."""
        until = time.monotonic() + timeout_s
        while self.applied_seq < seq:
            if time.monotonic() > until:
                return False
            time.sleep(_WAIT_S)
        return True

    def load(
        self,
        states: Iterable[tuple[str, State]],
        items: Iterable[Item],
        links: Iterable[IdLink] = (),
        groups: Iterable[GroupBuy] = (),
        *,
        log_seq: int,
        as_of_us: int | None = None,
    ) -> None:
        """Put a batch snapshot in force."""
        self._generations.load(states, items, links, groups, log_seq, as_of_us)

    def forget(self, user_ids: Sequence[str]) -> Forgotten:
        """Erase people."""
        return erase(self._log, self._generations, self, user_ids)

    def close(self) -> None:
        """Stop applying and release the files."""
        if self._applier:
            self._applier.stop()
        self._reading.close()
        self._log.close()


def load_snapshot(
    home: Home,
    zone: BusinessZone,
    states: Iterable[tuple[str, State]],
    items: Iterable[Item],
    links: Iterable[IdLink] = (),
    groups: Iterable[GroupBuy] = (),
    *,
    log_seq: int,
    as_of_us: int | None = None,
) -> None:
    """Do what ``Store.load`` does, also where the states in force cannot be used."""
    generations = _generations(home, zone)
    try:
        generations.load(states, items, links, groups, log_seq, as_of_us)
    finally:
        generations.log.close()


def zone_in_force(home: Home) -> BusinessZone | None:
    """Zone that the states in force were made for; None: there are none."""
    path = home.state / "state.db"
    if not path.exists():
        return None
    with guarded(path), closing(peek(path)) as connection:
        return BusinessZone(read_meta(connection).zone)


def _ids_after(after: str, connection: sqlite3.Connection) -> list[str]:
    query = "SELECT user_id FROM states WHERE user_id > ? ORDER BY user_id LIMIT 5000"
    return [row[0] for row in connection.execute(query, (after,))]


def _generations(home: Home, zone: BusinessZone) -> Generations:
    with guarded(home.state):
        home.state.mkdir(parents=True, exist_ok=True)
    return Generations(home, Log(home.state), zone)
