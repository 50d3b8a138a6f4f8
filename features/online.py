"""The online compiler: one event in, the states of the people it concerns up to date.

A person's whole state is one value, read and written as one blob. Each live counter of a person
keeps one cell per key (``features.cells``).
"""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from features import columns as c
from features import derived
from features import events as e
from features.catalogue import of_key
from features.cells import Adder, Fact, adder
from features.clock import DAY_US, BusinessZone
from features.controls import MUTUAL, scopes, tie_type
from features.counters import Counter, Key
from features.events import Event
from features.states import Act as Act
from features.states import State as State
from features.states import decode as decode
from features.states import encode as encode
from features.weights import INTEREST

RECENT = 100
"""How many of a person's last acts on items are kept: views too, as what the moment is about."""

SAID = 200
"""Decisions of a person beyond which those about ties go that no late event can reach."""

LATE_DAYS = 7
"""A tie event that comes later than this may undo what came before it."""

DEEDS = 50
"""How many of the last acts that say more than a view are kept; views cannot push them out."""

_TIES = frozenset({e.TIE_CREATED, e.TIE_REMOVED})
_CONTROLS = _TIES | {e.CONSENT_UPDATED, e.PERSONALIZATION_TOGGLED, e.TAG_SUPPRESSED}

DEED_EVENTS = frozenset(INTEREST) - {e.VIEWED, e.OPENED}

Floats = npt.NDArray[np.float64]


class ItemFacts(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What an event borrows from its item."""

    category: str | None = None
    brand: str | None = None
    shop: str | None = None
    price_fen: int | None = None
    listed_us: int | None = None


def fact(event: Event, item: ItemFacts | None, city_tier: str | None, zone: BusinessZone) -> Fact:
    """One event with what its item, its user and the business calendar add.

    Parameters
    ----------
    event : Event
        One line of an event.
    item : ItemFacts or None
        Its item as of the event's time, if known.
    city_tier : str or None
        Of the person who acted.
    zone : BusinessZone
        Gives the day and the hour.
    """
    known = item or ItemFacts()
    price = event.price_fen if event.price_fen is not None else known.price_fen
    day, hour = zone.calendar(event.at_us)
    row: dict[str, Any] = msgspec.structs.asdict(event)
    log_price = math.log(price) if price is not None and price > 0 else None
    row.update(
        category=known.category,
        brand=known.brand,
        shop=known.shop,
        city_tier=city_tier,
        peer_id=None if event.peer_id == event.user_id else event.peer_id,
        log_price=log_price,
        priced=None if log_price is None else 1.0,
        day=day,
        hour=str(hour),
    )
    row.update(derived.of(row, known.listed_us))
    return row


@cache
def live(key: Key) -> tuple[Counter, ...]:
    """Counters of one kind of key that states keep, in the order of their cells."""
    return tuple(counter for counter in of_key(key) if counter.online)


class _Step(NamedTuple):
    """What one event does to the counters of one kind of key."""

    word: str
    column: str  # makes the tail of the key; empty for USER
    width: int  # cells of a key
    adders: tuple[tuple[int, bool, Adder], ...]  # position, once, what adds


@cache
def _plan(event: str, mirror: bool) -> tuple[_Step, ...]:
    plan = []
    for key in Key:
        adders = tuple(
            (position, counter.once, adder(counter, event))
            for position, counter in enumerate(live(key))
            if counter.mirror is mirror and event in counter.events
        )
        if adders:
            column = key.columns[1] if len(key.columns) > 1 else ""
            plan.append(_Step(key.word, column, len(live(key)), adders))
    return tuple(plan)


def people(event: Event) -> tuple[str, ...]:
    """Ids whose states an event changes: who acted, and the peer where facts are mirrored."""
    if event.peer_id and event.peer_id != event.user_id:
        mutual = event.event in _TIES and tie_type(event.reason) in MUTUAL
        if mutual or _plan(event.event, True):
            return (event.user_id, event.peer_id)
    return (event.user_id,)


def apply(states: Mapping[str, State], row: Fact) -> None:
    """Bring the states of the people of one event up to date, in place.

    Parameters
    ----------
    states : mapping of str to State
        Must hold everyone of ``people(event)``.
    row : Fact
        The event as made by ``fact``.
    """
    user, peer = row[c.USER], row[c.PEER]
    _count(states[user], row, peer, mirror=False)
    _remember(states[user], row)
    if peer and peer != user and peer in states:
        _count(states[peer], row, user, mirror=True)
    if row["event"] in _CONTROLS:
        _control(states, row)


def _control(states: Mapping[str, State], row: Fact) -> None:
    user, peer, reason = row[c.USER], row[c.PEER], row["reason"]
    state = states[user]
    match row["event"]:
        case e.CONSENT_UPDATED if counts(state, "consents", row[c.AT]):
            state.consents = scopes(reason)
        case e.PERSONALIZATION_TOGGLED if reason in ("on", "off"):
            if counts(state, "personalized", row[c.AT]):
                state.personalized = reason == "on"
        case e.TAG_SUPPRESSED if reason and reason not in state.suppressed:
            state.suppressed.append(reason)
        case e.TIE_CREATED | e.TIE_REMOVED if peer and peer != user:
            kind = tie_type(reason)
            holds = row["event"] == e.TIE_CREATED
            said(state, peer, kind, row[c.AT], holds=holds)
            if kind in MUTUAL:
                said(states[peer], user, kind, row[c.AT], holds=holds)


def counts(state: State, what: str, at_us: int) -> bool:
    """Whether a decision is the latest so far, however late it comes; it is from then on.

    Examples
    --------
    >>> state = State()
    >>> counts(state, "consents", 7), counts(state, "consents", 6)
    (True, False)
    """
    if at_us < state.decided.get(what, at_us):
        return False
    state.decided[what] = at_us
    return True


TIE = "tie:"
"""What decisions about ties begin with; the type and the peer follow."""


def said(state: State, peer: str, kind: str, at_us: int, *, holds: bool) -> None:
    """Take what an event says of a tie, unless something later was said of it before.

    Examples
    --------
    >>> state = State()
    >>> said(state, "u2", "friend", 7, holds=False)
    >>> said(state, "u2", "friend", 6, holds=True)
    >>> state.ties
    {}
    """
    if counts(state, f"{TIE}{kind}:{peer}", at_us):
        tie(state, peer, kind, holds=holds)
    if len(state.decided) > SAID:
        old = at_us - LATE_DAYS * DAY_US
        state.decided = {
            what: then
            for what, then in state.decided.items()
            if then >= old or not what.startswith(TIE)
        }


def tie(state: State, peer: str, kind: str, *, holds: bool = True) -> None:
    """Add a type of tie to a peer, or take it away; several types stand side by side.

    Examples
    --------
    >>> state = State(ties={"u2": "friend"})
    >>> tie(state, "u2", "follow")
    >>> state.ties
    {'u2': 'follow,friend'}
    """
    others = {one for one in state.ties.pop(peer, "").split(",") if one and one != kind}
    kinds = sorted(others | {kind} if holds else others)
    if kinds:
        state.ties[peer] = ",".join(kinds)


def _count(state: State, row: Fact, other: str | None, *, mirror: bool) -> None:
    later_line = row["line"] != 0
    for word, column, width, adders in _plan(row["event"], mirror):
        tail = other if column == c.PEER else row[column] if column else ""
        if tail is None:
            continue
        table = state.cells.setdefault(word, {})
        cells = table.get(tail)
        if cells is None:
            cells = table[tail] = [None] * width
        for position, once, add in adders:
            if not (once and later_line):
                cells[position] = add(cells[position], row)


def _remember(state: State, row: Fact) -> None:
    item = row[c.ITEM]
    if item is None or row["event"] not in INTEREST:
        return
    act = Act(row[c.AT], row["event"], item, row[c.PEER] or "")
    _insert(state.recent, act, RECENT)
    if act.event in DEED_EVENTS:
        _insert(state.deeds, act, DEEDS)


def _insert(acts: list[Act], act: Act, most: int) -> None:
    late = bool(acts) and acts[-1] > act
    acts.append(act)
    if late:
        acts.sort()
    if len(acts) > most:
        del acts[0]


def replay(
    events: Iterator[Event],
    item: Callable[[str, int], ItemFacts | None],
    zone: BusinessZone,
) -> dict[str, State]:
    """Apply events one by one to empty states: the slow whole of what serving does.

    Parameters
    ----------
    events : iterator of Event
        In order of arrival.
    item : callable
        (item_id, at_us) → the item's facts in force then.
    zone : BusinessZone
        The business time zone.
    """
    states: dict[str, State] = {}
    for event in events:
        for person in people(event):
            states.setdefault(person, State())
        facts = item(event.item_id, event.at_us) if event.item_id else None
        tier = states[event.user_id].profile.get(c.CITY_TIER)
        apply(states, fact(event, facts, tier, zone))
    return states
