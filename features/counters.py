"""What a counter is: declared once, compiled twice.

A counter is one number for each key: a sum of weights over the events that match, decayed by age,
or limited to the last business days, or over all time; a number of distinct values; the first or
the last value. ``features.batch`` compiles the declaration to a query as of an instant,
``features.points`` reads it at each example's own time, ``features.online`` updates it in place
when one event arrives. Their agreement is tested.

A decayed value at T is the sum of ``weight * 2 ** (-(T - t) / half_life)`` over matching events
with ``t < T``. A window of N days at T covers the N whole business days before T's day and T's day
so far. Where nothing matched, sums and numbers are 0, first and last values are absent.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from features import columns as c
from features.clock import DAY_US, Refresh
from features.errors import DeclarationError, UnknownName
from features.events import KINDS


class Key(Enum):
    """What a counter is kept for; the value lists the fact columns that make the key."""

    USER = (c.USER,)
    ITEM = (c.ITEM,)
    CATEGORY = (c.USER, c.CATEGORY)
    BRAND = (c.USER, c.BRAND)
    SHOP = (c.USER, c.SHOP)
    HOUR = (c.USER, "hour")
    TIER = (c.ITEM, c.CITY_TIER)
    ENTRY = (c.USER, "entry")
    PHASE = (c.USER, "phase")
    COMMUNITY = (c.USER, "community_id")
    PAIR = (c.USER, c.PEER)
    TOUCH = (c.USER, c.ITEM)

    @property
    def word(self) -> str:
        """First word of the names of its counters."""
        return self.name.lower()

    @property
    def columns(self) -> tuple[str, ...]:
        """Fact columns that make the key."""
        names: tuple[str, ...] = self.value
        return names

    @property
    def personal(self) -> bool:
        """Whether the key belongs to one person, whose state holds it."""
        return self.columns[0] == c.USER


class Scope(StrEnum):
    """A consent that a fact about a person needs."""

    PERSONALIZE = "personalize"
    SOCIAL_GRAPH = "social_graph"
    LOCATION_COARSE = "location_coarse"
    SHARE_OUT = "share_out"
    MARKETING_PUSH = "marketing.push"
    MARKETING_SMS = "marketing.sms"
    MARKETING_WECOM = "marketing.wecom"
    MARKETING_OA = "marketing.oa"
    MARKETING_MINI_PROGRAM = "marketing.mini_program"


class Sensitivity(StrEnum):
    """How delicate a fact is. Classes beyond these (health, faith, …) may not be declared."""

    PLAIN = "S0"
    PERSONAL = "S1"
    DELICATE = "S2"
    SYSTEM = "sys"


@dataclass(frozen=True, order=True)
class Days:
    """A duration in days, so that no half-life or window is a bare number."""

    days: float

    @property
    def us(self) -> float:
        """The duration in microseconds."""
        return self.days * DAY_US


VALUES = (
    c.QUANTITY,
    c.PRICE,
    c.TOTAL,
    c.DISCOUNT,
    "rating",
    "log_price",
    "priced",
    "weekend",
    "workday",
    "commute",
    "dealt",
    "fresh",
)
"""Numbers that a weight may be multiplied by.

``log_price`` is the natural log of the price; ``priced`` is 1 where there is a price; the last five
are told in ``features.derived``.
"""

FACTS = (
    c.USER,
    c.ITEM,
    c.PEER,
    c.CATEGORY,
    c.BRAND,
    c.SHOP,
    c.AT,
    "hour",
    "day",
    "slot",
    "channel",
    "entry",
    "city",
)
"""Columns that ``distinct``, ``last`` and ``first`` may name."""

_NAME = re.compile(r"[a-z]+\.[a-z0-9_]+")


@dataclass(frozen=True)
class Counter:
    """One declared counter.

    Parameters
    ----------
    name : str
        ``<key word>.<what>``, lower case.
    sentence : str
        What the number says, for people.
    key : Key
        What it is kept for.
    events : mapping of str to float
        Event name to weight; events not named do not count.
    value : str, optional
        Column that multiplies the weight, one of ``VALUES``; a row without it does not count.
    half_life, window : Days, optional
        Decay of the sum, or its limit in business days. Neither: over all time.
    distinct, last, first : str, optional
        Instead of a sum: number of distinct values of a column, or its latest or earliest value
        (of equal instants the largest value).
    once : bool
        Count an event of several lines once (line 0).
    mirror : bool
        The fact belongs to the other person: ``peer_id`` plays the user and the other way round.
    scope : Scope
        Consent without which the value is null.
    sensitivity : Sensitivity
        Its class.
    refresh : Refresh
        How fresh it is when served. Only live counters of people are kept online; the others come
        from the last published snapshot.

    Raises
    ------
    DeclarationError
        When the declaration cannot mean anything; the message names the mend.

    Examples
    --------
    >>> Counter("user.orders_30", "orders", Key.USER, {"Order Completed": 1.0}, half_life=30)
    Traceback (most recent call last):
    features.errors.DeclarationError: user.orders_30: half_life has no unit (...); ... Days(30)
    """

    name: str
    sentence: str
    key: Key
    events: Mapping[str, float] = field(hash=False)
    value: str | None = None
    half_life: Days | None = None
    window: Days | None = None
    distinct: str | None = None
    last: str | None = None
    first: str | None = None
    once: bool = False
    mirror: bool = False
    scope: Scope = Scope.PERSONALIZE
    sensitivity: Sensitivity = Sensitivity.PLAIN
    refresh: Refresh = Refresh.LIVE

    def __post_init__(self) -> None:
        self._check_names()
        self._check_durations()
        chosen = [word for word in ("distinct", "last", "first") if getattr(self, word)]
        if len(chosen) > 1 or (chosen and (self.half_life or self.value)):
            raise self._fault("sums and values do not mix", "one of a sum, distinct, last, first")
        if self.mirror and c.PEER not in self.key.columns and self.key is not Key.USER:
            raise self._fault("only USER and PAIR counters can be mirrored", "mirror=False")

    def _check_names(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name.split(".")[0] != self.key.word:
            raise self._fault("bad name", f"a name such as {self.key.word}.views_7")
        for event in self.events:
            if event not in KINDS:
                raise UnknownName.among(f"event in counter {self.name}", event, KINDS)
        if not self.events:
            raise self._fault("counts nothing", 'events={"Product Viewed": 1.0}')
        if self.value is not None and self.value not in VALUES:
            raise UnknownName.among(f"value in counter {self.name}", self.value, VALUES)
        for word in (self.distinct, self.last, self.first):
            if word is not None and word not in FACTS:
                raise UnknownName.among(f"column in counter {self.name}", word, FACTS)
        for kind, given in ((Scope, self.scope), (Sensitivity, self.sensitivity)):
            if not isinstance(given, kind):
                raise self._fault(
                    f"{kind.__name__.lower()} {given!r} may not be used",
                    f"one of {', '.join(kind)}",
                )

    def _check_durations(self) -> None:
        for word in ("half_life", "window"):
            given = getattr(self, word)
            if given is not None and not isinstance(given, Days):
                raise self._fault(f"{word} has no unit", f"write Days({given})")
            if given is not None and given.days <= 0:
                raise self._fault(f"{word} must be positive", f"{word}=Days(30)")
        if self.half_life and self.window:
            raise self._fault("half_life and window exclude each other", "keep one")
        if self.window and self.window.days != int(self.window.days):
            raise self._fault("a window counts whole days", "window=Days(30)")

    def _fault(self, problem: str, mend: str) -> DeclarationError:
        if mend.startswith("write "):
            return DeclarationError(
                f"{self.name}: {problem}", expected="a duration in days", next_step=mend
            )
        return DeclarationError(f"{self.name}: {problem}", next_step=mend)

    @property
    def column(self) -> str:
        """Column name in tables: the name, which SQL would have to quote, with ``__``."""
        return self.name.replace(".", "__")

    @property
    def nothing(self) -> float:
        """Its value where nothing matched."""
        return math.nan if self.last or self.first else 0.0

    @property
    def online(self) -> bool:
        """Whether a person's state keeps it up to date event by event."""
        return self.key.personal and self.refresh is Refresh.LIVE
