"""On the simulated world: rank correlation of tags with what was planted."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.stats import spearmanr

from features.portraits import TAGS, Kind
from training.bench.portraits import homes
from training.bench.report import Row
from training.world.presets import PRESETS, World
from training.world.run import simulate
from training.world.truth import Truth
from training.world.words import LEAVES

Floats = npt.NDArray[np.float64]

PLANTED: Mapping[str, tuple[str, ...]] = {
    "price_band": ("price.band", "price.band_by_cat", "life.aov_180"),
    "deal_lean": ("promo.sensitivity", "promo.saved_share", "soc.gb_joiner"),
    "share_lean": ("soc.share_prop", "soc.k_factor", "soc.role_vec:sharer"),
    "activity": (
        "life.active_days_30", "life.churn_30", "life.f_365", "life.repurchase_30",
        "life.clv_365", "time.fragment",
    ),
    "heeded": ("soc.share_open", "soc.share_cvr", "soc.k_factor", "soc.share_gmv_90"),
    "heeds": ("soc.open_rate", "soc.suscept", "scene.after_social"),
    "friends": ("soc.strong_ties", "soc.gb_friends"),
}  # fmt: skip
"""Tags by the planted quantity that they should follow; ``:label`` names a vector's number.

``heeded`` is the mean strength by which friends heed a person, ``heeds`` that by which the person
heeds friends, ``friends`` how many there are; the others are columns of the truth's users. Nobody
leaves this world for good, so that ``life.p_alive`` has nothing to follow.
"""

AGAINST = {"life.churn_30"}
"""Tags that should fall as the planted quantity rises."""


def rows(folder: Path, world: World, seed: int) -> Iterator[Row]:
    """Measure.

    Yields
    ------
    mapping
        ``method`` "truth", ``tag``, ``planted``, ``rank_correlation`` with its 95 % interval
        ``low`` and ``high``, ``people`` with a value; for lists of categories the mean over people
        of the correlation of the scores with the planted liking.
    """
    simulate(world, folder / "world", seed)
    tables = homes.world(folder / "world")
    home = homes.settle(folder / "home", tables)
    people = homes.publish(home, homes.end_of(tables["events"]), homes.BEIJING).portraits
    truth = Truth(folder / "world")
    planted = _planted(truth)
    for quantity, tags in PLANTED.items():
        for name in tags:
            yield _row(name, quantity, *_paired(people, name, planted[quantity]))
    yield _tastes(people, truth)


def world_of(users: int) -> World:
    """The preset ``demo``, with more or fewer people."""
    demo = PRESETS["demo"]
    return World(users=users, items=demo.items, days=demo.days)


def number(tag: str, value: Any) -> float:
    """One value as a number: the place of a word, the mean grade, a vector's number."""
    name, _, label = tag.partition(":")
    declared = TAGS[name]
    if value is None:
        return float("nan")
    match declared.kind:
        case Kind.ENUM:
            return float(list(declared.words).index(value))
        case Kind.GRADES:
            return float(np.mean([one["score"] for one in value]))
        case Kind.VECTOR:
            return float(value[declared.labels.index(label)])
    return float(value)


def column(people: pa.Table, tag: str) -> Floats:
    """A tag as numbers; NaN where absent; shape (people,)."""
    values = people[TAGS[tag.partition(":")[0]].column].to_pylist()
    return np.array([number(tag, value) for value in values])


def _planted(truth: Truth) -> dict[str, dict[str, float]]:
    users = truth.table("users")
    ids = users["user_id"].to_pylist()
    found = {
        name: dict(zip(ids, users[name].to_pylist(), strict=True))
        for name in ("price_band", "deal_lean", "share_lean", "activity")
    }
    ties = truth.table("ties")
    for name, side in (("heeded", "peer_id"), ("heeds", "user_id")):
        found[name] = _mean_by(ties[side].to_pylist(), ties["strength"].to_pylist())
    counts = ties["user_id"].value_counts().to_pylist()
    found["friends"] = {one["values"]: float(one["counts"]) for one in counts}
    return found


def _mean_by(keys: list[str], values: list[float]) -> dict[str, float]:
    sums: dict[str, list[float]] = {}
    for key, value in zip(keys, values, strict=True):
        sums.setdefault(key, []).append(value)
    return {key: float(np.mean(them)) for key, them in sums.items()}


def _paired(people: pa.Table, tag: str, planted: Mapping[str, float]) -> tuple[Floats, Floats]:
    values = column(people, tag)
    truth = np.array([planted.get(one, np.nan) for one in people["user_id"].to_pylist()])
    known = np.isfinite(values) & np.isfinite(truth)
    return values[known], truth[known]


def _row(tag: str, planted: str, values: Floats, truth: Floats) -> Row:
    flat = len(values) < 10 or np.ptp(values) == 0
    rho = 0.0 if flat else float(spearmanr(values, truth).statistic)
    half = 1.96 / np.sqrt(max(len(values) - 3, 1))
    return {
        "method": "truth", "tag": tag, "planted": planted, "rank_correlation": round(rho, 3),
        "low": round(float(np.tanh(np.arctanh(rho) - half)), 3),
        "high": round(float(np.tanh(np.arctanh(rho) + half)), 3),
        "expected": "falls" if tag in AGAINST else "rises", "people": len(values),
    }  # fmt: skip


def _tastes(people: pa.Table, truth: Truth) -> Row:
    """Favourite categories against the planted liking, person by person."""
    place = {leaf.name: i for i, leaf in enumerate(LEAVES)}
    users = truth.table("users")
    liking = dict(zip(users["user_id"].to_pylist(), users["category_log"].to_pylist(), strict=True))
    found = []
    rows = zip(people["user_id"].to_pylist(), people["aff__cat_top"].to_pylist(), strict=True)
    for person, listed in rows:
        if listed is None or len(listed) < 3:
            continue
        scores = [one["score"] for one in listed]
        liked = [liking[person][place[one["key"]]] for one in listed]
        if np.ptp(scores) > 0:
            found.append(float(spearmanr(scores, liked).statistic))
    mean, spread = float(np.mean(found)), 1.96 * float(np.std(found)) / np.sqrt(len(found))
    return {
        "method": "truth", "tag": "aff.cat_top", "planted": "category_log",
        "rank_correlation": round(mean, 3), "low": round(mean - spread, 3),
        "high": round(mean + spread, 3), "expected": "rises", "people": len(found),
    }  # fmt: skip
