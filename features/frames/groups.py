"""(group buy, moment) → the numbers that say whether it fills, and who joins it.

As with the feed: ``online`` reads states and the catalogue of the bundle, ``offline`` the history
at the own time of each example; the same formulas make the row of both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.clock import HOUR_US, BusinessZone, Int64s
from features.counters import Key
from features.frames.feed import SIDES, Floats, Formula, Raw
from features.groupbuys import GroupBuy
from features.ids import UNKNOWN
from features.items import Items
from features.online import State
from features.reading import Reading, across

if TYPE_CHECKING:  # brings DuckDB and Numba, which serving does without
    from features.points import Points


def _log(name: str) -> Formula:
    return lambda raw: np.log1p(np.maximum(raw[name], 0.0))


def _odds(good: str, bad: str) -> Formula:
    return lambda raw: np.log((np.maximum(raw[good], 0) + 1) / (np.maximum(raw[bad], 0) + 1))


def _unfilled(raw: Raw) -> Floats:
    """Groups the starter began that did not fill; this one is among them."""
    return np.maximum(raw["user.groups_started"] - raw["user.groups_filled"] - 1.0, 0.0)


FILLING: Mapping[str, Formula] = {
    "group.missing": _log("missing"),
    "group.members": _log("members"),
    "group.hours": _log("hours"),
    "group.left": _log("left"),
    "group.pace": lambda raw: np.log(
        (np.maximum(raw["members"] - 1.0, 0.0) + 0.5) / (raw["hours"] + 1.0)
    ),
    "group.need": lambda raw: np.log((raw["missing"] + 0.5) / (np.maximum(raw["left"], 0) + 1.0)),
    "group.price": _log("price"),
    "item.fills": _odds("item.groups_filled_90", "item.groups_failed_90"),
    "item.known": lambda raw: np.log1p(
        raw["item.groups_filled_90"] + raw["item.groups_failed_90"]
    ),
    "item.wanted": _log("item.interest_30"),
    "starter.fills": lambda raw: np.log(
        (raw["user.groups_filled"] + 1.0) / (_unfilled(raw) + 1.0)
    ),
    "starter.started": _log("user.groups_started"),
    "starter.reach": _log("user.shares_opened"),
    "starter.heard": _log("user.received_30"),
}  # fmt: skip
"""What says whether a group fills, each with its formula."""

JOINING: Mapping[str, Formula] = {
    "friend.near": _log("near"),
    "friend.count": _log("friends"),
    "taste.category": _log("category.interest_30"),
    "taste.brand": _log("brand.interest_30"),
    "taste.shop": _log("shop.interest_30"),
    "taste.item": _log("touch.interest_30"),
    "user.joins": _log("user.groups_joined_30"),
    "user.active": _log("user.interest_30"),
    "group.missing": _log("missing"),
    "group.left": _log("left"),
    "group.price": _log("price"),
    "item.wanted": _log("item.interest_30"),
}
"""What says whether somebody who looks at a group joins it."""

_ITEM = ("item.groups_filled_90", "item.groups_failed_90", "item.interest_30")
_STARTER = ("user.groups_started", "user.groups_filled", "user.shares_opened", "user.received_30")
_JOINER = ("user.groups_joined_30", "user.interest_30")
_TASTE = {
    Key.CATEGORY: "category.interest_30", Key.BRAND: "brand.interest_30",
    Key.SHOP: "shop.interest_30",
}  # fmt: skip
_TOUCH = "touch.interest_30"


@dataclass(frozen=True)
class Standings:
    """Groups, each at an instant.

    Parameters
    ----------
    items, starters : list of str, length n
        What is bought, and who started it; "" unknown.
    at_us : ndarray, int64, shape (n,)
        The instants.
    missing, members : ndarray, float64, shape (n,)
        People it still needs, NaN unknown, and people in it.
    hours, left : ndarray, float64, shape (n,)
        Hours since it began, and until it ends; NaN unknown.
    price : ndarray, float64, shape (n,)
        Of one unit in the group, in fen; NaN unknown.
    """

    items: list[str]
    starters: list[str]
    at_us: Int64s
    missing: Floats
    members: Floats
    hours: Floats
    left: Floats
    price: Floats

    @classmethod
    def of(cls, groups: Sequence[GroupBuy], at_us: Sequence[int]) -> Self:
        """Groups as they are known, each at its instant."""
        rows = [
            (
                _number(one.missing),
                float(one.members),
                (now - one.started_us) / HOUR_US,
                (_number(one.expires_us) - now) / HOUR_US,
                _number(one.price_fen),
            )
            for one, now in zip(groups, at_us, strict=True)
        ]
        columns = np.array(rows, dtype=np.float64).reshape(-1, 5).T
        return cls(
            [one.item_id or "" for one in groups],
            [one.starter_id or "" for one in groups],
            np.array(at_us, dtype=np.int64),
            *columns,
        )

    def raw(self) -> dict[str, Floats]:
        """Its numbers by name."""
        return {name: getattr(self, name) for name in _OF_GROUP}


_OF_GROUP = ("missing", "members", "hours", "left", "price")


def _number(value: int | None) -> float:
    return np.nan if value is None else float(value)


def assemble(formulas: Mapping[str, Formula], raw: Raw, size: int) -> npt.NDArray[np.float64]:
    """Rows of a model; float64, shape (size, len(formulas)); NaN where unknown."""
    rows = np.empty((size, len(formulas)))
    for i, formula in enumerate(formulas.values()):
        rows[:, i] = formula(raw)
    return rows


def filling_online(
    groups: Standings, items: Items, states: Mapping[str, State], zone: BusinessZone
) -> dict[str, Floats]:
    """Raw columns of groups that all stand at one instant, with the states of their starters."""
    at_us = int(groups.at_us[0]) if len(groups.items) else 0
    nobody = State()
    known = [states.get(name, nobody) for name in groups.starters]
    raw = groups.raw() | _of_items(items, groups.items)
    found = across([(name, "") for name in _STARTER], known, at_us, zone)
    return raw | dict(zip(_STARTER, found, strict=True))


def filling_offline(points: "Points", groups: Standings) -> dict[str, Floats]:
    """Raw columns of groups, each as of its own time, from the history."""
    raw = groups.raw()
    raw |= points.values(Key.ITEM, {c.ITEM: groups.items}, groups.at_us, _ITEM)
    return raw | points.values(Key.USER, {c.USER: groups.starters}, groups.at_us, _STARTER)


def joining_online(
    reading: Reading, groups: Standings, items: Items, near: Floats, friends: Floats
) -> dict[str, Floats]:
    """Raw columns of what one person may join.

    Parameters
    ----------
    reading : Reading
        The person's state at the instant.
    groups : Standings
        The groups at that instant.
    items : Items
        The bundle's catalogue.
    near, friends : ndarray, float64, shape (n,)
        How near the nearest member is, and how many members are near.
    """
    raw = groups.raw() | _of_items(items, groups.items) | {"near": near, "friends": friends}
    raw |= {name: np.asarray(reading.number(name)) for name in _JOINER}
    codes = items.ids.codes(groups.items)
    for key, name in _TASTE.items():
        raw[name] = reading.column(name, sides(items, codes, SIDES[key]))
    raw[_TOUCH] = reading.column(_TOUCH, groups.items)
    return raw


def joining_offline(
    points: "Points",
    users: Sequence[str],
    groups: Standings,
    items: Items,
    near: Floats,
    friends: Floats,
) -> dict[str, Floats]:
    """Raw columns of (person, group) pairs, each as of its own time, from the history."""
    at_us = groups.at_us
    raw = groups.raw() | {"near": near, "friends": friends}
    raw |= points.values(Key.ITEM, {c.ITEM: groups.items}, at_us, _ITEM)
    raw |= points.values(Key.USER, {c.USER: users}, at_us, _JOINER)
    codes = items.ids.codes(groups.items)
    for key, name in _TASTE.items():
        keys = {c.USER: users, SIDES[key]: sides(items, codes, SIDES[key])}
        raw |= points.values(key, keys, at_us, {name})
    return raw | points.values(Key.TOUCH, {c.USER: users, c.ITEM: groups.items}, at_us, {_TOUCH})


def _of_items(items: Items, names: Sequence[str]) -> dict[str, Floats]:
    """Counters of items; 0 for those that the bundle does not know."""
    codes = items.ids.codes(names)
    known = codes != UNKNOWN
    found = {name: items.counters[name][codes].astype(np.float64) for name in _ITEM}
    return {name: np.where(known, values, 0.0) for name, values in found.items()}


def sides(items: Items, codes: npt.NDArray[np.int32], column: str) -> list[str]:
    """Name of each item's category, brand or shop; "" unknown."""
    coded = np.where(codes != UNKNOWN, items.coded[column][codes], UNKNOWN).tolist()
    named = {code: items.names[column].name(code) for code in set(coded) if code != UNKNOWN}
    return [named.get(code, "") for code in coded]
