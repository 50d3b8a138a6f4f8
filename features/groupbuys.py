"""Open group buys as they are now: what events, and the shop itself, said of each.

``Group Buy Started`` and ``Group Buy Updated`` (the route ``PUT /v1/group-buys/{id}``) tell its
facts, ``Group Buy Joined`` adds a person, ``Group Buy Succeeded`` and ``Group Buy Failed`` end it.
Of each fact the latest word counts, so that order and repetition of arrival do not matter.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

import msgspec

from features import columns as c
from features import events as e
from features.clock import DAY_US
from features.events import Event

if TYPE_CHECKING:
    import duckdb

OPEN, SUCCEEDED, FAILED = "open", "succeeded", "failed"
STATUSES = (OPEN, SUCCEEDED, FAILED)

REMEMBERED_DAYS = 30
"""A group of which nothing was heard for so long, and that does not say when it ends, is over."""

_TELLING = (e.GROUP_STARTED, e.GROUP_UPDATED)
_ENDS = {e.GROUP_SUCCEEDED: SUCCEEDED, e.GROUP_FAILED: FAILED}
EVENTS = (*_TELLING, e.GROUP_JOINED, *_ENDS)
_FACTS = ("item_id", "size", "price_fen", "expires_us")

Told = dict[str, tuple[int, Any]]


class GroupBuy(msgspec.Struct, omit_defaults=True):
    """One group buy.

    Parameters
    ----------
    group_buy_id : str
        Its id.
    told : dict of str to (int, value)
        ``item_id``, ``starter_id``, ``size`` (people it needs), ``price_fen``, ``expires_us``,
        ``members_n`` (people in it), ``status``: the value and the instant at which it was said.
    joined : dict of str to int
        When each person joined, those who are known by name.
    heard_us : int
        Instant of the latest word.
    """

    group_buy_id: str
    told: Told = {}
    joined: dict[str, int] = {}
    heard_us: int = 0

    def learn(self, event: Event) -> None:
        """Take one event about it.

        Examples
        --------
        >>> group = GroupBuy("g1")
        >>> group.learn(Event(message_id="m", event="Group Buy Started", at_us=1, user_id="u1",
        ...                   group_buy_id="g1", item_id="i1", size=3))
        >>> group.starter_id, group.missing, group.open(2)
        ('u1', 2, True)
        """
        self.heard_us = max(self.heard_us, event.at_us)
        for name, value in _said(event):
            if value is not None and (held := (event.at_us, value)) > self.told.get(name, (-1,)):
                self.told[name] = held
        if event.event in {e.GROUP_STARTED, e.GROUP_JOINED}:
            first = self.joined.get(event.user_id, event.at_us)
            self.joined[event.user_id] = min(first, event.at_us)

    def forget(self, person: str) -> None:
        """Keep that somebody is in it, not who."""
        if self.joined.pop(person, None) is not None:
            at_us, said = self.told.get("members_n", (self.heard_us, 0))
            self.told["members_n"] = (at_us, max(said, len(self.joined) + 1))
        if self.starter_id == person:
            del self.told["starter_id"]

    def names(self, person: str) -> bool:
        """Whether it names a person."""
        return person in self.joined or self.starter_id == person

    def _value(self, name: str) -> Any:
        return self.told[name][1] if name in self.told else None

    @property
    def item_id(self) -> str | None:
        """What is bought."""
        return self._value(c.ITEM)  # type: ignore[no-any-return]

    @property
    def starter_id(self) -> str | None:
        """Who started it."""
        return self._value("starter_id")  # type: ignore[no-any-return]

    @property
    def size(self) -> int | None:
        """How many people it needs."""
        return self._value("size")  # type: ignore[no-any-return]

    @property
    def price_fen(self) -> int | None:
        """Price of one unit in the group."""
        return self._value(c.PRICE)  # type: ignore[no-any-return]

    @property
    def expires_us(self) -> int | None:
        """When it ends unless it is full."""
        return self._value("expires_us")  # type: ignore[no-any-return]

    @property
    def started_us(self) -> int:
        """The earliest word of it that is kept."""
        told = (at_us for at_us, _ in self.told.values())
        return min([*self.joined.values(), *told], default=self.heard_us)

    @property
    def status(self) -> str:
        """One of ``STATUSES``, as it was last said."""
        return self._value("status") or OPEN

    @property
    def members(self) -> int:
        """How many people are in it, whether known by name or not."""
        return max(len(self.joined), self._value("members_n") or 0)

    @property
    def missing(self) -> int | None:
        """How many people it still needs; None: nobody said."""
        return None if self.size is None else max(self.size - self.members, 0)

    def open(self, at_us: int) -> bool:
        """Whether one can join it at an instant."""
        ends_us = self.expires_us or self.heard_us + REMEMBERED_DAYS * DAY_US
        return self.status == OPEN and self.missing != 0 and at_us < ends_us


def _said(event: Event) -> Iterator[tuple[str, Any]]:
    if event.event in _TELLING:
        yield from ((name, getattr(event, name)) for name in _FACTS)
        yield "starter_id", event.user_id
    if event.event == e.GROUP_UPDATED:
        yield "status", event.reason if event.reason in STATUSES else None
        yield "members_n", None if event.quantity is None else int(event.quantity)
    if event.event == e.GROUP_JOINED:
        yield "members_n", event.size
    if event.event in _ENDS:
        yield "status", _ENDS[event.event]


def group_of(event: Event) -> str | None:
    """Id of the group buy that an event is about; None: it tells nothing of one.

    Examples
    --------
    >>> group_of(Event(message_id="m", event="Group Buy Viewed", at_us=1, user_id="u",
    ...                group_buy_id="g"))
    """
    return event.group_buy_id if event.event in EVENTS else None


class Groups:
    """Group buys that events are told to.

    Parameters
    ----------
    known : iterable of GroupBuy
        To begin with.
    """

    def __init__(self, known: Iterable[GroupBuy] = ()) -> None:
        self.known = {one.group_buy_id: one for one in known}

    def learn(self, events: Iterable[Event]) -> Self:
        """Take events, in any order; each one once."""
        for event in events:
            if name := group_of(event):
                self.known.setdefault(name, GroupBuy(name)).learn(event)
        return self


def history(connection: "duckdb.DuckDBPyConnection", at_us: int) -> list[GroupBuy]:
    """Group buys that are open at an instant, from what was sent before.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        As ``History.connect`` opens it.
    at_us : int
        T.
    """
    columns = [*Event.__struct_fields__]
    names = ", ".join(f"'{name}'" for name in EVENTS)
    cursor = connection.execute(
        f"SELECT {', '.join(columns)} FROM sent_events WHERE {c.EVENT} IN ({names}) "
        f"AND {c.GROUP_BUY} IS NOT NULL AND {c.AT} < {int(at_us)} "
        f"AND {c.AT} >= {int(at_us) - 3 * REMEMBERED_DAYS * DAY_US}"
    )
    groups = Groups()
    while rows := cursor.fetchmany(10_000):
        groups.learn(Event(**dict(zip(columns, row, strict=True))) for row in rows)
    return [one for one in groups.known.values() if one.open(at_us)]
