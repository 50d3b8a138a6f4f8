"""A history of any size within seconds: what speed is measured on.

Acts are drawn independently with the mix of kinds of the simulated world, long-tailed items and
people, and versions that change within the span. Nothing can be learned from it; for that there is
``training.world``.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features import columns as c
from features import events as e
from features.clock import DAY_US, parse_instant
from features.history import utc_day
from features.home import Home
from features.tables import TABLES

DAYS = 90
END_US = parse_instant("2026-06-01T00:00:00Z")
"""The instant the history ends at; measurements are as of it."""

EVENTS_PER_USER = 50
ITEM_COUNT = 20_000

MIX = {
    e.SHOWN: 0.66, e.VIEWED: 0.14, "Products Searched": 0.04, e.ADDED: 0.04, e.CLICKED: 0.03,
    e.ORDERED: 0.03, e.SHARED: 0.02, e.GROUP_VIEWED: 0.01, e.WISHED: 0.01, e.OPENED: 0.008,
    e.GROUP_STARTED: 0.004, e.GROUP_JOINED: 0.003, e.REVIEWED: 0.003, e.GROUP_SUCCEEDED: 0.0015,
    e.REFUNDED: 0.0005,
}  # fmt: skip
"""Shares of kinds of events, those of the preset ``demo`` rounded."""

_SOCIAL = (e.SHARED, e.OPENED, e.GROUP_JOINED)
_ENTRIES = ("feed", "search", "share", "group")
_NETWORKS = ("wifi", "5G")
_PRICED = (e.VIEWED, e.ADDED, e.ORDERED, e.REFUNDED, e.WISHED)
_PAID = (e.ORDERED, e.REFUNDED)
_TIERS = np.array(["1", "new1", "2", "3", "4", "5"])

Indices = npt.NDArray[np.int64]


def write(root: Path, events: int, seed: int = 1, items: int = ITEM_COUNT) -> Home:
    """Write a home with ``events`` rows over 90 days that end at ``END_US``.

    Parameters
    ----------
    root : Path
        A new or empty directory.
    events : int
        Rows of the events table; one person for 50 of them.
    seed : int
        Same seed, same history.
    items : int
        In the catalogue.
    """
    rng = np.random.default_rng(seed)
    home = Home(root)
    users = max(events // EVENTS_PER_USER, 10)
    _put(home.table("items") / "part.parquet", _items(rng, items), "items")
    _put(home.table("users") / "part.parquet", _users(rng, users), "users")
    bounds = np.linspace(0, events, DAYS + 1).astype(np.int64)
    for day, (low, high) in enumerate(pairwise(bounds)):
        start_us = END_US - (DAYS - day) * DAY_US
        rows = _events(rng, np.arange(low, high), start_us, users, items)
        _put(home.events / f"day={utc_day(start_us)}" / "part.parquet", rows, "events")
    return home


def _put(path: Path, columns: dict[str, Any], table: str) -> None:
    schema = TABLES[table].schema
    size = len(next(iter(columns.values())))
    arrays = [
        pa.array(columns[field.name], from_pandas=True).cast(field.type)
        if field.name in columns
        else pa.nulls(size, field.type)
        for field in schema
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(arrays, schema=schema), path, compression="zstd")


def _items(rng: np.random.Generator, count: int) -> dict[str, Any]:
    """Every fifth item changes its price half way."""
    numbers = np.concatenate([np.arange(count), np.arange(0, count, 5)])
    first = np.arange(len(numbers)) < count
    return {
        c.ITEM: _names("i", numbers),
        c.VALID_FROM: END_US - np.where(first, 2 * DAYS, DAYS // 2) * DAY_US,
        c.CATEGORY: _names("category-", numbers % 200),
        c.BRAND: _names("brand-", numbers % 997),
        c.SHOP: _names("shop-", numbers % 503),
        c.PRICE: np.exp(rng.normal(8.5, 1.0, len(numbers))).astype(np.int64) + 1,
    }


def _users(rng: np.random.Generator, count: int) -> dict[str, Any]:
    """Every tenth person moves half way."""
    numbers = np.concatenate([np.arange(count), np.arange(0, count, 10)])
    first = np.arange(len(numbers)) < count
    return {
        c.USER: _names("u", numbers),
        c.VALID_FROM: END_US - np.where(first, 2 * DAYS, DAYS // 2) * DAY_US,
        c.CITY_TIER: _TIERS[rng.integers(len(_TIERS), size=len(numbers))],
    }


def _events(
    rng: np.random.Generator, numbers: Indices, start_us: int, users: int, count: int
) -> dict[str, Any]:
    size = len(numbers)
    kind = rng.choice(len(MIX), size, p=np.array([*MIX.values()]) / sum(MIX.values()))
    items = (count * rng.random(size) ** 3).astype(np.int64)
    price = np.exp(rng.normal(8.5, 1.0, size)).astype(np.int64) + 1
    social, priced, paid = (_among(kind, names) for names in (_SOCIAL, _PRICED, _PAID))
    return {
        c.MESSAGE: _names("message-", numbers),
        c.LINE: np.zeros(size, np.int16),
        c.EVENT: pa.DictionaryArray.from_arrays(kind.astype(np.int32), [*MIX]),
        c.AT: start_us + rng.integers(DAY_US, size=size),
        c.USER: _names("u", _person(rng, size, users)),
        c.ITEM: _names("i", items),
        c.PEER: _where(social, _names("u", _person(rng, size, users))),
        c.PRICE: _where(priced, pa.array(price)),
        c.QUANTITY: _where(paid, pa.array(rng.integers(1, 4, size).astype(float))),
        c.TOTAL: _where(paid, pa.array(price)),
        c.DISCOUNT: _where(paid, pa.array(price // 10)),
        c.ORDER: _where(paid, _names("order-", numbers)),
        "entry": pa.DictionaryArray.from_arrays((numbers % 4).astype(np.int32), _ENTRIES),
        "network": pa.DictionaryArray.from_arrays((numbers % 2).astype(np.int32), _NETWORKS),
        "city": _where(paid, _names("city-", numbers % 300)),
    }


def _person(rng: np.random.Generator, size: int, users: int) -> Indices:
    return np.asarray(users * rng.random(size) ** 2, dtype=np.int64)


def _among(kind: Indices, names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    return np.isin(kind, [place for place, name in enumerate(MIX) if name in names])


def _names(prefix: str, numbers: Indices) -> pa.Array:
    """Ids such as ``u0000042``."""
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 7, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def _where(mask: npt.NDArray[np.bool_], values: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(mask), values, None)
