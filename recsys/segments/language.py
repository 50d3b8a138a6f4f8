"""The segment language as frozen values: what a condition can say, and nothing about how.

A segment is one condition. Conditions nest: ``All``, ``AnyOf`` and ``Not`` hold others, ``Social``
holds what must be true of the people around somebody. Every condition is true or false of a person,
never unknown: a comparison with a tag that a person lacks is false, so its ``Not`` is true.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | float | int | bool | tuple["str | float | int | bool", ...]


class Op(StrEnum):
    """How a value is compared."""

    EQ = "=="
    NE = "!="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="
    BETWEEN = "between"  # both ends included
    IN = "in"
    NOT_IN = "not_in"
    HAS_ANY = "has_any"  # of a ranked list
    HAS_ALL = "has_all"
    KNOWN = "known"
    UNKNOWN = "unknown"
    TOP_PERCENT = "top_percent"  # of those with a value, the highest first
    BOTTOM_PERCENT = "bottom_percent"


NUMERIC = (Op.EQ, Op.NE, Op.GT, Op.GE, Op.LT, Op.LE, Op.BETWEEN)
"""Comparisons of numbers."""

SHARES = (Op.TOP_PERCENT, Op.BOTTOM_PERCENT)
"""Comparisons with the other people."""


class Aggregate(StrEnum):
    """What is told of the events that match."""

    COUNT = "count"  # events; an order of three products is one
    SUM = "sum"  # of a number
    DISTINCT = "distinct"  # different values


@dataclass(frozen=True)
class Window:
    """A stretch of time before the instant T of the segment.

    Parameters
    ----------
    days : int, optional
        From the start of the business day that many days before T's.
    hours : int, optional
        Exactly that many hours before T.
    first, last : int, optional
        Business days since 1970-01-01, both included.

    Notes
    -----
    Without any of them: since ever.
    """

    days: int | None = None
    hours: int | None = None
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class Property:
    """A condition on a column of an event or of its item."""

    column: str
    op: Op
    value: Value


@dataclass(frozen=True)
class Act:
    """Events of some kinds with some properties."""

    events: tuple[str, ...]
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True)
class All:
    """Every part holds; of no parts: everybody."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds; of no parts: nobody."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: "Condition"


@dataclass(frozen=True)
class TagIs:
    """A tag of the portrait compared.

    Parameters
    ----------
    tag : str
        Such as ``life.stage``.
    op : Op
        One that fits the tag's kind.
    value : Value
        What to compare with; an empty tuple for KNOWN and UNKNOWN.
    label : str
        Of a vector: which number.
    top : int
        Of a ranked list: look at so many of its first entries; 0: at all.
    """

    tag: str
    op: Op
    value: Value = ()
    label: str = ""
    top: int = 0


@dataclass(frozen=True)
class Did:
    """Something about a person's own events, compared; nothing done counts as 0.

    Parameters
    ----------
    act : Act
        Which events.
    aggregate : Aggregate
        What of them.
    of : str
        The column that is summed, or whose values are told apart; empty for COUNT.
    op : Op
        A comparison of numbers.
    value : Value
        What with.
    window : Window
        When.
    """

    act: Act
    aggregate: Aggregate
    of: str
    op: Op
    value: Value
    window: Window


@dataclass(frozen=True)
class Sequence:
    """One act after the other, each later than the one before it.

    Parameters
    ----------
    steps : tuple of Act
        At least one.
    window : Window
        All of them happened in it.
    gap_us : int or None
        At most so much time from one step to the next.
    without : Act or None
        Did not follow the last step: within ``gap_us`` of it, or at all.
    """

    steps: tuple[Act, ...]
    window: Window
    gap_us: int | None = None
    without: Act | None = None


@dataclass(frozen=True)
class Social:
    """How many of the people around somebody fulfil a condition.

    Parameters
    ----------
    ties : str
        ``any``, ``strong``, or a type such as ``friend``.
    where : Condition
        What is true of the other person.
    op, value
        Compare their number.
    """

    ties: str
    where: "Condition"
    op: Op
    value: Value


@dataclass(frozen=True)
class InSegment:
    """In another saved segment, at the same instant."""

    name: str


@dataclass(frozen=True)
class InList:
    """On an uploaded list."""

    name: str


@dataclass(frozen=True)
class Scored:
    """A score of a model compared."""

    model: str
    op: Op
    value: Value


@dataclass(frozen=True)
class Bucket:
    """A random but stable share of people: those whose bucket, 0 to 9999, is low <= b < high."""

    salt: str
    low: int
    high: int


@dataclass(frozen=True)
class Flow:
    """A tag had one value some days ago and has another now."""

    tag: str
    was: tuple[str, ...]
    now: tuple[str, ...]
    days: int


Condition: TypeAlias = (
    All
    | AnyOf
    | Not
    | TagIs
    | Did
    | Sequence
    | Social
    | InSegment
    | InList
    | Scored
    | Bucket
    | Flow
)


def walk(condition: Condition) -> Iterator[Condition]:
    """The condition and all inside it, outermost first.

    Examples
    --------
    >>> [type(one).__name__ for one in walk(Not(All((InList("vip"), InSegment("new")))))]
    ['Not', 'All', 'InList', 'InSegment']
    """
    yield condition
    for one in fields(condition):
        held = getattr(condition, one.name)
        for part in held if isinstance(held, tuple) else (held,):
            if isinstance(part, Condition):
                yield from walk(part)
