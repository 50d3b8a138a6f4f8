"""One generation of the states on the server, and its one writer's view of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from features.errors import StoreError
from features.groupbuys import GroupBuy
from features.identities import Linked
from features.merging import met, names, strip
from features.online import State, decode, encode
from features.store.entries import body_of, group_of, item_of, linked_of
from features.store.projection import chunks
from features.store.records import Item
from features.store.shared import scripts
from features.store.shared.lease import Lease
from features.store.shared.link import Command, Link

_PARTS = (
    "meta", "skipped", "linked", "items", "changes", "groups", "group_changes",
)  # fmt: skip


class Replaced(StoreError):
    """Another generation is in force now, so nothing was written."""


@dataclass(frozen=True)
class Place:
    """The keys of one generation.

    Parameters
    ----------
    link : Link
        The server.
    name : str
        Of the generation.
    """

    link: Link
    name: str

    def key(self, *parts: str) -> bytes:
        """One of its keys."""
        return self.link.key("g", self.name, *parts)

    def state(self, user_id: str) -> bytes:
        """Key of one person's state."""
        return self.key("s", user_id)


@dataclass
class _Pending:
    """What a transaction wrote so far."""

    states: dict[str, bytes] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    items: dict[str, bytes] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)
    linked: dict[str, bytes] = field(default_factory=dict)
    groups: dict[str, bytes] = field(default_factory=dict)
    reached: int = 0


def fact_value(body: bytes, changed_us: int) -> bytes:
    """How the server keeps a live fact: the instant of its last change, then the fact."""
    return changed_us.to_bytes(8, "big") + body


def item_value(item: Item, changed_us: int) -> bytes:
    """How the server keeps an item."""
    return fact_value(body_of(item), changed_us)


def item_in(value: bytes) -> Item:
    """Read an item back."""
    return item_of(value[8:])


def change(item_id: str, changed_us: int) -> bytes:
    """Member of the sorted set by which a reader follows changes; ordered as bytes.

    Examples
    --------
    >>> change("茶", 7).decode()
    '0000000000000007茶'
    """
    return f"{changed_us:016d}{item_id}".encode(errors="surrogatepass")


class SharedStates:
    """A generation as the projection writes it; implements ``features.store.projection.States``.

    A transaction is kept here until its end, then sent as one script that checks the lease.

    Parameters
    ----------
    place : Place
        The generation.
    lease : Lease
        What the writer must hold.
    in_force : bool
        Whether the generation must be the one in force, or must not be it yet.
    """

    def __init__(self, place: Place, lease: Lease, *, in_force: bool) -> None:
        self.place = place
        self.link = place.link
        self.lease = lease
        self.in_force = in_force
        self._applied = 0
        self._pending = _Pending()
        self._read: dict[str, bytes | None] = {}
        self._groups_read: dict[str, bytes | None] = {}

    def applied_seq(self) -> int:
        """Seq of the last entry it contains."""
        found = self.link.ask("HGET", self.place.key("meta"), "applied_seq")
        if found is None:
            raise Replaced(f"generation {self.place.name} is gone", next_step="retry")
        self._applied = int(found)
        return self._applied

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing."""
        self._pending = _Pending(reached=self._applied)
        try:
            yield
            self._commit(self._pending)
        finally:
            self._pending = _Pending()
            self._read.clear()
            self._groups_read.clear()

    def read(
        self, user_ids: Iterable[str], item_ids: Iterable[str]
    ) -> tuple[Mapping[str, State], Mapping[str, Item]]:
        """States and items of those that are known, in one round trip: each waits for the disk."""
        goods = list(dict.fromkeys(item_ids))
        people = list(chunks(user_ids))
        asked = list(chunks(item for item in goods if item not in self._read))
        commands: list[Command] = [("MGET", *map(self.place.state, some)) for some in people]
        commands += [("HMGET", self.place.key("items"), *some) for some in asked]
        answers = self.link.ask_all(commands) if commands else []
        values = zip(chain(*asked), chain(*answers[len(people) :]), strict=True)
        self._read.update(values)
        states = dict(
            self._newest(zip(chain(*people), chain(*answers[: len(people)]), strict=True))
        )
        return states, {item: item_in(value) for item in goods if (value := self._item(item))}

    def _newest(self, bodies: Iterable[tuple[str, bytes | None]]) -> Iterator[tuple[str, State]]:
        pending = self._pending
        for user, value in bodies:
            body = pending.states.get(user, None if user in pending.gone else value)
            if body is not None:
                yield user, decode(body)

    def _item(self, item_id: str) -> bytes | None:
        return self._pending.items.get(item_id, self._read.get(item_id))

    def linked(self, user_ids: Iterable[str]) -> Mapping[str, Linked]:
        """What is known of ids that were ever linked."""
        ids = list(dict.fromkeys(user_ids))
        bodies = dict(zip(ids, linked_bodies(self.place, ids), strict=True))
        bodies |= {one: body for one in ids if (body := self._pending.linked.get(one)) is not None}
        return {one: linked_of(body) for one, body in bodies.items() if body}

    def put_linked(self, rows: Mapping[str, Linked]) -> None:
        """Write rows of ids; one without links goes."""
        for user, row in rows.items():
            self._pending.linked[user] = body_of(row) if row.links else b""

    def groups(self, group_buy_ids: Iterable[str]) -> Mapping[str, GroupBuy]:
        """Group buys that are known."""
        found = {}
        for some in chunks(group_buy_ids):
            values = self.link.ask("HMGET", self.place.key("groups"), *some)
            self._groups_read.update(zip(some, values, strict=True))
        for name in group_buy_ids:
            if value := self._pending.groups.get(name, self._groups_read.get(name)):
                found[name] = group_of(value[8:])
        return found

    def put_groups(self, groups: Iterable[GroupBuy], changed_us: int) -> None:
        """Write group buys that were read before."""
        for one in groups:
            self._pending.groups[one.group_buy_id] = fact_value(body_of(one), changed_us)

    def put_states(self, rows: Sequence[tuple[str, bytes]]) -> None:
        """Write (user_id, body)."""
        self._pending.states.update(rows)

    def put_item(self, item: Item, changed_us: int) -> None:
        """Write an item unless a later version is in force."""
        known = self.read((), [item.item_id])[1].get(item.item_id)
        if known is None or item.valid_from_us >= known.valid_from_us:
            self._pending.items[item.item_id] = item_value(item, changed_us)

    def forget(self, user_id: str) -> None:
        """Delete a state and strip the others of the person."""
        pending = self._pending
        theirs = self.read([user_id], ())[0].get(user_id)
        others = self.read(met(theirs), ())[0]
        named = mentioning(self.place, user_id, self.lease, pending.states)
        for other, state in {**others, **named}.items():
            if other != user_id and other not in pending.gone:
                strip(state, other, user_id, theirs)
                pending.states[other] = encode(state)
        pending.states.pop(user_id, None)
        pending.gone.add(user_id)
        for name, value in list(_hash(self.place, "groups")):
            group = group_of(self._pending.groups.get(name, value)[8:])
            if group.names(user_id):
                group.forget(user_id)
                self._groups_read[name] = value
                self.put_groups([group], int.from_bytes(value[:8], "big"))

    def skip(self, seq: int, reason: str) -> None:
        """Note an entry that cannot be applied."""
        self._pending.skipped[seq] = reason

    def reach(self, seq: int) -> None:
        """Note the last entry contained."""
        self._pending.reached = seq

    def _commit(self, pending: _Pending) -> None:
        gone = pending.gone - pending.states.keys()
        keys = [self.lease.key, self.link.key("generation")]
        keys += [self.place.key(name) for name in _PARTS]
        keys += [self.place.state(user) for user in (*pending.states, *gone)]
        values: list[Any] = [self.lease.token, self.place.name, int(self.in_force)]
        values += [self._applied, pending.reached, len(pending.states), len(gone)]
        values += [len(pending.skipped), len(pending.linked)]
        values += [len(pending.items), len(pending.groups), *pending.states.values()]
        for seq, reason in pending.skipped.items():
            values += (seq, reason)
        for user, row in pending.linked.items():
            values += (user, row)
        for facts, before in ((pending.items, self._read), (pending.groups, self._groups_read)):
            for name, value in facts.items():
                old = before.get(name)
                values += (name, value, _change(name, old) if old else b"", _change(name, value))
        match self.link.run(scripts.COMMIT, keys, values):
            case "done":
                self._applied = pending.reached
            case "replaced":
                raise Replaced(f"generation {self.place.name} was replaced", next_step="retry")
            case _:
                raise self.lease.lost()


def _hash(place: Place, name: str) -> Iterator[tuple[str, bytes]]:
    """Fields of a hash; some may come twice."""
    cursor = 0
    while True:
        cursor, found = place.link.ask("HSCAN", place.key(name), cursor, "COUNT", 1_000)
        pairs = found.items() if isinstance(found, dict) else zip(*[iter(found)] * 2, strict=True)
        yield from ((field.decode(), value) for field, value in pairs)
        if not int(cursor):
            return


def linked_bodies(place: Place, ids: Sequence[str]) -> list[bytes | None]:
    """Rows of ids as they are kept; None where an id was never linked."""
    asked = list(chunks(ids))
    answers = place.link.ask_all([("HMGET", place.key("linked"), *some) for some in asked])
    return [body for some in answers for body in some]


def _change(item_id: str, value: bytes) -> bytes:
    return change(item_id, int.from_bytes(value[:8], "big"))


def mentioning(
    place: Place, person: str, lease: Lease | None, newer: Mapping[str, bytes]
) -> Mapping[str, State]:
    """States of others that name a person; looks through all of them, the newer ones first."""
    needle, prefix = person.encode(), place.state("")
    found = {}
    for user, body in _everyone(place, prefix, lease, newer):
        if user != person and needle in body and names(state := decode(body), person):
            found[user] = state
    return found


def _everyone(
    place: Place, prefix: bytes, lease: Lease | None, newer: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    yield from newer.items()
    for page in place.link.keys(prefix):
        if lease:
            lease.renew()
        users = [key[len(prefix) :].decode() for key in page]
        for user, body in zip(users, place.link.ask("MGET", *page), strict=True):
            if body is not None and user not in newer:
                yield user, body
