"""What buyers do in categories: how soon again, what next, how often at a discount.

Three queries over the orders of a history, and the references measured from them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from features import columns as c
from features import events as e
from features.clock import DAY_US
from features.lookups import Lookup

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

Rows = Mapping[str, npt.NDArray[np.generic]]

SPAN_DAYS = 730
"""Orders this recent are looked at."""

FEW_GAPS = 20.0
"""A category's gap counts as much as everyone's once it was seen this often."""

REBOUGHT = 0.2
"""Share of a category's buyers who come back that makes it one that is used up."""

FEW_STEPS = 20.0
"""What follows a category counts as much as what is bought anyway after this many steps."""

NEXT = 5
"""Categories kept as likely next ones."""

FEW_ORDERS = 20.0
"""A category's rate of discounts counts as much as everyone's after this many orders."""


@dataclass(frozen=True)
class Habits:
    """Sums over orders, one row for each category or pair of categories.

    Parameters
    ----------
    gaps : mapping of str to ndarray, shape (k,)
        ``category``; ``days``: from each buyer's first to last order day, summed; ``gaps``: order
        days after the first; ``buyers``; ``again``: those of them with more than one order day.
    steps : mapping of str to ndarray, shape (m,)
        ``before``, ``category`` and ``times``: how often one order line came after another.
    deals : mapping of str to ndarray, shape (k,)
        ``category`` of an order's first line, ``orders``, ``dealt``.
    """

    gaps: Rows = field(default_factory=dict)
    steps: Rows = field(default_factory=dict)
    deals: Rows = field(default_factory=dict)

    @classmethod
    def read(cls, read: "Callable[[ir.Table], pa.Table]", facts: "ir.Table", at_us: int) -> Self:
        """Evaluate the three queries with an engine's ``read``."""
        return cls(*(_columns(read(query(facts, at_us))) for query in (gaps, steps, deals)))


def _columns(rows: "pa.Table") -> Rows:
    return {name: np.asarray(rows[name].to_numpy()) for name in rows.column_names}


def gaps(facts: "ir.Table", at_us: int) -> "ir.Table":
    """How soon buyers of a category come back; see ``Habits``."""
    rows = _ordered(facts, at_us)
    mine = rows.group_by([c.CATEGORY, c.USER]).aggregate(
        times=rows.day.nunique(), first=rows.day.min(), last=rows.day.max()
    )
    return (
        mine
        .group_by(c.CATEGORY)
        .aggregate(
            days=(mine["last"] - mine["first"]).sum().cast("float64"),
            gaps=(mine.times - 1).sum().cast("float64"),
            buyers=mine.count().cast("float64"),
            again=(mine.times > 1).cast("int64").sum().cast("float64"),
        )
        .order_by(c.CATEGORY)
    )


def steps(facts: "ir.Table", at_us: int) -> "ir.Table":
    """What is bought after what, order by order; see ``Habits``."""
    import ibis

    rows = _ordered(facts, at_us).select(c.USER, c.AT, c.LINE, c.CATEGORY)
    turn = ibis.window(group_by=c.USER, order_by=[c.AT, c.LINE, c.CATEGORY])
    rows = rows.mutate(
        before=rows[c.CATEGORY].lag().over(turn), before_us=rows[c.AT].lag().over(turn)
    )
    rows = rows.filter(rows.before.notnull(), rows.before_us < rows[c.AT])
    by = ["before", c.CATEGORY]
    return rows.group_by(by).aggregate(times=rows.count().cast("float64")).order_by(by)


def deals(facts: "ir.Table", at_us: int) -> "ir.Table":
    """How many orders had a tenth or more taken off; see ``Habits``."""
    from features import derived

    rows = derived.add(_ordered(facts, at_us), ("dealt",), 0, 0)
    rows = rows.filter(rows[c.LINE] == 0)
    return (
        rows
        .group_by(c.CATEGORY)
        .aggregate(orders=rows.count().cast("float64"), dealt=rows.dealt.sum().fill_null(0.0))
        .order_by(c.CATEGORY)
    )


def _ordered(facts: "ir.Table", at_us: int) -> "ir.Table":
    return facts.filter(
        facts[c.EVENT] == e.ORDERED,
        facts[c.AT] >= at_us - SPAN_DAYS * DAY_US,
        facts[c.AT] < at_us,
        facts[c.CATEGORY].notnull(),
    )


def measure(habits: Habits) -> tuple[dict[str, tuple[float, ...]], dict[str, Lookup]]:
    """References of habits.

    Returns
    -------
    numbers : dict of str to tuple of float
        ``deal_rate``: share of orders at a discount, NaN where nothing was ordered.
    lookups : dict of str to Lookup
        ``gap.category`` in days, of what is used up alone; ``deal.category``; ``next.category``:
        rows of ``NEXT`` places in ``bought.category`` and as many chances.
    """
    rate, by_category = _deals(habits.deals)
    lookups = {"gap.category": _gaps(habits.gaps), "deal.category": by_category}
    return {"deal_rate": (rate,)}, lookups | _next(habits.steps)


def _gaps(rows: Rows) -> Lookup:
    if not rows:
        return Lookup.of((), ())
    days, times = (rows[name].astype(np.float64) for name in ("days", "gaps"))
    back = rows["again"].astype(np.float64) >= REBOUGHT * rows["buyers"].astype(np.float64)
    usual = float(days.sum() / max(times.sum(), 1.0))
    gap = (days + FEW_GAPS * usual) / (times + FEW_GAPS)
    kept = back & (times > 0)
    return Lookup.of(rows[c.CATEGORY][kept].tolist(), gap[kept])


def _deals(rows: Rows) -> tuple[float, Lookup]:
    if not rows or not len(rows[c.CATEGORY]):
        return float("nan"), Lookup.of((), ())
    orders, dealt = (rows[name].astype(np.float64) for name in ("orders", "dealt"))
    rate = float(dealt.sum() / orders.sum())
    return rate, Lookup.of(
        rows[c.CATEGORY].tolist(), (dealt + FEW_ORDERS * rate) / (orders + FEW_ORDERS)
    )


def _next(rows: Rows) -> dict[str, Lookup]:
    if not rows or not len(rows["before"]):
        return {}
    names = sorted({*rows["before"].tolist(), *rows[c.CATEGORY].tolist()})
    place = {name: i for i, name in enumerate(names)}
    after = np.array([place[name] for name in rows[c.CATEGORY].tolist()])
    before = np.array([place[name] for name in rows["before"].tolist()])
    times = rows["times"].astype(np.float64)
    anyway = np.bincount(after, times, len(names)) / times.sum()
    shares = Lookup.of(names, anyway)
    codes = shares.ids.codes(names)
    popular = np.argsort(-anyway, kind="stable")[:NEXT]
    starts = np.unique(before)
    found = np.empty((len(starts), 2 * NEXT))
    order = np.argsort(before, kind="stable")
    bounds = np.searchsorted(before[order], np.append(starts, len(names)))
    for row, (low, high) in enumerate(pairwise(bounds)):
        mine = order[low:high]
        seen = np.unique(np.concatenate([after[mine], popular]))
        told = np.bincount(np.searchsorted(seen, after[mine]), times[mine], len(seen))
        chance = (told + FEW_STEPS * anyway[seen]) / (times[mine].sum() + FEW_STEPS)
        best = np.lexsort((seen, -chance.round(12)))[:NEXT]
        found[row] = -1.0
        found[row, : len(best)] = codes[seen[best]]
        found[row, NEXT : NEXT + len(best)] = chance[best]
    return {
        "bought.category": shares,
        "next.category": Lookup.of([names[i] for i in starts], found),
    }
