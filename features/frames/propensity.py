"""(person, item, moment) → the numbers that say whether the person shares the item within a day."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from features import columns as c
from features.clock import Int64s
from features.counters import Key
from features.frames.feed import Floats, Formula
from features.frames.groups import sides
from features.ids import UNKNOWN
from features.items import Items
from features.reading import Reading

if TYPE_CHECKING:  # brings DuckDB and Numba, which serving does without
    from features.points import Points


def _log(name: str) -> Formula:
    return lambda raw: np.log1p(np.maximum(raw[name], 0.0))


def _part(part: str, whole: str, prior: float) -> Formula:
    return lambda raw: np.log((raw[part] + 0.1) / (raw[whole] + prior))


COLUMNS: Mapping[str, Formula] = {
    "user.shares_30": _log("user.shares_30"),
    "user.shares": _log("user.shares"),
    "user.shares_for_views": _part("user.shares_30", "user.views_30", 5.0),
    "user.heard": _part("user.shares_opened", "user.shares", 1.0),
    "user.received_30": _log("user.received_30"),
    "user.opens_30": _log("user.opens_30"),
    "user.active": _log("user.views_7"),
    "item.shares_30": _log("item.shares_30"),
    "item.shares_for_views": _part("item.shares_30", "item.views_30", 5.0),
    "item.opens_for_shares": _part("item.opens_30", "item.shares_30", 1.0),
    "taste.category_30": _log("category.interest_30"),
    "taste.category_1": _log("category.interest_1"),
    "touch.views_7": _log("touch.views_7"),
    "touch.interest_30": _log("touch.interest_30"),
    "touch.orders": _log("touch.orders"),
}
"""Columns in order, each with its formula."""

_ITEM = ("item.shares_30", "item.views_30", "item.opens_30")
_USER = (
    "user.shares_30", "user.shares", "user.views_30", "user.views_7", "user.shares_opened",
    "user.received_30", "user.opens_30",
)  # fmt: skip
_CATEGORY = ("category.interest_30", "category.interest_1")
_TOUCH = ("touch.views_7", "touch.interest_30", "touch.orders")


def online(reading: Reading, items: Items, names: Sequence[str]) -> dict[str, Floats]:
    """Raw columns of one person and several items, from the online state."""
    codes = items.ids.codes(names)
    known = codes != UNKNOWN
    found = {name: items.counters[name][codes].astype(np.float64) for name in _ITEM}
    raw = {name: np.where(known, values, 0.0) for name, values in found.items()}
    raw |= {name: np.asarray(reading.number(name)) for name in _USER}
    categories = sides(items, codes, c.CATEGORY)
    raw |= reading.columns(_CATEGORY, categories)
    return raw | reading.columns(_TOUCH, names)


def offline(
    points: "Points", users: Sequence[str], names: Sequence[str], items: Items, at_us: Int64s
) -> dict[str, Floats]:
    """Raw columns of (person, item) pairs, each as of its own time, from the history."""
    raw: dict[str, Floats] = points.values(Key.ITEM, {c.ITEM: names}, at_us, _ITEM)
    raw |= points.values(Key.USER, {c.USER: users}, at_us, _USER)
    categories = sides(items, items.ids.codes(names), c.CATEGORY)
    keys = {c.USER: users, c.CATEGORY: categories}
    raw |= points.values(Key.CATEGORY, keys, at_us, _CATEGORY)
    return raw | points.values(Key.TOUCH, {c.USER: users, c.ITEM: names}, at_us, _TOUCH)
