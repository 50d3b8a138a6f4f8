"""The online store: events made durable, states of people up to date, the live catalogue.

One contract, :class:`Store`; ``tests/features/store/conformance.py`` is what an implementation must
pass. :func:`open_store` opens the embedded one, which needs no server: several processes of one
machine open the same home, one of them applies. ``HUOREN_STORE`` may name a Redis server instead,
``redis://host:6379/0`` or ``unix:///run/redis.sock``, which services of several machines share.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from features.clock import BusinessZone
from features.events import Event
from features.groupbuys import GroupBuy
from features.home import Home
from features.identities import IdLink
from features.online import State
from features.store.records import Item, Tie, User

if TYPE_CHECKING:
    from features.store.contacts import Ledger, Policy

__all__ = [
    "Appended", "Changes", "Cursor", "Forgotten", "GroupChanges", "Item", "Store", "Tie", "User",
    "load_snapshot", "open_ledger", "open_store", "zone_in_force",
]  # fmt: skip


@dataclass(frozen=True)
class Appended:
    """What became of the events of one call.

    Parameters
    ----------
    accepted, duplicates : int
        Lines taken, and lines whose (message_id, line) the log already had.
    last_seq : int
        The log reaches at least here: give it to ``wait_applied`` to read your own writes.
    """

    accepted: int
    duplicates: int
    last_seq: int


@dataclass(frozen=True)
class Cursor:
    """How far a reader has seen the live catalogue; start with ``Cursor(as_of_us)``.

    Parameters
    ----------
    start_us : int
        Items unchanged since then are not wanted: the as-of instant of the reader's bundle.
    after_us, after_id : int, str
        The last change seen.
    generation : str
        Of the state it was read from; a new one is read again from ``start_us``.
    """

    start_us: int
    after_us: int = 0
    after_id: str = ""
    generation: str = ""


@dataclass(frozen=True)
class Changes:
    """Items changed since a cursor, oldest change first, and the cursor to ask with next."""

    items: tuple[Item, ...]
    cursor: Cursor


@dataclass(frozen=True)
class GroupChanges:
    """Group buys changed since a cursor, oldest change first, and the cursor to ask with next."""

    groups: tuple[GroupBuy, ...]
    cursor: Cursor


@dataclass(frozen=True)
class Forgotten:
    """What an erasure removed.

    Parameters
    ----------
    entries : int
        Log entries deleted, or stripped of the person where they belong to somebody else.
    states : int
        States deleted, or stripped of the person.
    """

    entries: int
    states: int


class Store(Protocol):
    """What every store does; every method may be called from any thread.

    Raises
    ------
    StoreError
        From any method, when the store cannot do it; nothing was acknowledged then.
    """

    def append(self, events: Sequence[Event]) -> Appended:
        """Make events durable; on return they survive a power cut. Idempotent by (id, line).

        Consents, suppressed tags, the personalisation switch and ties are events too
        (``features.controls``), and so is which ids are one person (``features.identities``).

        Raises
        ------
        InputError
            An event that no table could hold; none of the call's events was taken.
        """
        ...

    def put_users(self, users: Sequence[User]) -> int:
        """Upsert profiles, durably; returns the seq that applies the last of them."""
        ...

    def put_ties(self, ties: Sequence[Tie]) -> int:
        """Upsert ties, durably, those of mutual types both ways; returns the last seq."""
        ...

    def put_items(self, items: Sequence[Item]) -> int:
        """Upsert whole items, durably; returns the last seq."""
        ...

    def patch_item(self, item_id: str, fields: Mapping[str, object]) -> int:
        """Change some fields of an item (stock, price, status, expiry), durably; returns the seq.

        Raises
        ------
        InputError
            No such item, no such field, or a value of the wrong type.
        """
        ...

    def state(self, user_id: str) -> State | None:
        """State of one person as of ``applied_seq``; the caller's own copy. None: unknown.

        Any id of the person gives the same: what was sent with all of them, added up
        (``features.merging``).
        """
        ...

    def states(self, user_ids: Iterable[str]) -> Mapping[str, State]:
        """States of those that are known, in one round trip for each 500; callers' own copies."""
        ...

    def ids(self, user_id: str) -> tuple[str, ...]:
        """All ids of a person, the main one first; a stranger has the one that was asked for."""
        ...

    def everyone(self) -> Iterator[str]:
        """Ids of all states, some of them perhaps twice; the ids of one person one by one."""
        ...

    def item(self, item_id: str) -> Item | None:
        """Item as it is now. None: unknown."""
        ...

    def items(self, item_ids: Iterable[str]) -> Mapping[str, Item]:
        """Items that are known, as they are now."""
        ...

    def group_buys(self, group_buy_ids: Iterable[str]) -> Mapping[str, GroupBuy]:
        """Group buys that are known, as they are now: what events said of them."""
        ...

    def group_changes(self, cursor: Cursor, limit: int = 10_000) -> GroupChanges:
        """Group buys changed since the cursor; as with ``changes``."""
        ...

    def changes(self, cursor: Cursor, limit: int = 10_000) -> Changes:
        """Items changed since the cursor; ask every second, again at once after a full page."""
        ...

    @property
    def log_seq(self) -> int:
        """Seq of the last durable entry."""
        ...

    @property
    def applied_seq(self) -> int:
        """Seq of the last entry that the states contain; ``log_seq - applied_seq`` is the lag."""
        ...

    def wait_applied(self, seq: int, timeout_s: float = 5.0) -> bool:
        """Wait until the states contain the entry ``seq``; False when the time is over."""
        ...

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
        """Replace all states and items by those of a batch snapshot, then replay what came after.

        Readers keep the old ones until the new ones have caught up with the log.

        Parameters
        ----------
        states : iterable of (str, State)
            Each id's state; from entries up to ``log_seq`` with ``at_us < as_of_us``.
        items : iterable of Item
            The catalogue in force.
        links : iterable of IdLink
            What those entries said about which ids are one person.
        groups : iterable of GroupBuy
            Those that are open.
        log_seq : int
            Entries after it are replayed.
        as_of_us : int, optional
            Earlier entries at or after this instant are replayed too. None: there are none.
        """
        ...

    def forget(self, user_ids: Sequence[str]) -> Forgotten:
        """Erase people from log, states and files; durable and without traces on return.

        Sealed events, snapshots and bundles are not the store's.
        """
        ...

    def close(self) -> None:
        """Stop applying and release everything; the next opener needs no rebuild."""
        ...


def open_store(
    home: Home,
    zone: BusinessZone | None = None,
    *,
    applies: bool = True,
    place: str | None = None,
    kept_bytes: int | None = None,
) -> Store:
    """Open the store of a home, made if need be.

    Parameters
    ----------
    home : Home
        The embedded store is in its ``state`` directory.
    zone : BusinessZone, optional
        For days and hours; default Asia/Shanghai.
    applies : bool
        Whether this process stands by to apply; exactly one of those that do, does.
    place : str, optional
        ``embedded``, or the URL of a Redis server; default ``HUOREN_STORE``, else ``embedded``.
    kept_bytes : int, optional
        States that the applier keeps decoded, by their encoded size; few beside other threads.

    Raises
    ------
    StoreError
        The states are of another version or declaration and cannot be rebuilt, or the server
        does not answer or could lose what it acknowledges; says what to run.
    InputError
        There is no such place, or its client library is not installed.
    """
    from features.store.projection import KEPT_BYTES
    from features.store.shared.address import chosen

    zone, kept = zone or BusinessZone(), kept_bytes or KEPT_BYTES
    if address := chosen(place):
        from features.store.shared.store import SharedStore

        return SharedStore.open(address, home, zone, applies=applies, kept_bytes=kept)
    from features.store.embedded import EmbeddedStore

    return EmbeddedStore.open(home, zone, applies=applies, kept_bytes=kept)


def open_ledger(
    home: Home, policy: "Policy | None" = None, *, place: str | None = None
) -> "Ledger":
    """Open the contact ledger of a home, in a file or on the server that ``HUOREN_STORE`` names.

    Parameters
    ----------
    home : Home
        The embedded ledger is in its ``state`` directory.
    policy : Policy, optional
        The caps.
    place : str, optional
        As for ``open_store``.
    """
    from features.store.contacts import EmbeddedLedger, Policy
    from features.store.shared.address import chosen

    caps = policy or Policy()
    if address := chosen(place):
        from features.store.shared.contacts import SharedLedger

        return SharedLedger(address, caps)
    return EmbeddedLedger(home, caps)


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
    place: str | None = None,
) -> None:
    """Do what ``Store.load`` does, also where the states in force cannot be used."""
    from features.store.shared.address import chosen

    if address := chosen(place):
        from features.store.shared.store import opened

        with closing(opened(address, home, zone)) as generations:
            generations.load(states, items, links, groups, log_seq, as_of_us)
        return
    from features.store.embedded import load_snapshot as load_embedded

    load_embedded(home, zone, states, items, links, groups, log_seq=log_seq, as_of_us=as_of_us)


def zone_in_force(home: Home, place: str | None = None) -> BusinessZone | None:
    """Zone of the states in force, whatever this process would choose; None: there are none."""
    from features.store.shared.address import chosen

    if address := chosen(place):
        from features.store.shared.store import opened

        with closing(opened(address, home, BusinessZone())) as generations:
            meta = generations.meta()
            return BusinessZone(meta.zone) if meta else None
    from features.store.embedded import zone_in_force as embedded_zone

    return embedded_zone(home)
