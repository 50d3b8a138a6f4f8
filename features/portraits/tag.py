"""What a tag is: a named function of counters, profile and references, declared once."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from features.catalogue import CATALOGUE
from features.clock import Refresh
from features.counters import Scope, Sensitivity
from features.errors import DeclarationError, UnknownName
from features.portraits.phrases import PHRASES
from features.portraits.values import Column
from features.references import References
from features.subjects import CONSENTS, PROFILE, Subjects


class Kind(StrEnum):
    """What the values of a tag are."""

    ENUM = "enum"  # one of the declared words
    TEXT = "text"  # any word, such as a city
    FLOAT = "float"
    INT = "int"
    BOOL = "bool"
    LIST = "list"  # names with scores, best first
    GRADES = "grades"  # names, each with one of the declared words
    VECTOR = "vector"  # a number for each label


class Use(StrEnum):
    """What a tag may be used for."""

    RANK = "rank"
    SEGMENT = "segment"
    EXPORT = "export"


ANY_USE = frozenset(Use)
RANK_AND_SEGMENT = frozenset({Use.RANK, Use.SEGMENT})

_NAME = re.compile(r"[a-z]+\.[a-z0-9_]+")
_DELICACY = (Sensitivity.PLAIN, Sensitivity.PERSONAL, Sensitivity.DELICATE)


@dataclass(frozen=True)
class Tag:
    """One declared tag.

    Parameters
    ----------
    name : str
        ``<family>.<what>``, lower case.
    zh, en : str
        Its name for people.
    sentence : str
        What it says and how it is computed.
    kind : Kind
        What its values are.
    function : callable
        (people, references) → column; pure and vectorised, the only place that computes it.
    needs : tuple of str
        Counters it reads; also the evidence shown.
    profile : tuple of str
        Profile columns it reads.
    published : tuple of str
        References by person that it reads; such a tag is as fresh as they are.
    words : mapping of str to (str, str)
        Of an ENUM or GRADES: each word in Chinese and English; a grade is its place from 1.
    labels : tuple of str
        Of a VECTOR: what each number is about.
    unit : str
        Of a number: days, orders, fen, …
    scope : Scope
        Consent without which it is absent.
    sensitivity : Sensitivity
        Its class; SYSTEM tags are shown to nobody.
    refresh : Refresh
        How fresh it is when served.
    usable_in : frozenset of Use
        What it may be used for.

    Raises
    ------
    DeclarationError
        When the declaration cannot mean anything; the message names the mend.

    Examples
    --------
    >>> Tag("life.orders", "订单数", "orders", "orders ever", Kind.INT, print, ("user.order",))
    Traceback (most recent call last):
    features.errors.DeclarationError: life.orders: no counter 'user.order'; next: use one of: ...
    """

    name: str
    zh: str
    en: str
    sentence: str
    kind: Kind
    function: Callable[[Subjects, References], Column]
    needs: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict, hash=False)
    labels: tuple[str, ...] = ()
    unit: str = ""
    scope: Scope = Scope.PERSONALIZE
    sensitivity: Sensitivity = Sensitivity.PLAIN
    refresh: Refresh = Refresh.LIVE
    usable_in: frozenset[Use] = ANY_USE

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise self._fault("bad name", "a name such as life.r_days")
        if not (self.zh and self.en and self.sentence):
            raise self._fault("has no words for people", "give zh, en and a sentence")
        self._check_class()
        self._check_needs()
        self._check_kind()

    @property
    def events(self) -> tuple[str, ...]:
        """Names of the events it comes from, in order."""
        return tuple(sorted({event for name in self.needs for event in CATALOGUE[name].events}))

    @property
    def user_visible(self) -> bool:
        """Whether the person sees it."""
        return self.sensitivity is not Sensitivity.SYSTEM

    def usable(self, use: Use) -> bool:
        """Whether it may be used so; what is the system's alone never leaves ranking."""
        return use in self.usable_in

    @property
    def column(self) -> str:
        """Its column in tables: the name, which SQL would have to quote, with ``__``."""
        return self.name.replace(".", "__")

    def _check_class(self) -> None:
        for kind, given in (
            (Sensitivity, self.sensitivity),
            (Scope, self.scope),
            (Refresh, self.refresh),
            (Kind, self.kind),
        ):
            if not isinstance(given, kind):
                raise self._fault(
                    f"{kind.__name__.lower()} {given!r} may not be used",
                    f"one of {', '.join(kind)}",
                )
        if not self.user_visible and self.usable_in - {Use.RANK}:
            raise self._fault("a system tag serves ranking alone", "usable_in={Use.RANK}")
        if self.sensitivity is Sensitivity.DELICATE and Use.EXPORT in self.usable_in:
            raise self._fault("a delicate tag is not exported", "leave Use.EXPORT out")

    def _check_needs(self) -> None:
        if not (self.needs or self.profile or self.published):
            raise self._fault("is a function of nothing", "name the counters it needs")
        if self.published and self.refresh is Refresh.LIVE:
            raise self._fault("references are not live", "refresh=Refresh.DAY")
        for name in self.profile:
            if name not in (*PROFILE, CONSENTS):
                raise self._fault(f"no profile column {name!r}", f"one of {', '.join(PROFILE)}")
        for name in self.needs:
            if name not in CATALOGUE:
                mend = UnknownName.among("counter", name, CATALOGUE).next_step
                raise self._fault(f"no counter {name!r}", mend)
            if name not in PHRASES:
                raise self._fault(f"{name} cannot be told to people", "add it to PHRASES")
            self._check_need(name)

    def _check_need(self, name: str) -> None:
        counter = CATALOGUE[name]
        if not counter.key.personal:
            raise self._fault(f"{name} is not about a person", "use a counter of a person")
        if counter.scope not in (Scope.PERSONALIZE, self.scope):
            raise self._fault(f"{name} needs another consent", f"scope={counter.scope!r}")
        if self.refresh is Refresh.LIVE and not counter.online:
            raise self._fault(f"{name} is not kept live", f"refresh={counter.refresh!r}")
        if counter.sensitivity in _DELICACY and self.user_visible:
            order = _DELICACY.index
            if order(counter.sensitivity) > order(self.sensitivity):
                raise self._fault(f"{name} is more delicate", f"class {counter.sensitivity}")

    def _check_kind(self) -> None:
        if bool(self.words) is not (self.kind in {Kind.ENUM, Kind.GRADES}):
            raise self._fault(
                "an ENUM has words, nothing else has", "words={'new': ('新客', 'new')}"
            )
        if bool(self.labels) is not (self.kind is Kind.VECTOR):
            raise self._fault("a VECTOR has labels, nothing else has", "labels=('buyer', 'sharer')")

    def _fault(self, problem: str, mend: str) -> DeclarationError:
        return DeclarationError(f"{self.name}: {problem}", next_step=mend)
