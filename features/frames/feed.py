"""(person, item, moment) → the numbers a ranker sees: the only place that knows its columns.

``online`` gathers what they need from one person's state, ``offline`` from the history at each
example's own time; the same formulas, ``assemble``, make the row of both.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features import columns as c
from features import festivals
from features.catalogue import declaration_hash, of_key
from features.clock import DAY_US, BusinessZone, Int64s, Refresh
from features.counters import Key
from features.ids import UNKNOWN
from features.items import NEVER_US, Codes, Items
from features.reading import Reading

if TYPE_CHECKING:  # brings DuckDB and Numba, which serving does without
    from features.points import Points

Floats = npt.NDArray[np.float64]
Raw = Mapping[str, Floats]
"""What the formulas read: counters by name and a few facts, each of shape (n,) or ()."""

Formula = Callable[[Raw], Floats]

SIDES = {Key.CATEGORY: c.CATEGORY, Key.BRAND: c.BRAND, Key.SHOP: c.SHOP}
"""Tastes that an item's attribute looks up."""


def _log(name: str) -> Formula:
    return lambda raw: np.log1p(np.maximum(raw[name], 0.0))


def _share(part: str, whole: str) -> Formula:
    return lambda raw: raw[part] / (np.maximum(raw[whole], 0.0) + 1.0)  # refunds weigh below 0


def _days_since(name: str) -> Formula:
    return lambda raw: np.log1p(np.maximum(raw["at_us"] - raw[name], 0.0) / DAY_US)


def _as_is(name: str) -> Formula:
    return lambda raw: raw[name]


def _price_gap(total: str, weight: str) -> Formula:
    def formula(raw: Raw) -> Floats:
        known = raw[weight] > 0
        usual = raw[total] / np.where(known, raw[weight], 1.0)
        return np.where(known, raw["log_price"] - usual, np.nan)

    return formula


_ITEM = (
    "views_7", "views_30", "orders_7", "orders_30", "orders_180", "interest_30", "shares_30",
    "opens_30", "buyers_30", "groups_30",
)  # fmt: skip
_USER = ("views_1", "views_7", "views_30", "carts_7", "orders_30", "interest_30", "opens_30")

COLUMNS: Mapping[str, Formula] = {
    **{f"item.{name}": _log(f"item.{name}") for name in _ITEM},
    "item.trend": lambda raw: np.log(
        (np.maximum(raw["item.interest_30"], 0.0) + 1.0) / (raw["item.orders_180"] + 1.0)
    ),
    "item.conversion": lambda raw: (raw["item.orders_30"] + 0.1) / (raw["item.views_30"] + 5.0),
    "item.age": _days_since("listed_us"),
    "item.log_price": _as_is("log_price"),
    **{f"user.{name}": _log(f"user.{name}") for name in _USER},
    "user.since_order": _days_since("user.last_order"),
    "user.since_active": _days_since("user.last_active"),
    "taste.category_30": _log("category.interest_30"),
    "taste.category_1": _log("category.interest_1"),
    "taste.category_now": _log("category.interest_now"),
    "taste.category_share": _share("category.interest_30", "user.interest_30"),
    "taste.category_orders": _log("category.orders"),
    "taste.category_since": _days_since("category.last"),
    "taste.brand_30": _log("brand.interest_30"),
    "taste.brand_share": _share("brand.interest_30", "user.interest_30"),
    "taste.shop_30": _log("shop.interest_30"),
    "taste.price_gap": _price_gap("user.price_30", "user.priced_30"),
    "taste.category_price_gap": _price_gap("category.price_90", "category.priced_90"),
    "touch.views_7": _log("touch.views_7"),
    "touch.interest_30": _log("touch.interest_30"),
    "touch.orders": _log("touch.orders"),
    "touch.since_order": _days_since("touch.last_order"),
    "touch.dismissed_30": _log("touch.dismissed_30"),
    "taste.category_dismissed_30": _log("category.dismissed_30"),
    "friends.score": _log("friends.score"),
    "friends.count": _log("friends.count"),
    "friends.bought": _log("friends.bought"),
    "source.als": _as_is("source.als"),
    "source.als_rank": _log("source.als_rank"),
    "source.similar": _as_is("source.similar"),
    "source.similar_rank": _log("source.similar_rank"),
    "source.friends_taste_rank": _log("source.friends_taste_rank"),
    "source.alike_rank": _log("source.alike_rank"),
    "source.popular_rank": _log("source.popular_rank"),
    "source.friends_rank": _log("source.friends_rank"),
    "source.local_rank": _log("source.local_rank"),
    "source.content": _as_is("source.content"),
    "source.content_rank": _log("source.content_rank"),
    "source.session_rank": _log("source.session_rank"),
    "source.again": _log("source.again"),
    "source.again_rank": _log("source.again_rank"),
    "source.due": _as_is("source.due"),
    "source.due_rank": _log("source.due_rank"),
    "moment.hour": _as_is("hour"),
    "moment.weekday": _as_is("weekday"),
    "moment.festival": _as_is("festival"),
}
"""The ranker's columns in order, each with its formula."""


class _Noted(dict[str, Floats]):
    """Answers 1 to every name and keeps the names."""

    def __missing__(self, name: str) -> Floats:
        self[name] = np.ones(1)
        return self[name]


def read_by(columns: Mapping[str, Formula]) -> frozenset[str]:
    """Raw columns that formulas read: what portraits alone read costs no request anything.

    Examples
    --------
    >>> sorted(read_by({"price": _price_gap("total", "weight")}))
    ['log_price', 'total', 'weight']
    """
    noted = _Noted()
    for formula in columns.values():
        formula(noted)
    return frozenset(noted)


READ = read_by(COLUMNS)
"""Counters and facts behind the columns."""


def feature_hash() -> str:
    """Fingerprint of counters and columns: a bundle of another one is refused."""
    text = declaration_hash() + "|".join(COLUMNS)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def assemble(raw: Raw, size: int) -> npt.NDArray[np.float32]:
    """Rows of the ranker.

    Parameters
    ----------
    raw : mapping of str to ndarray, float64, shape (size,) or ()
        From ``online`` or ``offline``, with the slate's columns added.
    size : int
        Number of rows.

    Returns
    -------
    ndarray, float32, shape (size, len(COLUMNS))
        NaN where something is unknown.
    """
    rows = np.empty((size, len(COLUMNS)), dtype=np.float32)
    for i, formula in enumerate(COLUMNS.values()):
        rows[:, i] = formula(raw)
    return rows


def online(reading: Reading, items: Items, codes: Codes) -> dict[str, Floats]:
    """Raw columns of one person's candidates, from the online state.

    Parameters
    ----------
    reading : Reading
        The person's state at the instant of the request.
    items : Items
        The bundle's catalogue.
    codes : ndarray, int32, shape (n,)
        Candidates.
    """
    raw = _moment(np.asarray(reading.at_us), reading.zone) | _of_items(items, codes)
    raw |= {name: items.counters[name][codes].astype(np.float64) for name in items.counters}
    _, values = reading.table(Key.USER, READ)
    raw |= {name: value[0] for name, value in values.items()}
    for key, column in SIDES.items():
        tails, values = reading.table(key, READ)
        known = items.names[column].codes(tails)
        raw |= _look_up(key, values, known, items.coded[column][codes])
    tails, values = reading.table(Key.TOUCH, READ)
    raw |= _look_up(Key.TOUCH, values, items.ids.codes(tails), codes)
    return raw


@dataclass(frozen=True)
class Examples:
    """Which rows to build: queries, and for each row its query and item.

    Parameters
    ----------
    users : sequence of str, length q
        Who asked.
    at_us : ndarray, int64, shape (q,)
        When.
    query : ndarray, int64, shape (n,)
        Query of each row.
    codes : ndarray, int32, shape (n,)
        Item of each row.
    """

    users: Sequence[str]
    at_us: Int64s
    query: Int64s
    codes: Codes


def offline(points: "Points", items: Items, examples: Examples) -> dict[str, Floats]:
    """Raw columns of many examples, each as of its own time, from the history.

    Returns
    -------
    dict of str to ndarray, float64, shape (n,)
        The same names as ``online``: those behind the columns.
    """
    query, codes = examples.query, examples.codes
    raw = _moment(examples.at_us[query], points.zone) | _of_items(items, codes)
    values = points.values(Key.USER, {c.USER: examples.users}, examples.at_us, READ)
    raw |= {name: value[query] for name, value in values.items()}
    names = items.ids.names(range(len(items)))
    day = points.zone.floor(examples.at_us, Refresh.DAY)[query]
    raw |= _distinct_days(points, names, codes, day)
    for key, column in SIDES.items():
        labels = [*items.names[column].names(range(len(items.names[column]))), ""]
        raw |= _pairs(points, key, examples, items.coded[column][codes], labels)
    raw |= _pairs(points, Key.TOUCH, examples, codes, names)
    return raw


def _moment(at_us: Int64s, zone: BusinessZone) -> dict[str, Floats]:
    return {
        "at_us": at_us.astype(np.float64),
        "hour": zone.hour(at_us).astype(np.float64),
        "weekday": zone.weekday(at_us).astype(np.float64),
        "festival": _festival(zone.day(at_us)),
    }


def _festival(day: Int64s) -> Floats:
    """Number of the festival phase of each business day, 0 on ordinary ones."""
    days, place = np.unique(day, return_inverse=True)
    phases = (None, *festivals.PHASES)
    numbers = np.array([phases.index(festivals.phase(int(one))) for one in days], dtype=np.float64)
    return numbers[place].reshape(np.shape(day))


def _of_items(items: Items, codes: Codes) -> dict[str, Floats]:
    listed = items.listed_us[codes].astype(np.float64)
    return {
        "listed_us": np.where(listed >= NEVER_US, np.nan, listed),
        "log_price": items.log_price(codes),
    }


def _look_up(key: Key, values: Raw, known: Codes, wanted: Codes) -> dict[str, Floats]:
    """Values of a keyed table at the wanted codes; what is not there has the empty value."""
    inside = np.flatnonzero(known != UNKNOWN)
    rows = inside[np.argsort(known[inside], kind="stable")]
    ordered = known[rows]
    place = np.searchsorted(ordered, wanted)
    there = np.append(ordered, UNKNOWN)[place] == wanted
    there &= wanted != UNKNOWN
    row = np.where(there, np.append(rows, UNKNOWN)[place], UNKNOWN)
    found = {}
    for counter in of_key(key):
        if counter.name not in values:
            continue
        empty = np.nan if counter.last or counter.first else 0.0
        found[counter.name] = np.append(values[counter.name], empty)[row]  # −1: the last, empty
    return found


def _distinct_days(
    points: "Points", names: Sequence[str], codes: Codes, day: Int64s
) -> dict[str, Floats]:
    """ITEM counters, each (item, day) read once."""
    pairs, back = np.unique(np.stack([codes.astype(np.int64), day]), axis=1, return_inverse=True)
    values = points.values(Key.ITEM, {c.ITEM: [names[code] for code in pairs[0]]}, pairs[1])
    return {name: value[back] for name, value in values.items()}


def _pairs(
    points: "Points", key: Key, examples: Examples, tails: Codes, labels: Sequence[str]
) -> dict[str, Floats]:
    """Counters of (person, tail), each (query, tail) read once."""
    width = len(labels) + 1
    mixed, back = np.unique(examples.query * width + tails + 1, return_inverse=True)
    query, tail = mixed // width, mixed % width - 1
    users = [examples.users[i] for i in query]
    keys = {c.USER: users, key.columns[1]: [labels[i] if i >= 0 else "" for i in tail]}
    values = points.values(key, keys, examples.at_us[query], READ)
    return {name: value[back] for name, value in values.items()}
