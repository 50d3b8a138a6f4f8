"""One entry of the log: what was taken, as bytes."""

import math
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec
import xxhash

from features import columns as c
from features.clock import SECOND_US, format_instant, now_us
from features.errors import InputError, UnknownName
from features.events import KINDS, Event
from features.groupbuys import GroupBuy
from features.identities import EVENTS, Linked
from features.store.records import Item, Tie, User


class Kind(IntEnum):
    """What an entry holds."""

    EVENT = 0
    USER = 1
    TIE = 2
    ITEM = 3
    FORGET = 4


class Draft(NamedTuple):
    """An entry that has no place in the log yet."""

    kind: Kind
    key: str  # the person's id, or the item's
    at_us: int  # of an event; 0: when the log takes it
    body: bytes
    digest: bytes | None = None  # of (message_id, line): an event is taken once


class Entry(NamedTuple):
    """An entry of the log, in the order of ``seq``; ``logged_us`` grows with it."""

    seq: int
    kind: int
    at_us: int
    logged_us: int
    body: bytes


SPOILT = (ArithmeticError, LookupError, TypeError, ValueError)
"""What an entry raises that cannot be read or counted; anything else is a defect."""

Record = Event | User | Tie | Item

_ENCODER = msgspec.msgpack.Encoder()
_TYPES: dict[int, type[Any]] = {
    Kind.EVENT: Event,
    Kind.USER: User,
    Kind.TIE: Tie,
    Kind.ITEM: Item,
    Kind.FORGET: str,
}
_DECODERS = {kind: msgspec.msgpack.Decoder(shape) for kind, shape in _TYPES.items()}

_GROUP = msgspec.msgpack.Decoder(GroupBuy)
_LINKED = msgspec.msgpack.Decoder(Linked)

_SMALL = dict.fromkeys(("line", "position", "size", "depth", "birth_year"), 2**15)
_LIMITS = {
    shape: tuple(
        (field.name, _SMALL.get(field.name, 2**53))
        for field in msgspec.structs.fields(shape)
        if field.type in (int, int | None)
    )
    for shape in (Event, User, Item, Tie)
}
_KINDS = {User: Kind.USER, Tie: Kind.TIE, Item: Kind.ITEM}
_AHEAD_US = 60 * SECOND_US  # clocks of two machines may differ by so much
_FLOATS = ("quantity", "rating", "propensity")


def content(entry: Entry) -> Any:
    """What an entry holds: an Event, User, Tie, Item, or the id of a person to forget."""
    return _DECODERS[entry.kind].decode(entry.body)


def item_of(body: bytes) -> Item:
    """Read an item back."""
    item: Item = _DECODERS[Kind.ITEM].decode(body)
    return item


def linked_of(body: bytes) -> Linked:
    """Read back what is known of a linked id."""
    return _LINKED.decode(body)


def group_of(body: bytes) -> GroupBuy:
    """Read a group buy back."""
    return _GROUP.decode(body)


def at_version(item: Item, at_us: int) -> Item:
    """An item in force from ``at_us`` where it says nothing itself."""
    return item if item.valid_from_us else msgspec.structs.replace(item, valid_from_us=at_us)


def body_of(record: Record | GroupBuy | Linked | str) -> bytes:
    """Write what an entry holds.

    Raises
    ------
    InputError
        Text that is no Unicode, or a number beyond 64 bits.
    """
    try:
        return _ENCODER.encode(record)
    except (UnicodeEncodeError, OverflowError) as error:
        raise InputError(
            "a record cannot be written", expected="Unicode text, 64-bit numbers", got=str(error)
        ) from error


def digest(message_id: str, line: int) -> bytes:
    """Sixteen bytes that stand for one line of one event."""
    return xxhash.xxh3_128_digest(f"{line}\0{message_id}".encode())


def event_draft(event: Event) -> Draft:
    """Check an event and write it as an entry.

    Raises
    ------
    InputError
        No ids, an unknown name, or a number that its column cannot hold.

    Examples
    --------
    >>> event_draft(Event(message_id="m", event="Product Viewed", at_us=0, user_id=""))
    Traceback (most recent call last):
    features.errors.InputError: event 'm' has no user_id; next: give each event its ids
    """
    what = f"event {event.message_id!r}"
    _check_ids(event, what, ("message_id", "user_id"))
    if event.event in EVENTS and event.peer_id == event.user_id:
        raise InputError(f"{what} is about one id", expected="another peer_id", got=event.user_id)
    if event.event not in KINDS:
        raise UnknownName.among("event", event.event, KINDS)
    _check_numbers(event, what)
    for name in _FLOATS:
        number = getattr(event, name)
        if number is not None and not math.isfinite(number):
            raise _beyond(event, what, name, "a finite number")
    body = body_of(event)
    return Draft(Kind.EVENT, event.user_id, event.at_us, body, digest(event.message_id, event.line))


def record_draft(record: User | Tie | Item) -> Draft:
    """Check a record and write it as an entry; it may not be in force from the future on.

    Raises
    ------
    InputError
        No ids, or a number that its column cannot hold.

    Examples
    --------
    >>> record_draft(User(user_id="u1", birth_year=199900))
    Traceback (most recent call last):
    features.errors.InputError: birth_year... (expected a number below 32768; got 199900); ...
    """
    kind = _KINDS[type(record)]
    ids = ("item_id",) if kind is Kind.ITEM else ("user_id",)
    _check_ids(record, kind.name.lower(), (*ids, "peer_id") if kind is Kind.TIE else ids)
    key = str(getattr(record, ids[0]))
    _check_numbers(record, f"{kind.name.lower()} {key!r}")
    if not isinstance(record, Tie) and record.valid_from_us > (now := now_us()):
        if record.valid_from_us > now + _AHEAD_US:
            what = f"{kind.name.lower()} {key!r}"
            raise _beyond(record, what, "valid_from_us", "no later than now")
        record = msgspec.structs.replace(record, valid_from_us=0)
    return Draft(kind, key, getattr(record, "valid_from_us", 0), body_of(record))


def patch_draft(
    item_id: str, versions: Sequence[Item | None], fields: Mapping[str, object]
) -> Draft:
    """Change fields of the newest of an item's known versions; see ``Store.patch_item``."""
    known = [item for item in versions if item]
    if not known:
        raise InputError(
            f"there is no item {item_id!r}", next_step="put the whole item before changing it"
        )
    names = [name for name in Item.__struct_fields__ if name not in (c.ITEM, c.VALID_FROM)]
    for name in fields:
        if name not in names:
            raise UnknownName.among("field of an item", name, names)
    newest = msgspec.to_builtins(max(known, key=lambda item: item.valid_from_us))
    try:
        return record_draft(msgspec.convert({**newest, **fields, c.VALID_FROM: 0}, Item))
    except msgspec.ValidationError as error:
        raise InputError(f"item {item_id!r} cannot be changed so", got=str(error)) from error


def forget_draft(user_id: str) -> Draft:
    """Write that a person is to be forgotten."""
    return Draft(Kind.FORGET, user_id, 0, body_of(user_id))


def _check_ids(record: Record, what: str, names: tuple[str, ...]) -> None:
    for name in names:
        if not getattr(record, name):
            each = what.split()[0]
            raise InputError(f"{what} has no {name}", next_step=f"give each {each} its ids")


def _check_numbers(record: Record, what: str) -> None:
    for name, limit in _LIMITS[type(record)]:
        number = getattr(record, name)
        if number is not None and not -limit < number < limit:
            raise _beyond(record, what, name, f"a number below {limit}")
    if getattr(record, "at_us", 0) < 0:
        raise _beyond(record, what, "at_us", f"an instant after {format_instant(0)}")


def _beyond(record: Record, what: str, name: str, expected: str) -> InputError:
    return InputError(
        f"{name} of {what} cannot be kept",
        expected=expected,
        got=str(getattr(record, name)),
        next_step="correct it and send it again",
    )
