"""What ``huoren audience --fit`` does: learns who takes an item, from items that people took.

As of ``DAYS`` days before the newest features, everybody is described together with each of some
items (``recsys.segments.suiting``); what is learned is whether they took it in the days after.
People who did not are sampled, and count for those left out. A third of the items is kept out: on
them the chances are calibrated (even ones) and judged (odd ones).
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features import columns as c
from features import events as e
from features.clock import DAY_US, format_instant
from features.errors import GateRefused
from features.home import Home
from features.progress import tell
from features.store import open_ledger
from recsys.boosting import Trees, TreesConfig
from recsys.segments import suiting
from recsys.segments.audience import Asked, Suits, audience
from recsys.segments.desk import Desk, open_desk
from training.calibration import Platt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DAYS = 14
ITEMS = 150
"""Items learned from and judged on."""

FEWEST = 200
"""People who took one of them, at least."""

EACH = 20
"""Times as many people who did not take an item are kept as did, at least ``SOME``."""

SOME = 500
AT_ONCE = 2_000_000
"""Rows that are in memory together."""

SHARES = (0.01, 0.05, 0.1, 0.2)

TREES = TreesConfig(
    "binary", rounds=120, num_leaves=15, min_data_in_leaf=50, learning_rate=0.07,
    feature_fraction=0.8, bagging_fraction=0.8, lambda_l2=5.0, threads=2,
)  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """People with items, whether they took them, and for how many others each row stands.

    Parameters
    ----------
    item : ndarray, int64, shape (n,)
        Which item.
    rows : ndarray, float64, shape (n, columns)
    took : ndarray, bool, shape (n,)
    weight : ndarray, float64, shape (n,)
    """

    item: npt.NDArray[np.int64]
    rows: Floats
    took: Bools
    weight: Floats

    def of(self, chosen: Bools) -> "Pairs":
        """Some of them."""
        return Pairs(self.item[chosen], self.rows[chosen], self.took[chosen], self.weight[chosen])


def fit(desk: Desk, seed: int = 0, step: Callable[[float, str], Any] = lambda *_: None) -> Suits:
    """Learn, calibrate, judge.

    Parameters
    ----------
    desk : Desk
        The newest features.
    seed : int
        Of the items and people that are sampled.
    step : callable
        Told how much is done, and what comes.

    Raises
    ------
    GateRefused
        When too few people took anything.
    """
    then = desk.as_of_us - DAYS * DAY_US
    step(0.0, "who took what")
    event, takers = _takers(desk, then)
    rng = np.random.default_rng(seed)
    suiting.prepare(desk, then, kept=True)
    pairs, whole = _pairs(desk, takers, then, rng, step)
    suiting.release(desk)
    learn = pairs.item % 3 > 0
    step(0.8, "learning")
    trees = _grown(pairs.of(learn), seed)
    held = pairs.of(~learn)
    score = trees.score(held.rows)
    even = (held.item // 3) % 2 == 0
    chances = Platt.fit(_odds(score[even]), held.took[even], held.weight[even])
    found = Suits(trees, chances.slope, chances.shift, {})
    judged = held.of(~even)
    card = _card(judged, found.probability(judged.rows), desk, event, len(whole))
    step(1.0, "done")
    return Suits(trees, chances.slope, chances.shift, card)


def _takers(desk: Desk, then: int) -> tuple[str, dict[str, set[str]]]:
    """Event that is hoped for, and who did it with which items in the days after."""
    everybody = desk.ground.people.get_name()
    for event in (e.ORDERED, e.VIEWED):
        rows = desk.sql(
            f"""
            SELECT {c.ITEM}, list(DISTINCT {c.USER}) AS people FROM events
            WHERE event = $event AND {c.AT} >= $low AND {c.AT} < $high
              AND {c.USER} IN (SELECT {c.USER} FROM {everybody}) AND {c.ITEM} IS NOT NULL
            GROUP BY {c.ITEM} HAVING count(DISTINCT {c.USER}) >= 5
            ORDER BY hash({c.ITEM}) LIMIT {ITEMS}
            """,
            event=event, low=then, high=desk.as_of_us,
        )  # fmt: skip
        found = {row[c.ITEM]: set(row["people"]) for row in rows.to_pylist()}
        if sum(len(people) for people in found.values()) >= FEWEST and len(found) >= 12:
            return event, found
    raise GateRefused(
        "too few people took anything to learn from",
        expected=f"12 items with 5 people or more, {FEWEST} together, in the last {DAYS} days",
        got=f"{len(found)} items",
        next_step="wait for more events, or use `huoren segment` on tags",
    )


def _pairs(
    desk: Desk,
    takers: dict[str, set[str]],
    then: int,
    rng: np.random.Generator,
    step: Callable[[float, str], Any],
) -> tuple[Pairs, list[int]]:
    """Rows of a few items at a time, as many as fit into memory."""
    parts: list[Pairs] = []
    sizes: list[int] = []
    items = sorted(takers)
    many = max(1, AT_ONCE // max(desk.base, 1))
    for start in range(0, len(items), many):
        own = items[start : start + many]
        table = suiting.rows(desk, own, then)
        for number, item in enumerate(own, start):
            rows = table.filter(pc.equal(table[c.ITEM], item))
            if rows.num_rows:
                parts.append(_sampled(number, rows, takers[item], rng))
                sizes.append(rows.num_rows)
        step(0.1 + 0.7 * (start + len(own)) / len(items), f"{start + len(own)} items")
    return Pairs(
        np.concatenate([part.item for part in parts]), np.vstack([part.rows for part in parts]),
        np.concatenate([part.took for part in parts]),
        np.concatenate([part.weight for part in parts]),
    ), sizes  # fmt: skip


def _sampled(number: int, table: pa.Table, people: set[str], rng: np.random.Generator) -> Pairs:
    """Who took an item, and some who did not, each standing for others like them."""
    took = np.isin(np.array(table[c.USER].to_pylist(), dtype=object), list(people))
    others = np.flatnonzero(~took)
    many = min(len(others), max(SOME, EACH * int(took.sum())))
    kept = rng.choice(others, many, replace=False)
    chosen = np.sort(np.concatenate([np.flatnonzero(took), kept]))
    weight = np.where(took[chosen], 1.0, len(others) / max(many, 1))
    rows = suiting.matrix(table.take(pa.array(chosen)))
    return Pairs(np.full(len(chosen), number), rows, took[chosen], weight)


def _grown(pairs: Pairs, seed: int) -> Trees:
    """Trees on rows in which every item counts as much as its people."""
    return Trees.fit(
        pairs.rows, pairs.took, suiting.COLUMNS, TREES, seed, weights=pairs.weight
    )  # fmt: skip


def _card(pairs: Pairs, chance: Floats, desk: Desk, event: str, items: int) -> dict[str, Any]:
    expected = float((chance * pairs.weight).sum())
    came = float((pairs.took * pairs.weight).sum())
    return {
        "event": event, "days": DAYS, "as_of": format_instant(desk.as_of_us), "items": items,
        "judged_on": len(np.unique(pairs.item)), "foretold": expected, "came": came,
        "curve": [_at(pairs, chance, share) for share in SHARES],
    }  # fmt: skip


def _at(pairs: Pairs, chance: Floats, share: float) -> dict[str, float]:
    """Of each item's highest share: how many of its takers are among them, on average."""
    found, lifts, popular = [], [], []
    for item in np.unique(pairs.item):
        own = pairs.of(pairs.item == item)
        if not own.took.any():
            continue
        score = chance[pairs.item == item]
        found.append(_caught(score, own, share))
        lifts.append(found[-1] / share)
        popular.append(_caught(own.rows[:, suiting.COLUMNS.index("acts")], own, share))
    if not found:
        return {"share": share, "recall": 0.0, "lift": 0.0, "recall_of_most_active": 0.0}
    return {
        "share": share, "recall": float(np.mean(found)), "lift": float(np.mean(lifts)),
        "recall_of_most_active": float(np.mean(popular)),
    }  # fmt: skip


def _caught(score: Floats, own: Pairs, share: float) -> float:
    order = np.argsort(-score, kind="stable")
    place = np.cumsum(own.weight[order]) / own.weight.sum()
    inside = order[place <= share]
    return float(own.took[inside].sum() / own.took.sum())


def _odds(p: Floats) -> Floats:
    inside = np.clip(p, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(inside / (1 - inside)))


def run(
    home: Home, item_id: str, k: int, channel: str, store: str, *, fitting: bool
) -> dict[str, Any]:
    """Fit where asked, and rank everybody for an item where one is named.

    Raises
    ------
    UnknownName
        When there is no such item or channel.
    MissingStep
        When nothing was fitted.
    """
    with open_desk(home) as desk, closing(open_ledger(home, place=store)) as ledger:
        if fitting:
            made = fit(desk, step=tell)
            made.save(home)
            if not item_id:
                return made.card
        return audience(desk, ledger, Asked(item_id, k, channel))


def show(told: dict[str, Any], echo: Callable[[str], Any]) -> None:
    """Print a list, or what a fit was worth."""
    if "people" in told:
        echo(
            f"{told['item_id']}: {len(told['people'])} of {told['considered']:,} people, of whom "
            f"{told['expected']:.1f} are expected to take it; {told['capped']} are at a cap"
        )
        for one in told["people"]:
            reasons = "; ".join(en for _, en in one["reasons"])
            echo(f"  {one['user_id']}\t{one['probability']:.2%}\t{reasons}")
    else:
        echo(
            f"{told['event']} within {told['days']} days, learned from {told['items']} items, "
            f"judged on {told['judged_on']}: {told['foretold']:,.0f} foretold, "
            f"{told['came']:,.0f} came"
        )
    for one in told["curve"]:
        echo(
            f"  the highest {one['share']:.0%}: {one['recall']:.0%} of the takers "
            f"(×{one['lift']:.1f}); the most active: {one['recall_of_most_active']:.0%}"
        )
