"""Fits of the sources that know places and hours, titles, and how soon things are bought again."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from features import columns as c
from features import events as e
from features.clock import DAY_US
from features.items import NEVER_US, Items
from recsys.candidates.content import Content, grams
from recsys.candidates.local import Lift
from recsys.rhythm import Rhythm
from training.past import Past

NEW_DAYS = 30.0
"""How long after its listing an item is new."""

FEW = 5.0
"""Decayed weight of acts below which an item without a listing date counts as new."""

PRICES = 8
"""Bands of prices, each with as many items, that count as an attribute."""


def rhythm(past: Past, items: Items, at_us: int) -> Rhythm:
    """How soon things were bought again before an instant; purchases of one day are one."""
    rows = past.connection.sql(
        f"""
        SELECT {c.ITEM}, ({c.AT} - before) / {float(DAY_US)} AS days FROM (
            SELECT {c.ITEM}, {c.AT}, day, lag({c.AT}) OVER same AS before, lag(day) OVER same AS was
            FROM (
                SELECT {c.USER}, {c.ITEM}, day, min({c.AT}) AS {c.AT} FROM facts
                WHERE {c.EVENT} = '{e.ORDERED}' AND {c.ITEM} IS NOT NULL AND {c.AT} < {int(at_us)}
                GROUP BY ALL
            ) WINDOW same AS (PARTITION BY {c.USER}, {c.ITEM} ORDER BY {c.AT})
        ) WHERE was < day ORDER BY ALL
        """
    ).to_arrow_table()
    codes = items.ids.codes(rows[c.ITEM].to_pylist())
    return Rhythm.fit(codes, rows["days"].to_numpy(), items.coded[c.CATEGORY])


def lift(past: Past, items: Items, at_us: int) -> Lift:
    """How city tiers and hours changed what sold before an instant."""
    where = f"{c.EVENT} = '{e.ORDERED}' AND {c.ITEM} IS NOT NULL AND {c.AT} < {int(at_us)}"
    rows = past.connection.sql(
        f"SELECT {c.CITY_TIER}, {c.ITEM}, count(*)::DOUBLE AS n FROM facts "
        f"WHERE {where} AND {c.CITY_TIER} IS NOT NULL GROUP BY ALL"
    ).to_arrow_table()
    tiers = sorted(set(rows[c.CITY_TIER].to_pylist()))
    in_tier = np.zeros((len(tiers), len(items)))
    place = np.array([tiers.index(name) for name in rows[c.CITY_TIER].to_pylist()], dtype=np.int64)
    codes = items.ids.codes(rows[c.ITEM].to_pylist())
    np.add.at(in_tier, (place, codes), rows["n"].to_numpy())
    rows = past.connection.sql(
        f"SELECT {c.CATEGORY}, hour::INT AS hour, count(*)::DOUBLE AS n FROM facts "
        f"WHERE {where} AND {c.CATEGORY} IS NOT NULL GROUP BY ALL"
    ).to_arrow_table()
    names = items.names[c.CATEGORY]
    at_hour = np.zeros((24, len(names)))
    category = names.codes(rows[c.CATEGORY].to_pylist())
    known = category >= 0
    np.add.at(
        at_hour, (rows["hour"].to_numpy()[known], category[known]), rows["n"].to_numpy()[known]
    )
    return Lift.fit(tuple(tiers), in_tier, at_hour)


def content(known: pa.Table, items: Items, at_us: int) -> Content:
    """Likeness by attributes and titles, and which items are new at an instant.

    Parameters
    ----------
    known : pyarrow.Table
        Items in the version in force then (``training.fit.known_items``).
    items : Items
        The catalogue as of then.
    at_us : int
        T.
    """
    texts: list[list[str]] = [[] for _ in range(len(items))]
    for code, tokens in zip(
        items.ids.codes(known[c.ITEM].to_pylist()), _tokens(known), strict=True
    ):
        if code >= 0:
            texts[code] = tokens
    listed = np.asarray(items.listed_us)
    dated = listed < NEVER_US
    lately = dated & (at_us - listed < NEW_DAYS * DAY_US)
    unheard = ~dated & (items.counters["item.interest_30"] < FEW)
    return Content.fit(texts, np.flatnonzero(lately | unheard).astype(np.int32))


def _tokens(known: pa.Table) -> Iterator[list[str]]:
    """Attributes and letters of the title of each item."""
    price = known[c.PRICE].to_numpy().astype(np.float64)
    told = ~np.isnan(price)
    band = np.full(len(price), -1, dtype=np.int64)
    if told.any():
        edges = np.quantile(price[told], np.linspace(0, 1, PRICES + 1)[1:-1])
        band[told] = np.searchsorted(edges, price[told])
    names = [known[name].to_pylist() for name in (c.CATEGORY, c.BRAND, c.SHOP)]
    paths, titles = known["category_path"].to_pylist(), known["title"].to_pylist()
    for i, (category, brand, shop) in enumerate(zip(*names, strict=True)):
        given = [
            f"{key}:{value}" for key, value in (("c", category), ("b", brand), ("s", shop)) if value
        ]
        given += [f"p:{part}" for part in (paths[i] or "").split("/")[:-1]]
        if band[i] >= 0:
            given.append(f"y:{int(band[i])}")
        yield given + [f"t:{gram}" for gram in grams(titles[i] or "")]
