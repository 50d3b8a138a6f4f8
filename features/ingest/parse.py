"""One JSON event, as the HTTP routes receive it, to canonical events or to its faults.

Read by the shipped mapping ``segment.yaml`` and the rule table of ``rules``, as files are, so that
an event is refused with the same words on either way. Nothing here needs Arrow or DuckDB.
"""

from collections.abc import Iterator

import msgspec

from features import columns as c
from features.events import ANONYMOUS_PREFIX, KINDS, Event
from features.ingest import rules
from features.ingest.lookup import ANONYMOUS, VISITOR, Branch, Leaf, Lookup, segment
from features.ingest.values import Unreadable

REQUIRED = (c.MESSAGE, c.EVENT, c.AT, c.USER)


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with one field.

    Parameters
    ----------
    field : str
        Canonical column, or ``row`` for the event as a whole.
    detail : str
        In the words of ``features.ingest.rules``.
    """

    field: str
    detail: str

    def __str__(self) -> str:
        return f"{self.field}: {self.detail}"


class Parsed(msgspec.Struct, frozen=True):
    """An event's lines, or its faults; exactly one of the two is empty.

    Parameters
    ----------
    events : tuple of Event
        One for each line of an order, else one.
    faults : tuple of Fault
        In the order in which files are checked.
    """

    events: tuple[Event, ...] = ()
    faults: tuple[Fault, ...] = ()


def parse_event(raw: object, received_us: int) -> Parsed:
    """Read one event: our envelope, a Segment call, or canonical columns side by side.

    Parameters
    ----------
    raw : object
        Decoded JSON; keys in snake_case or camelCase.
    received_us : int
        When the server got it; times more than ten minutes after it are refused.

    Returns
    -------
    Parsed
        Never raises on bad input. An event without ``message_id`` is refused: a client that
        tries again could not be told from one that means it twice.

    Examples
    --------
    >>> now = 1_800_000_000_000_000
    >>> call = {"type": "track", "event": "Product Viewed", "messageId": "m1", "userId": 7,
    ...         "timestamp": "2026-06-18T08:12:03+08:00", "properties": {"product_id": "i1"}}
    >>> line, = parse_event(call, now).events
    >>> line.user_id, line.item_id, line.at_us
    ('7', 'i1', 1781741523000000)
    >>> [str(f) for f in parse_event(call | {"timestamp": "2026-06-18 08:12"}, now).faults]
    ['at_us: a time without a zone']
    """
    if not isinstance(raw, dict):
        return Parsed(faults=(Fault(rules.ROW, rules.NOT_JSON),))
    kind = raw.get("type")
    lookup = segment().get(kind if isinstance(kind, str) else None) if _plain(kind) else None
    if lookup is None:
        return Parsed(faults=(Fault("type", "not track, identify or alias"),))
    found: _Found = {
        column: (Leaf(column, -1, str), value) for column, value in lookup.constants.items()
    }
    left = _gather(raw, lookup.root, found)
    elements = _elements(raw, lookup)
    if not elements:
        return _line(found, left, 0, received_us)
    lines: list[Event] = []
    faults: dict[Fault, None] = {}
    for number, element in enumerate(elements):
        own, rest = dict(found), {} if number else dict(left)
        if isinstance(element, dict):
            rest |= _gather(element, lookup.element, own)
        parsed = _line(own, rest, number, received_us)
        lines += parsed.events
        faults |= dict.fromkeys(parsed.faults)
    return Parsed(faults=tuple(faults)) if faults else Parsed(events=tuple(lines))


def _plain(kind: object) -> bool:
    return kind is None or isinstance(kind, str)


_Found = dict[str, tuple[Leaf, object]]


def _gather(raw: dict[str, object], branch: Branch, found: _Found) -> dict[str, object]:
    """Sort what an object holds into columns; return what no column takes."""
    left: dict[str, object] = {}
    for key, value in raw.items():
        place = branch.get(key)
        if isinstance(place, Leaf):
            if not (value is None or value == "" or value == "\\N" or place.read is None):
                held = found.get(place.column)
                if held is None or held[0].rank > place.rank:
                    found[place.column] = (place, value)
        elif isinstance(value, dict):
            inner = _gather(value, place or {}, found)
            if inner:
                left[key] = inner
        elif place is None and value is not None:
            left[key] = value
    return left


def _elements(raw: dict[str, object], lookup: Lookup) -> list[object]:
    for path in lookup.lists:
        place: object = raw
        for key in path:
            place = place.get(key) if isinstance(place, dict) else None
        if isinstance(place, list) and place:
            return place
    return []


def _line(found: _Found, left: dict[str, object], line: int, received_us: int) -> Parsed:
    values: dict[str, object] = {}
    naive: list[Fault] = []
    unread: list[Fault] = []
    for column, (leaf, value) in found.items():
        if leaf.read is None or (line and column in rules.ORDER_LEVEL):
            continue
        try:
            values[column] = leaf.read(value)
        except Unreadable as error:
            fault = Fault(column, error.words)
            (naive if error.words == rules.NAIVE_TIME else unread).append(fault)
    anonymous = values.pop(ANONYMOUS, None)
    if anonymous is not None:
        values.setdefault(c.USER, f"{ANONYMOUS_PREFIX}{anonymous}")
    visitor = values.pop(VISITOR, None)
    if visitor is not None and values.get(c.PEER, visitor) == visitor:
        values[c.PEER] = f"{ANONYMOUS_PREFIX}{visitor}"
    values[c.RECEIVED] = received_us
    if line:
        values[c.LINE] = line
    faults = [*naive, *unread]
    known = {fault.field for fault in faults}
    faults += [f for f in _broken_rules(values, received_us) if f.field not in known]
    try:
        if left:
            values[c.EXTRA] = _with_left(values.get(c.EXTRA), left)
    except (ValueError, TypeError, RecursionError):
        faults.append(Fault(c.EXTRA, rules.WRONG_TYPE["json"]))
    if faults:
        return Parsed(faults=tuple(faults))
    return Parsed(events=(Event(**values),))  # type: ignore[arg-type]


def _with_left(extra: object, left: dict[str, object]) -> str:
    if isinstance(extra, str):
        left = {**msgspec.json.decode(extra, type=dict[str, object]), **left}
    return msgspec.json.encode(left).decode()


def _broken_rules(values: dict[str, object], now_us: int) -> Iterator[Fault]:
    """Yield the faults of values that could be read, in the order of ``checks.first_fault``."""
    for column in REQUIRED:
        if column not in values:
            yield Fault(column, rules.MISSING)
    event = values.get(c.EVENT)
    kind = KINDS.get(str(event))
    if kind is not None:
        for column in kind.required:
            if column not in values:
                yield Fault(column, rules.MISSING)
    elif event is not None:
        yield Fault(c.EVENT, rules.UNKNOWN_EVENT)
    same = values.get(c.PEER) == values.get(c.USER)
    if same and event in rules.SELF_TIE_EVENTS and c.PEER in values:
        yield Fault(c.PEER, rules.SELF_TIE)
    for column in _INSTANTS:
        at = values.get(column)
        if isinstance(at, int):
            if at < rules.OLDEST_US:
                yield Fault(column, rules.TOO_OLD)
            elif at > now_us + rules.SKEW_US and column in rules.PAST:
                yield Fault(column, rules.FUTURE)
    for column in _AMOUNTS:
        amount = values.get(column)
        if isinstance(amount, int | float) and amount < 0:
            yield Fault(column, rules.NEGATIVE)


_INSTANTS = (c.AT, "expires_us")
_AMOUNTS = tuple(name for name in rules.NOT_NEGATIVE if name in Event.__struct_fields__)
