"""What a service written by hand would read: the same people and items as nightly tables."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features import columns as c
from features import festivals
from features.catalogue import CATALOGUE
from features.counters import Key
from features.frames.feed import COLUMNS, SIDES
from features.home import Home
from features.items import Items
from features.reading import Reading
from features.store import open_store
from recsys import moment
from recsys.bundle import Bundle
from recsys.candidates.again import Again
from recsys.moment import Moment
from training.bench.feed.world import ZONE, World

SCOPES = {**SIDES, Key.TOUCH: c.ITEM}
"""What a table of (person, something) is about, and how its column is called here."""


def write(world: World, into: Path) -> None:
    """Write ``items``, ``users``, ``again`` and one table for each of ``SCOPES``; vectors too."""
    into.mkdir()
    parts = Bundle.open(world.bundle).parts
    _items(parts.items).to_parquet(into / "items.parquet")
    store = open_store(Home(world.root), ZONE, applies=False)
    rows: dict[str, list[pd.DataFrame]] = {}
    vectors = np.zeros((len(world.users), parts.als.vectors.shape[1]), dtype=np.float32)
    try:
        for number, name in enumerate(world.users):
            reading = Reading(store.states([name])[name], world.at_us, ZONE)
            now = moment.of_state(reading, [], parts.items.ids)
            vectors[number] = parts.als.person(now.acts)
            rows.setdefault("again", []).append(_again(number, now))
            user = pd.DataFrame(reading.table(Key.USER)[1]).assign(**{c.USER: number})
            rows.setdefault("users", []).append(user)
            for key, column in SCOPES.items():
                tails, values = reading.table(key)
                ids = parts.items.ids if key is Key.TOUCH else parts.items.names[column]
                table = pd.DataFrame({c.USER: number, column: ids.codes(tails), **values})
                rows.setdefault(column, []).append(table)
    finally:
        store.close()
    for word, frames in rows.items():
        pd.concat(frames, ignore_index=True).to_parquet(into / f"{word}.parquet")
    np.save(into / "users.npy", vectors)


def _again(number: int, now: Moment) -> pd.DataFrame:
    """Own items of a person, as the source of that name tells of them."""
    own = Again().propose(now, np.iinfo(np.int64).max)
    told = {"source.again": own.scores["again"], "source.again_rank": own.ranks["again"]}
    return pd.DataFrame({c.USER: number, c.ITEM: own.codes, **told})


def moment_of(at_us: int) -> dict[str, np.ndarray]:
    """Columns of people without friends that are one for all candidates, or that a source fills."""
    phases = (None, *festivals.PHASES)
    named = {
        "at_us": at_us,
        "hour": ZONE.hour(at_us),
        "weekday": ZONE.weekday(at_us),
        "festival": phases.index(festivals.phase(int(ZONE.day(at_us)))),
    }
    friends = {f"friends.{word}": 0.0 for word in ("score", "count", "bought")}
    sources = {name: np.nan for name in COLUMNS if name.startswith("source.")}
    numbers = {**named, **friends, **sources}
    return {name: np.asarray(value, dtype=np.float64) for name, value in numbers.items()}


def unknown(names: Iterable[str]) -> dict[str, float]:
    """What counters say of what somebody never touched."""
    counters = {name: CATALOGUE[name] for name in names if name in CATALOGUE}
    return {name: np.nan if one.first or one.last else 0.0 for name, one in counters.items()}


def _items(items: Items) -> pd.DataFrame:
    columns: dict[str, Any] = {
        name: values.astype(float) for name, values in items.counters.items()
    }
    columns |= {column: items.coded[column] for column in SIDES.values()}
    codes = np.arange(len(items), dtype=np.int32)
    columns["log_price"] = items.log_price(codes)
    columns["listed_us"] = items.listed_us.astype(float)
    columns["on_sale"] = items.on_sale
    columns["name"] = items.ids.names(codes)
    return pd.DataFrame(columns)
