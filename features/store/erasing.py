"""Forgetting people: out of the states, the log and every copy of the store's files."""

import sqlite3
from collections.abc import Sequence, Set
from contextlib import closing

from features import tombstones
from features.errors import StoreError
from features.store import Forgotten, Store
from features.store.entries import Entry, body_of, content, forget_draft
from features.store.files import connect, guarded
from features.store.generations import Generations
from features.store.log import Log
from features.store.statefile import mentioning, read_states

WAIT_S = 600.0


def erase(log: Log, generations: Generations, store: Store, user_ids: Sequence[str]) -> Forgotten:
    """Erase people; see ``Store.forget``.

    The states are copied into new files before the entries go, so that no rebuild from an older
    copy can bring a person back.
    """
    people = frozenset(user_ids)
    if not people:
        return Forgotten(0, 0)
    touched = _known(generations, people)
    seq = log.append([forget_draft(person) for person in sorted(people)]).last_seq
    if not store.wait_applied(seq, WAIT_S):
        raise StoreError(
            "nobody applies the log, so nobody is forgotten yet",
            next_step="start the service or open the store with applies=True, then retry",
        )
    generations.renew()
    entries = sum(_clean(log, page, people) for page in log.scan(0, seq))
    log.checkpoint(truncate=True)
    return Forgotten(entries - len(people), touched)


def _known(generations: Generations, people: frozenset[str]) -> int:
    path = generations.path
    with guarded(path), closing(connect(path, durable=False)) as connection:
        found = set(read_states(connection, people))
        for person in people:
            found |= set(mentioning(connection, person))
        return len(found)


def _clean(log: Log, entries: Sequence[Entry], people: frozenset[str]) -> int:
    gone: list[tuple[int]] = []
    stripped: list[tuple[bytes, int]] = []
    for entry in entries:
        body = without(entry, people)
        if body is None:
            gone.append((entry.seq,))
        elif body is not entry.body:
            stripped.append((body, entry.seq))

    def write(connection: sqlite3.Connection) -> None:
        connection.executemany("DELETE FROM log WHERE seq = ?", gone)
        connection.executemany("UPDATE log SET body = ? WHERE seq = ?", stripped)

    if gone or stripped:
        log.write(write)
    return len(gone) + len(stripped)


def without(entry: Entry, people: Set[str]) -> bytes | None:
    """What of an entry stays without some people: the very same body, another one, or nothing."""
    record = content(entry)
    if isinstance(record, str):  # a person to forget
        return None if record in people else entry.body
    left = tombstones.without(record, people.__contains__)
    if left is None:
        return None
    return entry.body if left is record else body_of(left)
