"""What is predicted: a cohort, an event, a number of days. One frozen value for each goal."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from features import events as e
from features.errors import FileRefused, InputError, UnknownName
from features.weights import ACTIVE

WINDOWS = (7.0, 120.0)
"""Shortest and longest window, in days."""


@dataclass(frozen=True)
class Goal:
    """Whether people of a cohort do something within a window.

    Parameters
    ----------
    name : str
        By which it is asked for.
    zh : str
        Its name for marketers.
    sentence : str
        What the probability is of.
    events : tuple of str
        Any of these events counts.
    days : float
        Window after the instant of scoring.
    did : tuple of str
        The cohort did any of these within ``did_days``; empty for everybody.
    did_days : float
        0 for ever.
    idle_days : float
        The cohort did nothing for so long; 0 for no such condition.
    absent : bool
        Whether the goal is that none of the events comes.
    least_fen : int
        The events must bring at least this much money together; 0 for no such condition.
    top_percent : float
        Instead: money among the highest of those who brought any; 0 for no such condition.
    category : str
        Events and cohort are those of items of this category; empty for any item.

    Raises
    ------
    InputError
        When the window is out of bounds, or no event is named.
    UnknownName
        When an event is in no vocabulary.
    """

    name: str
    zh: str = ""
    sentence: str = ""
    events: tuple[str, ...] = ()
    days: float = 14.0
    did: tuple[str, ...] = ()
    did_days: float = 0.0
    idle_days: float = 0.0
    absent: bool = False
    least_fen: int = 0
    top_percent: float = 0.0
    category: str = ""

    def __post_init__(self) -> None:
        if not self.events:
            raise InputError(f"the goal {self.name} has no event", expected='events = ["…"]')
        for event in (*self.events, *self.did):
            if event not in e.KINDS:
                raise UnknownName.among("event", event, e.KINDS)
        low, high = WINDOWS
        if not low <= self.days <= high:
            raise InputError(
                f"the window of {self.name} is out of bounds",
                expected=f"{low:g} to {high:g} days",
                got=f"{self.days:g}",
            )
        if min(self.did_days, self.idle_days, self.least_fen, self.top_percent) < 0:
            raise InputError(f"a condition of {self.name} is negative", expected="0 or more")


_SHOPPING = (e.VIEWED, e.ADDED, e.WISHED, e.ORDERED, e.OPENED, e.GROUP_VIEWED)
_ACTS = tuple(ACTIVE)

_PRESETS = (
    Goal("ready-to-buy", "即将购买", "orders within 7 days", (e.ORDERED,), 7, _SHOPPING, 30),
    Goal("repurchase", "复购", "orders again within 14 days", (e.ORDERED,), 14, (e.ORDERED,)),
    Goal("churn", "流失", "a buyer does nothing for 14 days", _ACTS, 14, (e.ORDERED,), 90,
         absent=True),
    Goal("silent-to-active", "沉默唤醒", "comes back within 14 days after a week of silence",
         _ACTS, 14, idle_days=7),
    Goal("share", "分享", "shares an item within 7 days", (e.SHARED,), 7, _ACTS, 30),
    Goal("group-join", "参团", "starts or joins a group buy within 14 days",
         (e.GROUP_STARTED, e.GROUP_JOINED), 14, _ACTS, 30),
    Goal("high-value", "高价值", "is among the top tenth of buyers by money within 14 days",
         (e.ORDERED,), 14, _ACTS, 60, top_percent=10),
)  # fmt: skip

PRESETS: Mapping[str, Goal] = MappingProxyType({goal.name: goal for goal in _PRESETS})
"""Goals by name."""


def named(name: str) -> Goal:
    """A preset; with a category after a dot, such as ``repurchase.COFFEE``, of that category.

    Raises
    ------
    UnknownName
        When there is none of that name.

    Examples
    --------
    >>> named("churn").absent
    True
    >>> named("chrun")
    Traceback (most recent call last):
    features.errors.UnknownName: unknown goal 'chrun'; next: use one of: churn
    """
    preset, _, category = name.partition(".")
    if preset not in PRESETS:
        raise UnknownName.among("goal", name, PRESETS)
    goal = PRESETS[preset]
    return replace(goal, name=name, category=category) if category else goal


def read(path: Path) -> Goal:
    """A goal of one's own, from TOML with the fields of ``Goal``.

    Raises
    ------
    FileRefused
        When the file cannot be read.
    UnknownName
        When it has a field that no goal has.
    InputError
        When a field is of the wrong kind.
    """
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileRefused(f"{path} cannot be read", expected="TOML", got=str(error)) from None
    kinds = {field.name: type(getattr(_EXAMPLE, field.name)) for field in fields(Goal)}
    for name, value in told.items():
        if name not in kinds:
            raise UnknownName.among("field of a goal", name, kinds)
        taken = (int, float) if kinds[name] is float else kinds[name]
        given = tuple(value) if isinstance(value, list) else value
        if not isinstance(given, taken) or isinstance(value, bool) != (kinds[name] is bool):
            raise InputError(f"{name} of a goal is of another kind", got=repr(value))
        told[name] = given
    return Goal(**({"name": path.stem} | told))


_EXAMPLE = Goal("example", events=(e.ORDERED,))
