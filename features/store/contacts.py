"""The contact ledger: how often somebody is asked, by anyone, over all channels.

One book for the whole home. A list that names somebody **reserves** a place under the caps; a share
that is sent **charges** it; a reservation that nobody uses is **released** when it expires. What is
counted for a person are the contacts of a channel, and of all channels together, within the last
minute, hour, day, week and month. Checking and writing are one step of the store, so that no number
of processes together passes a cap.

A share that was sent without a list happened all the same: it is charged, and whoever is at a cap
then is proposed to nobody.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from features.clock import DAY_US, HOUR_US, SECOND_US
from features.home import Home
from features.store.files import connect, guarded, transaction
from features.store.projection import chunks

MINUTE_US = 60 * SECOND_US

WINDOWS: Mapping[str, int] = MappingProxyType({
    "minute": MINUTE_US, "hour": HOUR_US, "day": DAY_US, "week": 7 * DAY_US, "month": 30 * DAY_US,
})  # fmt: skip
"""Names of windows and their lengths in microseconds."""

ASKED = 5_000
"""People looked up at once."""

KEPT_US = 31 * DAY_US
"""How long a contact is kept."""

RESERVED_US = 10 * MINUTE_US
"""How long a place is held for somebody who was listed."""

ALL = "all"
"""The caps over all channels together."""

Caps = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Policy:
    """How often somebody may be contacted.

    Parameters
    ----------
    caps : mapping of str to mapping of str to int
        Channel, or ``all`` → window → contacts at most. A channel that is not named has only the
        caps of ``all``.
    reserved_us : int
        How long a listed place is held.
    """

    caps: Caps = field(
        default_factory=lambda: {
            ALL: {"minute": 3, "hour": 6, "day": 12, "week": 40, "month": 100},
            "share": {"minute": 2, "hour": 4, "day": 8, "week": 25, "month": 60},
            "prompt": {"minute": 1, "hour": 2, "day": 3, "week": 10, "month": 20},
        }
    )
    reserved_us: int = RESERVED_US

    def of(self, channel: str) -> tuple[tuple[bool, int, int], ...]:
        """(whether of this channel alone, length of the window, most) of each cap that applies."""
        return tuple(
            (name == channel, WINDOWS[window], most)
            for name in (channel, ALL)
            for window, most in self.caps.get(name, {}).items()
        )


class Ledger(Protocol):
    """What every ledger does; any thread may call it.

    Raises
    ------
    StoreError
        When it cannot be read or written.
    """

    def reserve(
        self, sender: str, people: Sequence[str], channel: str, at_us: int, most: int
    ) -> list[str]:
        """Reserve places for the first ``most`` of ``people`` that are under every cap.

        Whom this sender holds a place for already keeps it, without another one.
        """
        ...

    def charge(self, sender: str, person: str, channel: str, at_us: int, mark: str = "") -> bool:
        """Note a contact that happened; whether a place had been held for it.

        A contact of the same ``mark``, if there is one, is noted once.
        """
        ...

    def next_at(self, person: str, channel: str, at_us: int) -> int:
        """First instant at which a person is under every cap; ``at_us`` where that is so now."""
        ...

    def capped(self, people: Sequence[str], channel: str, at_us: int) -> list[str]:
        """Those of many people who are at a cap at an instant, in no order."""
        ...

    def count(self, person: str, channel: str, window: str, at_us: int) -> int:
        """Contacts and live reservations of a window before an instant."""
        ...

    def forget(self, people: Sequence[str]) -> None:
        """Erase everything about people, as recipients and as senders."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...


class EmbeddedLedger:
    """The ledger of one machine: an SQLite file that processes share.

    Parameters
    ----------
    home : Home
        The file is ``state/contacts.db``.
    policy : Policy
        The caps.
    """

    def __init__(self, home: Home, policy: Policy) -> None:
        home.state.mkdir(parents=True, exist_ok=True)
        self.path: Path = home.state / "contacts.db"
        self.policy = policy
        self._local = threading.local()
        with guarded(self.path):
            self._connection().executescript(
                """
                CREATE TABLE IF NOT EXISTS contacts(
                    person TEXT NOT NULL, sender TEXT NOT NULL, channel TEXT NOT NULL,
                    at_us INTEGER NOT NULL, until_us INTEGER, mark TEXT NOT NULL
                );
                CREATE INDEX IF NOT EXISTS by_person ON contacts(person, at_us);
                CREATE INDEX IF NOT EXISTS by_time ON contacts(at_us);
                """
            )

    def reserve(
        self, sender: str, people: Sequence[str], channel: str, at_us: int, most: int
    ) -> list[str]:
        """Reserve places for the first ``most`` of ``people`` that are under every cap."""
        taken: list[str] = []
        with self._writing() as connection:
            self._tidy(connection, at_us)
            for person in people:
                if len(taken) == most:
                    break
                if self._holds(connection, sender, person, channel, at_us):
                    taken.append(person)
                elif self._next(connection, person, channel, at_us) <= at_us:
                    until = at_us + self.policy.reserved_us
                    row = (person, sender, channel, at_us, until)
                    connection.execute("INSERT INTO contacts VALUES(?,?,?,?,?,'')", row)
                    taken.append(person)
        return taken

    def charge(self, sender: str, person: str, channel: str, at_us: int, mark: str = "") -> bool:
        """Note a contact that happened."""
        with self._writing() as connection:
            known = "SELECT 1 FROM contacts WHERE person = ? AND mark = ? AND mark <> ''"
            if connection.execute(known, (person, mark)).fetchone():
                return False
            held = self._holds(connection, sender, person, channel, at_us)
            if held:
                connection.execute(
                    "UPDATE contacts SET at_us = ?, until_us = NULL, mark = ? WHERE rowid = ?",
                    (at_us, mark, held),
                )
            else:
                row = (person, sender, channel, at_us, mark)
                connection.execute("INSERT INTO contacts VALUES(?,?,?,?,NULL,?)", row)
        return bool(held)

    def next_at(self, person: str, channel: str, at_us: int) -> int:
        """First instant at which a person is under every cap."""
        with guarded(self.path):
            return self._next(self._connection(), person, channel, at_us)

    def capped(self, people: Sequence[str], channel: str, at_us: int) -> list[str]:
        """Those of many people who are at a cap."""
        query = (
            "SELECT person, channel, at_us FROM json_each(?) JOIN contacts ON person = value "
            "WHERE at_us > ? AND (until_us IS NULL OR until_us > ?)"
        )
        rows: dict[str, list[tuple[str, int]]] = {}
        with guarded(self.path):
            for asked in chunks(people, ASKED):
                names = json.dumps(asked)
                found = self._connection().execute(query, (names, at_us - KEPT_US, at_us))
                for person, own, instant in found:
                    rows.setdefault(person, []).append((own, instant))
        return [
            one
            for one, told in rows.items()
            if next_free(told, self.policy, channel, at_us) > at_us
        ]

    def count(self, person: str, channel: str, window: str, at_us: int) -> int:
        """Contacts and live reservations of a window before an instant."""
        own = channel != ALL
        with guarded(self.path):
            ends = _ends(self._rows(self._connection(), person, at_us), channel, own=own)
        return sum(end > at_us - WINDOWS[window] for end in ends)

    def forget(self, people: Sequence[str]) -> None:
        """Erase everything about people."""
        with self._writing() as connection:
            connection.executemany(
                "DELETE FROM contacts WHERE person = ? OR sender = ?", [(p, p) for p in people]
            )
        with guarded(self.path):
            self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Release this thread's connection."""
        mine = getattr(self._local, "connection", None)
        if mine is not None:
            mine.close()
            self._local.connection = None

    def _connection(self) -> sqlite3.Connection:
        mine: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if mine is None:
            mine = self._local.connection = connect(self.path, durable=False, create=True)
            mine.execute("PRAGMA wal_autocheckpoint=1000")
            mine.execute("PRAGMA secure_delete=ON")
        return mine

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with guarded(self.path):
            connection = self._connection()
            with transaction(connection):
                yield connection

    def _tidy(self, connection: sqlite3.Connection, at_us: int) -> None:
        connection.execute("DELETE FROM contacts WHERE at_us < ?", (at_us - KEPT_US,))

    def _holds(
        self, connection: sqlite3.Connection, sender: str, person: str, channel: str, at_us: int
    ) -> int:
        """Row of a live reservation; 0: there is none."""
        row = connection.execute(
            "SELECT rowid FROM contacts WHERE person = ? AND at_us > ? AND sender = ? "
            "AND channel = ? AND until_us > ? ORDER BY at_us LIMIT 1",
            (person, at_us - KEPT_US, sender, channel, at_us),
        ).fetchone()
        return int(row[0]) if row else 0

    def _rows(
        self, connection: sqlite3.Connection, person: str, at_us: int
    ) -> list[tuple[str, int]]:
        return connection.execute(
            "SELECT channel, at_us FROM contacts WHERE person = ? AND at_us > ? "
            "AND (until_us IS NULL OR until_us > ?)",
            (person, at_us - KEPT_US, at_us),
        ).fetchall()

    def _next(self, connection: sqlite3.Connection, person: str, channel: str, at_us: int) -> int:
        return next_free(self._rows(connection, person, at_us), self.policy, channel, at_us)


def next_free(rows: Sequence[tuple[str, int]], policy: Policy, channel: str, at_us: int) -> int:
    """First instant under every cap, given (channel, instant) of what counts now.

    Examples
    --------
    >>> once = Policy({"share": {"hour": 1}})
    >>> next_free([("share", 5)], once, "share", 7) == HOUR_US + 5
    True
    >>> next_free([("share", 5)], once, "share", HOUR_US + 5)
    3600000005
    >>> next_free([("push", 5)], once, "share", 7)
    7
    """
    free = at_us
    for own, length, most in policy.of(channel):
        ends = sorted(at for at in _ends(rows, channel, own=own) if at > at_us - length)
        if len(ends) >= most:
            free = max(free, ends[len(ends) - most] + length if most else at_us + length)
    return free


def _ends(rows: Sequence[tuple[str, int]], channel: str, *, own: bool) -> list[int]:
    return [at for name, at in rows if not own or name == channel]
