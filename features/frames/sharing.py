"""(sharer, item, peer, moment) → the numbers the share ranker sees.

As with the feed: ``online`` reads states, ``offline`` the history at each example's own time, and
``assemble`` makes the same row of both. Nothing of the share in question is seen, so that those who
opened one share cannot betray each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features import columns as c
from features import consent
from features.choices import Say
from features.clock import DAY_US, Int64s
from features.counters import Key
from features.frames.feed import SIDES, Floats, Formula, Raw
from features.ids import UNKNOWN
from features.items import Items
from features.online import State
from features.reading import Reading, across

if TYPE_CHECKING:  # brings DuckDB and Numba, which serving does without
    from features.points import Points


def _log(name: str) -> Formula:
    return lambda raw: np.log1p(np.maximum(raw[name], 0.0))


def _days_since(name: str) -> Formula:
    """Never is longest ago, so that a first time is an approach like any other."""
    return lambda raw: np.log1p(np.maximum(raw["at_us"] - np.nan_to_num(raw[name]), 0.0) / DAY_US)


def _of_all(name: str) -> Formula:
    """Part of the sharer's whole that this peer makes up."""
    return lambda raw: raw[name] / np.maximum(raw[f"sum.{name}"], 1e-9)


def _over(whole: str, part: str) -> Formula:
    """What is left of a whole without a part."""
    return lambda raw: np.log1p(np.maximum(raw[whole] - raw[part], 0.0))


def _place(name: str) -> Formula:
    """How many of the sharer's candidates are ahead."""
    return lambda raw: np.log1p(raw[f"place.{name}"])


def _near(raw: Raw) -> Floats:
    return TIED * raw["tied"] + raw["pair.together_90"] + raw["pair.together_by_90"]


def _share(part: str, whole: str) -> Formula:
    return lambda raw: raw[part] / (raw[whole] + 1.0)


TIED = 0.1
"""What a declared tie adds to nearness; one link opened just now adds 1."""

COMPARED = (
    "pair.opened_by_7", "pair.opened_by_30", "pair.opened_by", "pair.last_opened_by", "near",
    "reach", "user.opens_7", "user.opens_30", "user.last_opened", "category.interest_30",
)  # fmt: skip
"""In what the candidates of one query are compared with each other."""

COLUMNS: Mapping[str, Formula] = {
    "pair.opened_by_7": _log("pair.opened_by_7"),
    "pair.opened_by_30": _log("pair.opened_by_30"),
    "pair.opened_by": _log("pair.opened_by"),
    "pair.opened_30": _log("pair.opened_30"),
    "pair.unopened_30": _over("pair.shared_30", "pair.opened_by_30"),
    "pair.together_90": _log("pair.together_90"),
    "pair.together_by_90": _log("pair.together_by_90"),
    "pair.since_opened_by": _days_since("pair.last_opened_by"),
    "pair.tied": lambda raw: raw["tied"],
    "pair.part_7": _of_all("pair.opened_by_7"),
    "pair.part_30": _of_all("pair.opened_by_30"),
    "pair.part": _of_all("pair.opened_by"),
    "pair.place_7": _place("pair.opened_by_7"),
    "pair.place_30": _place("pair.opened_by_30"),
    "pair.place": _place("pair.opened_by"),
    "pair.place_last": _place("pair.last_opened_by"),
    "pair.of_peers_opens": _share("pair.opened_by_30", "user.opens_30"),
    "around.near": lambda raw: np.log1p(raw["near"]),
    "around.near_part": _of_all("near"),
    "around.near_place": _place("near"),
    "around.reach": lambda raw: raw["reach"],
    "around.reach_place": _place("reach"),
    "around.ways": _log("ways"),
    "peer.opens_1": _log("user.opens_1"),
    "peer.opens_7": _log("user.opens_7"),
    "peer.opens_30": _log("user.opens_30"),
    "peer.since_opened": _days_since("user.last_opened"),
    "peer.opens_place_7": _place("user.opens_7"),
    "peer.opens_place_30": _place("user.opens_30"),
    "peer.opened_place": _place("user.last_opened"),
    "peer.unopened_30": _over("user.received_30", "user.opens_30"),
    "peer.shares_30": _log("user.shares_30"),
    "peer.active": _log("user.interest_30"),
    "peer.since_active": _days_since("user.last_active"),
    "peer.hour": _log("hour.active_30"),
    "peer.category_30": _log("category.interest_30"),
    "peer.category_1": _log("category.interest_1"),
    "peer.category_since": _days_since("category.last"),
    "peer.category_place": _place("category.interest_30"),
    "peer.brand_30": _log("brand.interest_30"),
    "peer.shop_30": _log("shop.interest_30"),
    "peer.item_30": _log("touch.interest_30"),
    "query.candidates": lambda raw: np.log1p(raw["candidates"]),
    "query.near": lambda raw: np.log1p(raw["acquaintances"]),
}
"""The share ranker's columns in order, each with its formula."""

RISING = frozenset({
    "pair.opened_by_7", "pair.opened_by_30", "pair.opened_by", "pair.together_by_90", "pair.part_7",
    "pair.part_30", "pair.part", "pair.of_peers_opens", "around.near", "around.near_part",
    "peer.opens_1", "peer.opens_7", "peer.opens_30", "peer.active", "peer.hour",
    "peer.category_30", "peer.category_1", "peer.brand_30", "peer.shop_30",
})  # fmt: skip
"""Columns that never lower a score by rising: what an opening adds to."""

FALLING = frozenset({
    "pair.unopened_30", "pair.since_opened_by", "pair.place_7", "pair.place_30", "pair.place",
    "pair.place_last", "around.near_place", "peer.unopened_30", "peer.since_opened",
    "peer.opens_place_7", "peer.opens_place_30", "peer.opened_place", "peer.since_active",
    "peer.category_since", "peer.category_place",
})  # fmt: skip
"""Columns that never raise a score by rising: what an unopened share adds to."""


def directions() -> list[int]:
    """1 for each column that may only raise a score, −1 that may only lower it, else 0."""
    return [(name in RISING) - (name in FALLING) for name in COLUMNS]


_PAIR = frozenset({
    "pair.opened_by_7", "pair.opened_by_30", "pair.opened_by", "pair.opened_30", "pair.shared_30",
    "pair.together_90", "pair.together_by_90", "pair.last_opened_by",
})  # fmt: skip
_PEER = frozenset({
    "user.opens_1", "user.opens_7", "user.opens_30", "user.last_opened", "user.received_30",
    "user.shares_30", "user.interest_30", "user.last_active",
})  # fmt: skip
_TASTE: Mapping[Key, frozenset[str]] = {
    Key.CATEGORY: frozenset({"category.interest_30", "category.interest_1", "category.last"}),
    Key.BRAND: frozenset({"brand.interest_30"}),
    Key.SHOP: frozenset({"shop.interest_30"}),
}
_TOUCH = frozenset({"touch.interest_30"})
_HOUR = "hour.active_30"
"""Counters that the formulas read."""


@dataclass(frozen=True)
class Examples:
    """Which rows to build: queries, and for each row its query and peer.

    Parameters
    ----------
    users, items : sequence of str, length q
        Who shared which item.
    at_us : ndarray, int64, shape (q,)
        When.
    query : ndarray, int64, shape (n,)
        Query of each row, ascending.
    peers : sequence of str, length n
        Candidate of each row.
    tied : ndarray, float64, shape (n,)
        1 where a tie is declared.
    reach, ways : ndarray, float64, shape (n,)
        How much of the sharer's closeness leads to somebody two steps away, and through how many
        people (``features.walks.beyond``); 0 for others.
    """

    users: Sequence[str]
    items: Sequence[str]
    at_us: Int64s
    query: Int64s
    peers: Sequence[str]
    tied: Floats
    reach: Floats
    ways: Floats


def assemble(raw: Raw, size: int) -> npt.NDArray[np.float32]:
    """Rows of the share ranker; float32, shape (size, len(COLUMNS)); NaN where unknown."""
    rows = np.empty((size, len(COLUMNS)), dtype=np.float32)
    for i, formula in enumerate(COLUMNS.values()):
        rows[:, i] = formula(raw)
    return rows


def hide(raw: dict[str, Floats], decided: Sequence[Say], rows: Int64s) -> None:
    """Make null, in place, what may not be used of the peers; pairs belong to the sharer."""
    peers = {name: values for name, values in raw.items() if not name.startswith("pair.")}
    consent.hide(peers, decided, rows)
    raw.update(peers)


def offline(points: "Points", items: Items, examples: Examples) -> dict[str, Floats]:
    """Raw columns of many examples, each as of its own time, from the history."""
    query, peers = examples.query, list(examples.peers)
    at_us = examples.at_us[query]
    users = [examples.users[i] for i in query]
    raw = {"at_us": at_us.astype(np.float64), "tied": examples.tied}
    raw |= {"reach": examples.reach, "ways": examples.ways}
    raw |= points.values(Key.PAIR, {c.USER: users, c.PEER: peers}, at_us, _PAIR)
    raw |= points.values(Key.USER, {c.USER: peers}, at_us, _PEER)
    shared = [examples.items[i] for i in query]
    codes = items.ids.codes(examples.items)
    for key, column in SIDES.items():
        attribute = np.where(codes == UNKNOWN, UNKNOWN, items.coded[column][codes])
        names = [items.names[column].name(i) if i != UNKNOWN else "" for i in attribute]
        tails = [names[i] for i in query]
        raw |= points.values(key, {c.USER: peers, column: tails}, at_us, _TASTE[key])
    raw |= points.values(Key.TOUCH, {c.USER: peers, c.ITEM: shared}, at_us, _TOUCH)
    hours = points.zone.hour(at_us)
    near_hours = (((hours + shift) % 24).astype(str).tolist() for shift in AROUND_THE_HOUR)
    raw[_HOUR] = np.sum(
        [
            points.values(Key.HOUR, {c.USER: peers, "hour": one}, at_us, {_HOUR})[_HOUR]
            for one in near_hours
        ],
        axis=0,
    )
    return raw | _compared(raw, query, len(examples.users))


def online(
    reading: Reading,
    peers: Sequence[str],
    states: Mapping[str, State],
    items: Items,
    item_id: str,
    beyond: Mapping[str, tuple[float, float]] = MappingProxyType({}),
) -> dict[str, Floats]:
    """Raw columns of one sharer's candidates, from the online states.

    Parameters
    ----------
    reading : Reading
        The sharer's state at the instant.
    peers : sequence of str, length n
        Candidates.
    states : mapping of str to State
        Those of the candidates that are known.
    items : Items
        The bundle's catalogue.
    item_id : str
        What is shared.
    beyond : mapping of str to (float, float)
        Reach and ways of those two steps away.
    """
    at_us, zone = reading.at_us, reading.zone
    walked = np.array([beyond.get(peer, (0.0, 0.0)) for peer in peers]).reshape(-1, 2)
    raw = {
        "at_us": np.asarray(float(at_us)),
        "tied": np.array([float(peer in reading.state.ties) for peer in peers]),
        "reach": walked[:, 0],
        "ways": walked[:, 1],
    }
    raw |= reading.columns(_PAIR, peers)
    nobody = State()
    wanted = _wanted(items, item_id, int(zone.hour(at_us)))
    found = across(wanted, [states.get(peer, nobody) for peer in peers], at_us, zone)
    raw |= {name: found[n] for n, (name, _) in enumerate(wanted) if name != _HOUR}
    raw[_HOUR] = np.sum([found[n] for n, (name, _) in enumerate(wanted) if name == _HOUR], axis=0)
    return raw | _compared(raw, np.zeros(len(peers), dtype=np.int64), 1)


def _wanted(items: Items, item_id: str, hour: int) -> list[tuple[str, str]]:
    """What is read of each candidate for one shared item at an hour: counters with key tails."""
    wanted = [(name, "") for name in sorted(_PEER)]
    code = items.ids.code(item_id)
    for key, column in SIDES.items():
        place = items.coded[column][code] if code != UNKNOWN else UNKNOWN
        tail = items.names[column].name(place) if place != UNKNOWN else ""
        wanted += [(name, tail) for name in sorted(_TASTE[key])]
    wanted += [(name, item_id) for name in sorted(_TOUCH)]
    return wanted + [(_HOUR, str((hour + shift) % 24)) for shift in AROUND_THE_HOUR]


AROUND_THE_HOUR = (-1, 0, 1)
"""Hours beside the one of the share in which a peer's habit counts."""


def _compared(raw: Raw, query: Int64s, queries: int) -> dict[str, Floats]:
    """Sums and places among the candidates of each query."""
    near = _near(raw)
    found = {"candidates": np.bincount(query, minlength=queries)[query].astype(np.float64)}
    met = np.bincount(query, near > 0, minlength=queries).astype(np.float64)
    found["acquaintances"] = met[query]
    found["near"] = near
    starts = np.searchsorted(query, np.arange(queries))
    for name in COMPARED:
        values = np.nan_to_num(near if name == "near" else raw[name])
        sums = np.bincount(query, values, minlength=queries).astype(np.float64)
        found[f"sum.{name}"] = sums[query]
        order = np.lexsort((-values, query))
        place = np.empty(len(query))
        place[order] = np.arange(len(query)) - starts[query[order]]
        found[f"place.{name}"] = place
    return found
