"""Entries of the log, applied to one generation of the states."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Protocol

from features import columns as c
from features import online
from features.clock import BusinessZone, now_us
from features.controls import MUTUAL
from features.events import Event
from features.groupbuys import GroupBuy, group_of
from features.identities import IdLink, Linked, Rows, link_of
from features.online import ItemFacts, State
from features.store.entries import SPOILT, Entry, at_version, content
from features.store.records import Item, Tie, User

_LOG = logging.getLogger(__name__)

KEPT_BYTES = 1 << 18
"""States kept decoded, by their encoded size; many would make each garbage collection a pause."""
KEPT_ITEMS = 20_000
_NO_FACTS = ItemFacts()
_PROFILE = ("registered_us", "gender", "birth_year", "city", c.CITY_TIER, "member_level")


def chunks(ids: Iterable[str], size: int = 500) -> Iterator[list[str]]:
    """Cut distinct ids into lists of at most ``size``."""
    rest = iter(dict.fromkeys(ids))
    while chunk := list(islice(rest, size)):
        yield chunk


class States(Protocol):
    """One generation: what is written within a transaction is all there afterwards, or nothing."""

    def applied_seq(self) -> int:
        """Seq of the last entry it contains."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Write all or nothing; reads within it see what it wrote."""
        ...

    def read(
        self, user_ids: Iterable[str], item_ids: Iterable[str]
    ) -> tuple[Mapping[str, State], Mapping[str, Item]]:
        """States, the caller's own copies, and items, of those that are known."""
        ...

    def linked(self, user_ids: Iterable[str]) -> Mapping[str, Linked]:
        """What is known of ids that were ever linked; the caller's own copies."""
        ...

    def put_linked(self, rows: Mapping[str, Linked]) -> None:
        """Write rows of ids; one without links goes."""
        ...

    def groups(self, group_buy_ids: Iterable[str]) -> Mapping[str, GroupBuy]:
        """Group buys that are known; the caller's own copies."""
        ...

    def put_groups(self, groups: Iterable[GroupBuy], changed_us: int) -> None:
        """Write group buys."""
        ...

    def put_states(self, rows: Sequence[tuple[str, bytes]]) -> None:
        """Write (user_id, body)."""
        ...

    def put_item(self, item: Item, changed_us: int) -> None:
        """Write an item unless a later version is in force."""
        ...

    def forget(self, user_id: str) -> None:
        """Delete a state and strip the others of the person."""
        ...

    def skip(self, seq: int, reason: str) -> None:
        """Note an entry that cannot be applied."""
        ...

    def reach(self, seq: int) -> None:
        """Note the last entry contained."""
        ...


class Projection:
    """The one writer of a generation; keeps the last states and item facts it used decoded.

    Parameters
    ----------
    states : States
        The generation.
    zone : BusinessZone
        For days and hours.
    kept_bytes : int
        States kept decoded, by their encoded size.
    """

    def __init__(self, states: States, zone: BusinessZone, kept_bytes: int = KEPT_BYTES) -> None:
        self.generation = states
        self.zone = zone
        self.kept_bytes = kept_bytes
        self.applied_seq = states.applied_seq()
        self._states: dict[str, State] = {}
        self._sizes: dict[str, int] = {}
        self._held = 0
        self._facts: dict[str, ItemFacts] = {}
        self._changed: dict[str, State] = {}
        self._groups: dict[str, GroupBuy] = {}

    def apply(self, entries: Sequence[Entry]) -> None:
        """Apply entries in order, all or none; those already contained are passed over.

        An entry that cannot be applied is put into ``skipped`` with its reason.
        """
        fresh = [entry for entry in entries if entry.seq > self.applied_seq]
        if fresh:
            self._apply_or_skip(fresh, fresh[-1].seq)

    def apply_early(self, entries: Sequence[Entry]) -> None:
        """Apply entries that lie before ``applied_seq`` and that the snapshot left out."""
        self._apply_or_skip(entries, self.applied_seq)

    def _apply_or_skip(self, entries: Sequence[Entry], reached: int) -> None:
        try:
            self._apply(entries, reached)
        except SPOILT as error:
            if len(entries) == 1:
                self._skip(entries[0], reached, error)
                return
            for entry in entries:  # one of them spoils the batch
                self._apply_or_skip([entry], max(self.applied_seq, min(entry.seq, reached)))

    def _skip(self, entry: Entry, reached: int, error: Exception) -> None:
        _LOG.error("entry %d of the log cannot be applied", entry.seq, exc_info=error)
        with self.generation.transaction():
            self.generation.skip(entry.seq, f"{type(error).__name__}: {error}")
            self.generation.reach(reached)
        self.applied_seq = reached

    def _apply(self, entries: Sequence[Entry], reached: int) -> None:
        contents = [content(entry) for entry in entries]
        try:
            with self.generation.transaction():
                self._fetch(contents)
                for n, (entry, record) in enumerate(zip(entries, contents, strict=True), 1):
                    self._one(entry, record)
                    if isinstance(record, str):
                        self._fetch(contents[n:])
                self._write()
                self.generation.put_groups(self._groups.values(), entries[-1].logged_us)
                self.generation.reach(reached)
        except BaseException:
            self._drop()
            raise
        self._changed.clear()
        self._groups.clear()
        self._shorten()
        self.applied_seq = reached

    def _drop(self) -> None:
        for kept in (self._states, self._sizes, self._facts, self._changed, self._groups):
            kept.clear()
        self._held = 0

    def _fetch(self, contents: Iterable[object]) -> None:
        people: dict[str, None] = {}
        goods: dict[str, None] = {}
        groups: dict[str, None] = {}
        for record in contents:
            if isinstance(record, Event):
                if group := group_of(record):
                    groups[group] = None
                people.update(dict.fromkeys(online.people(record)))
                if record.item_id and record.item_id not in self._facts:
                    goods[record.item_id] = None
            elif isinstance(record, Item):
                goods[record.item_id] = None
            elif isinstance(record, User):
                people[record.user_id] = None
            elif isinstance(record, Tie):
                people.update(dict.fromkeys((record.user_id, record.peer_id)))
        missing = [person for person in people if person not in self._states]
        if groups:
            self._groups.update(self.generation.groups(groups))
        states, items = self.generation.read(missing, goods)
        self._states.update(states)
        for item_id in goods:
            item = items.get(item_id)
            self._facts[item_id] = item.facts if item else _NO_FACTS

    def _one(self, entry: Entry, record: object) -> None:
        match record:
            case Event() if link := link_of(record):
                self._link(link)
            case Event():
                self._event(record)
            case User():
                self._profile(record, entry.at_us)
            case Tie():
                self._tie(record)
            case Item():
                self._item(record, entry)
            case str():
                self._write()
                self._forget(record)

    def _event(self, event: Event) -> None:
        if name := group_of(event):
            self._groups.setdefault(name, GroupBuy(name)).learn(event)
        states = {person: self._state(person) for person in online.people(event)}
        facts = self._item_facts(event.item_id) if event.item_id else None
        tier = states[event.user_id].profile.get(c.CITY_TIER)
        online.apply(states, online.fact(event, facts, tier, self.zone))

    def _link(self, link: IdLink) -> None:
        rows = Rows(self._linked)
        rows.learn(link)
        self.generation.put_linked(rows.changed)

    def _linked(self, user_id: str) -> Linked | None:
        return self.generation.linked([user_id]).get(user_id)

    def _tie(self, tie: Tie) -> None:
        if tie.user_id == tie.peer_id:
            return
        online.tie(self._state(tie.user_id), tie.peer_id, tie.tie_type)
        if tie.tie_type in MUTUAL:
            online.tie(self._state(tie.peer_id), tie.user_id, tie.tie_type)

    def _state(self, person: str) -> State:
        state = self._states.pop(person, None) or State()
        self._states[person] = self._changed[person] = state  # last: most recently used
        return state

    def _item_facts(self, item_id: str) -> ItemFacts:
        facts = self._facts.get(item_id)
        if facts is None:
            item = self.generation.read((), [item_id])[1].get(item_id)
            facts = self._facts[item_id] = item.facts if item else _NO_FACTS
        return facts

    def _profile(self, user: User, at_us: int) -> None:
        state = self._state(user.user_id)
        given = {name: getattr(user, name) for name in _PROFILE}
        state.profile = {name: str(value) for name, value in given.items() if value is not None}
        if user.consents is not None and online.counts(state, "consents", at_us):
            state.consents = list(user.consents)

    def _item(self, item: Item, entry: Entry) -> None:
        item = at_version(item, entry.at_us)
        self.generation.put_item(item, entry.logged_us)
        self._facts.pop(item.item_id, None)

    def _write(self) -> None:
        rows = [(person, online.encode(state)) for person, state in self._changed.items()]
        self.generation.put_states(rows)
        for person, body in rows:
            self._held += len(body) - self._sizes.get(person, 0)
            self._sizes[person] = len(body)

    def _shorten(self) -> None:
        """Let go of the states that were used longest ago, and of some facts."""
        while self._held > self.kept_bytes and self._states:
            person = next(iter(self._states))
            del self._states[person]
            self._held -= self._sizes.pop(person, 0)
        for item in list(islice(self._facts, max(len(self._facts) - KEPT_ITEMS, 0))):
            del self._facts[item]

    def _forget(self, person: str) -> None:
        self.generation.put_groups(self._groups.values(), now_us())
        rows = Rows(self._linked)
        rows.forget(person)
        self.generation.put_linked(rows.changed)
        self.generation.forget(person)
        self._drop()
