"""Several ids of one person read as one: their states added up.

Each id keeps a state of its own, made of what was sent with it. Read together they are what one id
would have known, had everything been sent with it: sums and windows add up, distinct values and
ties are united, of first and last values the first and the last count. What one of the ids did to
another one of them was done to nobody. Decisions follow the most restrictive: a consent holds if
every id that was asked gave it, and a switch that is off at one of them is off. Of a profile the
main id's own words count first.
"""

from collections.abc import Callable, Iterable, Mapping, MutableMapping

from features import columns as c
from features.cells import Cell, Cells
from features.choices import agreed
from features.counters import Counter, Key
from features.errors import DeclarationError
from features.identities import Linked
from features.online import DEEDS, RECENT, TIE, live
from features.states import Act, State

Readings = Callable[[Iterable[str]], Mapping[str, State]]
Rows = MutableMapping[str, Cells]


def _twins() -> dict[int, tuple[int, bool]]:
    """For each mirrored counter of a person, the counter of pairs that says what came from whom.

    By place among the cells: the place among the cells of pairs, and whether that is mirrored too.
    """
    found = {}
    for place, counter in enumerate(live(Key.USER)):
        if not counter.mirror:
            continue
        twins = [one for one in live(Key.PAIR) if _measure(one) == _measure(counter)]
        if not twins or counter.distinct or counter.last or counter.first:
            raise DeclarationError(
                f"{counter.name} does not tell who its parts came from",
                expected="a sum, and a live PAIR counter of the same events, value and half-life",
                next_step="declare that PAIR counter too",
            )
        found[place] = (live(Key.PAIR).index(twins[0]), twins[0].mirror)
    return found


def _measure(counter: Counter) -> tuple[object, ...]:
    events = tuple(sorted(counter.events.items()))
    return events, counter.value, counter.half_life, counter.window, counter.once


_TWINS = _twins()
_PEERS = {
    key.word: tuple(place for place, one in enumerate(live(key)) if one.distinct == c.PEER)
    for key in Key
}
"""Places of the cells that hold people, by kind of key."""
_NAMING = {Key.PAIR.word, *(word for word, places in _PEERS.items() if places)}
_COUNTERS = {key.word: live(key) for key in Key}
_PAIR, _USER = Key.PAIR.word, Key.USER.word


def people(
    user_ids: Iterable[str],
    linked: Callable[[Iterable[str]], Mapping[str, Linked]],
    states: Readings,
) -> dict[str, State]:
    """States of people by any of their ids.

    Parameters
    ----------
    user_ids : iterable of str
        Whoever is asked for; unknown ones are left out of the answer.
    linked : callable
        Ids → what is known of those that were ever linked.
    states : callable
        Ids → states as they were sent.
    """
    asked = list(dict.fromkeys(user_ids))
    rows = linked(asked)
    ids = {one: row.members if (row := rows.get(one)) and row.members else [one] for one in asked}
    own = states(dict.fromkeys(member for members in ids.values() for member in members))
    named = linked(peer for state in own.values() for peer in peers(state))  # read if need be
    mains = {peer: row.members[0] for peer, row in named.items() if row.members}
    if not rows and not mains:
        return {one: own[one] for one in asked if one in own}
    found = {}
    for one, members in ids.items():
        parts = {member: own[member] for member in members if member in own}
        if parts:
            found[one] = together(parts, members, mains)
    return found


def peers(state: State) -> set[str]:
    """Everybody whom a state names."""
    found = {*state.ties, *state.cells.tails(_PAIR), *map(told_of, state.decided)} - {""}
    found.update(act.peer_id for act in (*state.recent, *state.deeds) if act.peer_id)
    for word, places in _PEERS.items():
        if places:
            for cells in state.cells.picked(word, places).values():
                found.update(*(cell or {} for cell in cells))
    return found


def told_of(what: str) -> str:
    """Of whom a decision about a tie is; empty for other decisions.

    Examples
    --------
    >>> told_of("tie:friend:u:2"), told_of("consents")
    ('u:2', '')
    """
    return what.split(":", 2)[2] if what.startswith(TIE) else ""


def together(parts: Mapping[str, State], members: Iterable[str], mains: Mapping[str, str]) -> State:
    """One state of the states of a person's ids.

    Parameters
    ----------
    parts : mapping of str to State
        By id, the main one first; they are left as they are.
    members : iterable of str
        All ids of the person.
    mains : mapping of str to str
        Main ids of those others who have several.
    """
    own = set(members)
    states = list(parts.values())
    if len(own) == 1 and (not mains or mains.keys().isdisjoint(peers(states[0]))):
        return states[0]
    name = _Names(own, mains)
    return State(
        cells=_cells(parts, name),
        recent=_acts([act for state in states for act in state.recent], name, RECENT),
        deeds=_acts([act for state in states for act in state.deeds], name, DEEDS),
        ties=_ties(states, name),
        profile=profile([state.profile for state in states]),
        consents=agreed(state.consents for state in states),
        suppressed=list(dict.fromkeys(tag for state in states for tag in state.suppressed)),
        personalized=all(state.personalized for state in states),
    )


class _Names:
    """What others are called: by their main ids; the person's own ids are nobody."""

    def __init__(self, own: set[str], mains: Mapping[str, str]) -> None:
        self.own = own
        self.mains = mains

    def __call__(self, peer: str) -> str:
        return "" if peer in self.own else self.mains.get(peer, peer)


def _acts(acts: list[Act], name: _Names, most: int) -> list[Act]:
    named = [
        act if not act.peer_id or name(act.peer_id) == act.peer_id
        else Act(act.at_us, act.event, act.item_id, name(act.peer_id))
        for act in acts
    ]  # fmt: skip
    return sorted(named)[-most:]


def _ties(states: Iterable[State], name: _Names) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for state in states:
        for peer, kinds in state.ties.items():
            if main := name(peer):
                found.setdefault(main, set()).update(kinds.split(","))
    return {peer: ",".join(sorted(kinds)) for peer, kinds in found.items()}


def profile(profiles: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Fields of several profiles, the first one's first; registered when first registered.

    Examples
    --------
    >>> profile([{"city": "1", "registered_us": "900"}, {"city": "2", "registered_us": "80"}])
    {'city': '1', 'registered_us': '80'}
    """
    listed = list(profiles)
    found = {field: value for one in reversed(listed) for field, value in one.items()}
    since = [int(one["registered_us"]) for one in listed if "registered_us" in one]
    return found | ({"registered_us": str(min(since))} if since else {})


def _cells(parts: Mapping[str, State], name: _Names) -> Mapping[str, Rows]:
    states = list(parts.values())
    if len(states) == 1:  # what names nobody stays as it was read
        tables = states[0].cells
        return {
            word: _table(word, [tables[word]], name) if word in _NAMING else tables[word]
            for word in tables
        }
    words = dict.fromkeys(word for state in states for word in state.cells)
    found = {
        word: _table(word, [state.cells[word] for state in states if word in state.cells], name)
        for word in words
    }
    for user, state in parts.items():
        for other, theirs in parts.items():
            if other != user:
                _deduct(found.get(_USER, {}).get(""), user, state, other, theirs)
    return found


def _table(word: str, tables: Iterable[Rows], name: _Names) -> Rows:
    whole: Rows = {}
    for table in tables:
        for tail, cells in table.items():
            key = name(tail) if word == _PAIR else tail
            if key or word != _PAIR:
                named = _named(word, cells, name)
                whole[key] = _added(word, whole[key], named) if key in whole else named
    return whole


def _named(word: str, cells: Cells, name: _Names) -> Cells:
    """A copy of a row of cells with the people in it under their main ids."""
    made = list(cells)
    for place in _PEERS[word]:
        seen: dict[str, int] = {}
        for peer, day in (made[place] or {}).items():
            if main := name(peer):
                seen[main] = max(seen.get(main, day), day)
        made[place] = seen or None
    return made


def _added(word: str, one: Cells, other: Cells) -> Cells:
    return [
        added(counter, mine, theirs)
        for counter, mine, theirs in zip(_COUNTERS[word], one, other, strict=True)
    ]


def added(counter: Counter, one: Cell, other: Cell) -> Cell:
    """Two cells of one counter as the cell of both.

    Examples
    --------
    >>> [orders] = [one for one in live(Key.USER) if one.name == "user.orders"]
    >>> added(orders, [2.0], [1.0]), added(orders, None, [1.0])
    ([3.0], [1.0])
    """
    if one is None or other is None:
        return other if one is None else one
    if counter.last or counter.first:
        mine, theirs = (one[1], one[0]), (other[1], other[0])
        later = mine > theirs if counter.last else (-mine[0], mine[1]) > (-theirs[0], theirs[1])
        return one if later else other
    if counter.distinct:
        return {seen: max(one.get(seen, -1), other.get(seen, -1)) for seen in {**one, **other}}
    return _sum(counter, one, other, 1.0)


def _sum(counter: Counter, one: Cell, other: Cell, sign: float) -> Cell:
    if counter.window:
        return {day: one.get(day, 0.0) + sign * other.get(day, 0.0) for day in {**one, **other}}
    if counter.half_life is None:
        return [one[0] + sign * other[0]]
    at_us = max(one[1], other[1])
    mine, theirs = (
        value * 2.0 ** (-(at_us - then) / counter.half_life.us) for value, then in (one, other)
    )
    return [mine + sign * theirs, at_us]


def _deduct(cells: Cells | None, user: str, state: State, other: str, theirs: State | None) -> None:
    """Take from mirrored sums of a person what came from one other id."""
    for place, (twin, mirrored) in _TWINS.items():
        source, tail = (state, other) if mirrored else (theirs, user)
        row = source.cells.get(_PAIR, {}).get(tail) if source else None
        if cells and row and row[twin] is not None and cells[place] is not None:
            cells[place] = _sum(live(Key.USER)[place], cells[place], row[twin], -1.0)


def strip(state: State, user: str, person: str, theirs: State | None) -> None:
    """Take a person out of somebody else's state, in place: name, and part in mirrored sums.

    Parameters
    ----------
    state : State
        Of the other.
    user : str
        The other.
    person : str
        Whom nothing shall recall.
    theirs : State or None
        Of the person.

    Examples
    --------
    >>> state = State(ties={"u2": "friend", "u3": "friend"})
    >>> strip(state, "u1", "u2", None)
    >>> state.ties
    {'u3': 'friend'}
    """
    _deduct(state.cells.get(_USER, {}).get(""), user, state, person, theirs)
    state.ties.pop(person, None)
    for what in [what for what in state.decided if told_of(what) == person]:
        del state.decided[what]
    state.cells.get(_PAIR, {}).pop(person, None)
    for acts in (state.recent, state.deeds):
        acts[:] = [
            Act(act.at_us, act.event, act.item_id) if act.peer_id == person else act for act in acts
        ]


def met(state: State | None) -> list[str]:
    """Whom a person did something with: in their mirrored sums it may be."""
    return [] if state is None else list(state.cells.get(_PAIR, {}))


def names(state: State, person: str) -> bool:
    """Whether a state names a person."""
    return person in peers(state)
