"""Which ids are one person: links between ids, and the people that follow from them.

``User Identified`` and ``User Aliased`` link ``user_id`` with ``peer_id``, ``User Separated`` takes
their link away. Of what was said about two ids the newest instant counts, a separation first, so
that neither order nor repetition of arrival matters. Whoever is linked, directly or through others,
is one person; facts stay with the id that they were sent with, and are added up when they are read.
Nothing has to be undone when people are separated.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from features import columns as c
from features import events as e
from features.events import ANONYMOUS_PREFIX, Event

MOST = 64
"""Ids that one person may have. More of them linked together are no person but a shared device, a
shop's till or a mistake: none of those links has force until they are fewer again."""

LINKING = (e.IDENTIFIED, e.ALIASED)
EVENTS = (*LINKING, e.SEPARATED)


class IdLink(NamedTuple):
    """What one event says about two ids."""

    one: str
    other: str
    at_us: int
    holds: bool


class Linked(msgspec.Struct, array_like=True):
    """What is kept online about one id that was ever linked.

    Parameters
    ----------
    links : dict of str to (int, bool)
        By the other id: the newest instant at which something was said, and whether they are one.
    members : list of str
        All ids of the person, the main one first; empty for who is alone.
    """

    links: dict[str, tuple[int, bool]] = {}
    members: list[str] = []


def link_of(event: Event) -> IdLink | None:
    """What an event says about ids; None: nothing.

    Examples
    --------
    >>> link_of(Event(message_id="m", event="User Aliased", at_us=7, user_id="a", peer_id="b"))
    IdLink(one='a', other='b', at_us=7, holds=True)
    """
    if event.event not in EVENTS or not event.peer_id or event.peer_id == event.user_id:
        return None
    return IdLink(event.user_id, event.peer_id, event.at_us, event.event != e.SEPARATED)


def ordered(ids: Iterable[str]) -> list[str]:
    """Ids of a person, the main one first: no visitor's if there is another, then by name.

    Examples
    --------
    >>> ordered({"anonymous:7", "u2", "u1"})
    ['u1', 'u2', 'anonymous:7']
    """
    return sorted(ids, key=lambda one: (one.startswith(ANONYMOUS_PREFIX), one))


def people(links: Iterable[IdLink]) -> dict[str, list[str]]:
    """Everybody who has several ids.

    Parameters
    ----------
    links : iterable of IdLink
        In any order.

    Returns
    -------
    dict of str to list of str
        By each id, all ids of the person, the main one first.

    Examples
    --------
    >>> people([IdLink("a", "b", 1, True), IdLink("c", "b", 2, True), IdLink("b", "a", 3, False)])
    {'b': ['b', 'c'], 'c': ['b', 'c']}
    """
    near: dict[str, list[str]] = defaultdict(list)
    for (one, other), (_, holds) in newest(links).items():
        if holds:
            near[one].append(other)
            near[other].append(one)
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    for start in sorted(near):
        if start not in seen:
            reached = _reached(near.__getitem__, start, len(near))
            seen |= reached
            if len(reached) <= MOST:
                found |= dict.fromkeys(reached, ordered(reached))
    return dict(sorted(found.items()))


def newest(links: Iterable[IdLink]) -> dict[tuple[str, str], tuple[int, bool]]:
    """What counts of all that was said, by pair of ids."""
    said: dict[tuple[str, str], tuple[int, bool]] = {}
    for one, other, at_us, holds in links:
        pair = (min(one, other), max(one, other))
        if one != other and _counts(said.get(pair), at_us, holds):
            said[pair] = (at_us, holds)
    return said


def _counts(held: tuple[int, bool] | None, at_us: int, holds: bool) -> bool:
    return held is None or (at_us, not holds) > (held[0], not held[1])


def _reached(near: Callable[[str], Iterable[str]], start: str, most: int) -> set[str]:
    """Ids linked to one, directly or through others; no more than a few beyond ``most``."""
    reached, waiting = {start}, [start]
    while waiting and len(reached) <= most:
        new = [one for one in near(waiting.pop()) if one not in reached]
        reached.update(new)
        waiting += new
    return reached


Read = Callable[[str], Linked | None]


class Rows:
    """Rows of ``Linked`` while one link changes them.

    Parameters
    ----------
    read : callable
        The caller's own copy of an id's row, None where there is none.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._rows: dict[str, Linked] = {}
        self.changed: dict[str, Linked] = {}

    def learn(self, link: IdLink) -> None:
        """Take what an event says; ``changed`` then holds the rows to write."""
        one, other, at_us, holds = link
        if one == other or not _counts(self._row(one).links.get(other), at_us, holds):
            return
        stale = {one, other, *self._row(one).members, *self._row(other).members}
        for mine, theirs in ((one, other), (other, one)):
            self._row(mine).links[theirs] = (at_us, holds)
            self.changed[mine] = self._row(mine)
        self._settle(stale)

    def forget(self, person: str) -> None:
        """Take an id out of everybody's row; its own is left empty."""
        gone = self._row(person)
        stale = {*gone.links, *gone.members} - {person}
        for other in gone.links:
            self._row(other).links.pop(person, None)
            self.changed[other] = self._row(other)
        self._rows[person] = self.changed[person] = Linked()
        self._settle(stale)

    def _row(self, user_id: str) -> Linked:
        if user_id not in self._rows:
            self._rows[user_id] = self._read(user_id) or Linked()
        return self._rows[user_id]

    def _near(self, user_id: str) -> Iterator[str]:
        return (one for one, (_, holds) in self._row(user_id).links.items() if holds)

    def _settle(self, stale: set[str]) -> None:
        """Find out anew to whom ids belong."""
        while stale:
            start = min(stale)
            reached = _reached(self._near, start, MOST)
            if len(reached) > MOST:
                reached, members = {start}, []
            else:
                members = ordered(reached) if len(reached) > 1 else []
            for one in reached:
                if self._row(one).members != members:
                    self._row(one).members = members
                    self.changed[one] = self._row(one)
            stale -= reached


def rows(links: Iterable[IdLink]) -> Iterator[tuple[str, Linked]]:
    """Rows of everybody who was ever linked, as ``Rows`` would have made them one by one."""
    listed = list(links)
    members = people(listed)
    found: dict[str, Linked] = defaultdict(Linked)
    for (one, other), said in newest(listed).items():
        found[one].links[other] = found[other].links[one] = said
    for user_id, row in found.items():
        row.members = members.get(user_id, [])
    yield from found.items()


def resolved(columns: Iterable[str], table: str) -> str:
    """SQL of a table's rows under the main ids of people.

    Parameters
    ----------
    columns : iterable of str
        Of the table, in their order.
    table : str
        The rows as they were sent; beside it a table ``persons`` (``user_id``, ``person``).

    Examples
    --------
    >>> print(resolved(["user_id", "at_us"], "sent"))
    SELECT coalesce(u.person, s.user_id) AS user_id, s.at_us FROM sent s LEFT JOIN persons u
    ON s.user_id = u.user_id
    """
    joined = {c.USER: "u", c.PEER: "p"}
    listed = list(columns)
    chosen = [
        f"coalesce({joined[name]}.person, s.{name}) AS {name}" if name in joined else f"s.{name}"
        for name in listed
    ]
    joins = [
        f"LEFT JOIN persons {joined[name]}\nON s.{name} = {joined[name]}.{c.USER}"
        for name in listed
        if name in joined
    ]
    return f"SELECT {', '.join(chosen)} FROM {table} s {' '.join(joins)}"
