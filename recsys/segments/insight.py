"""What sets a segment apart from everybody: shares, TGI, and which differences are not chance."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import ibis
import ibis.expr.types as ir
import numpy as np
from scipy.stats import false_discovery_control, norm

from features import columns as c
from features.clock import DAY_US
from features.portraits import Kind, Tag
from recsys.segments.desk import Desk
from recsys.segments.language import Condition
from recsys.segments.sizing import SMALL
from recsys.segments.vocabulary import tags

SURE = 0.05
"""Share of the differences called real that may be chance."""

MOST = 10
"""Traits told for each side, and best-sold items and brands."""

QUINTILES = (0.2, 0.4, 0.6, 0.8)

SOLD_DAYS = 90


@dataclass(frozen=True)
class Trait:
    """One value of one tag, in the segment and among everybody.

    Parameters
    ----------
    tag, value : str
        Which; quintiles of a number are named by their ends.
    share, base_share : float
        Of the segment and of everybody, 0 to 1, among those with a value.
    tgi : float
        Target group index: 100 × share / base share.
    q : float
        Benjamini-Hochberg adjusted p of a two-sided two-proportion z test of the segment against
        the rest.
    people : int
        In the segment.
    """

    tag: str
    value: str
    share: float
    base_share: float
    tgi: float
    q: float
    people: int


@dataclass(frozen=True)
class Insight:
    """A segment beside everybody.

    Parameters
    ----------
    above, below : list of Trait
        Real differences, the strongest first.
    mixes : dict of str to list of Trait
        Every value of the tags that marketers lay out in full.
    items, brands : list of (str, int)
        Best sold to the segment in ``SOLD_DAYS`` days, with buyers.
    """

    above: list[Trait]
    below: list[Trait]
    mixes: dict[str, list[Trait]]
    items: list[tuple[str, int]]
    brands: list[tuple[str, int]]


MIXES = ("life.stage", "life.rfm_cell", "life.aipl")


def insight(desk: Desk, condition: Condition) -> Insight | None:
    """Compare a segment with everybody.

    Returns
    -------
    Insight or None
        None where the segment, or what is left beside it, is too small to tell of.

    Notes
    -----
    False discovery rate after Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995).
    """
    members = desk.settled(condition)
    inside = members.mutate(inside=ibis.literal(True))
    people = desk.ground.people.left_join(inside, c.USER)
    people = people.mutate(inside=people.inside.fill_null(False))
    many = desk.ask(people.aggregate(all=people.count(), inside=people.inside.sum())).to_pylist()[0]
    if not SMALL <= (many["inside"] or 0) <= many["all"] - SMALL:
        return None
    traits = _tested(list(_cells(desk, people)))
    real = [one for one in traits if one.q < SURE]
    return Insight(
        sorted((one for one in real if one.tgi > 100), key=lambda one: -one.tgi)[:MOST],
        sorted((one for one in real if one.tgi < 100), key=lambda one: one.tgi)[:MOST],
        {name: [one for one in traits if one.tag == name] for name in MIXES if name in tags()},
        _sold(desk, members, c.ITEM),
        _sold(desk, members, c.BRAND),
    )


@dataclass(frozen=True)
class _Cell:
    tag: str
    value: str
    inside: int
    everywhere: int
    n_inside: int
    n_everywhere: int


def _tested(cells: list[_Cell]) -> list[Trait]:
    told = [
        one
        for one in cells
        if one.inside >= SMALL and one.n_everywhere > one.n_inside and one.everywhere > 0
    ]
    if not told:
        return []
    inside, everywhere, n, total = (
        np.array([getattr(one, name) for one in told], dtype=np.float64)
        for name in ("inside", "everywhere", "n_inside", "n_everywhere")
    )
    pooled = everywhere / total
    spread = np.sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / (total - n)))
    gap = inside / n - (everywhere - inside) / (total - n)
    z = np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)
    adjusted = false_discovery_control(2.0 * norm.sf(np.abs(z)))
    shares = inside / n
    return [
        Trait(
            one.tag,
            one.value,
            float(shares[i]),
            float(pooled[i]),
            float(100.0 * shares[i] / pooled[i]),
            float(adjusted[i]),
            one.inside,
        )
        for i, one in enumerate(told)
    ]


def _cells(desk: Desk, people: ir.Table) -> Iterator[_Cell]:
    words = [tag for tag in tags().values() if tag.kind in (Kind.ENUM, Kind.TEXT, Kind.BOOL)]
    numbers = [tag for tag in tags().values() if tag.kind in (Kind.INT, Kind.FLOAT)]
    for tag in tags().values():
        if tag.kind is Kind.LIST:
            yield from _list_cells(desk, people, tag)
    if words:
        yield from _word_cells(desk, people, words)
    if numbers:
        yield from _number_cells(desk, people, numbers)


def _word_cells(desk: Desk, people: ir.Table, words: list[Tag]) -> Iterator[_Cell]:
    counted = [
        people
        .filter(people[tag.column].notnull())
        .group_by(value=people[tag.column].cast("string"))
        .aggregate(everywhere=ibis._.count(), inside=ibis._.inside.sum())
        .mutate(tag=ibis.literal(tag.name))
        for tag in words
    ]
    rows = desk.ask(ibis.union(*counted) if len(counted) > 1 else counted[0]).to_pylist()
    for tag in words:
        own = [row for row in rows if row["tag"] == tag.name]
        whole = (sum(int(row["inside"]) for row in own), sum(row["everywhere"] for row in own))
        for row in sorted(own, key=lambda row: (-row["inside"], row["value"])):
            yield _Cell(tag.name, row["value"], int(row["inside"]), row["everywhere"], *whole)


def _list_cells(desk: Desk, people: ir.Table, tag: Tag) -> Iterator[_Cell]:
    """Who has a name anywhere on a ranked list, among those who have a list."""
    known = people.filter(people[tag.column].notnull())
    whole = desk.ask(known.aggregate(inside=known.inside.sum(), everywhere=known.count()))
    entries = known.select("inside", entry=known[tag.column].unnest())
    entries = entries.select("inside", value=entries.entry.key)
    rows = entries.group_by("value").aggregate(
        everywhere=ibis._.count(), inside=ibis._.inside.sum()
    )
    n_inside, n_everywhere = (int(column[0].as_py() or 0) for column in whole.itercolumns())
    for row in desk.ask(rows.order_by([ibis.desc("inside"), "value"])).to_pylist():
        counts = (int(row["inside"]), row["everywhere"], n_inside, n_everywhere)
        yield _Cell(tag.name, row["value"], *counts)


def _number_cells(desk: Desk, people: ir.Table, numbers: list[Tag]) -> Iterator[_Cell]:
    columns = {tag.name: people[tag.column].cast("float64") for tag in numbers}
    asked = {
        f"cut{i}_{j}": columns[tag.name].quantile(share)
        for i, tag in enumerate(numbers)
        for j, share in enumerate(QUINTILES)
    }
    found = desk.ask(people.aggregate(**asked)).to_pylist()[0]
    cuts = {
        tag.name: sorted({
            found[f"cut{i}_{j}"] for j in range(len(QUINTILES)) if found[f"cut{i}_{j}"] is not None
        })
        for i, tag in enumerate(numbers)
    }
    measures = {}
    for i, (name, column) in enumerate(columns.items()):
        for j, mask in enumerate(_bins(column, cuts[name])):
            measures[f"all{i}_{j}"] = mask.sum()
            measures[f"in{i}_{j}"] = (mask & people.inside).sum()
    counted = desk.ask(people.aggregate(**measures)).to_pylist()[0]
    for i, (name, ends) in enumerate(cuts.items()):
        pairs = [
            (int(counted[f"in{i}_{j}"] or 0), int(counted[f"all{i}_{j}"] or 0))
            for j in range(len(ends) + 1)
        ]
        whole = (sum(one for one, _ in pairs), sum(one for _, one in pairs))
        for value, pair in zip(_names(ends), pairs, strict=True):
            yield _Cell(name, value, *pair, *whole)


def _bins(column: ir.NumericValue, ends: list[float]) -> list[ir.BooleanValue]:
    if not ends:
        return [column.notnull()]
    inner = [(column > low) & (column <= high) for low, high in pairwise(ends)]
    return [column <= ends[0], *inner, column > ends[-1]]


def _names(ends: list[float]) -> list[str]:
    if not ends:
        return ["known"]
    inner = [f"{low:g} < x ≤ {high:g}" for low, high in pairwise(ends)]
    return [f"x ≤ {ends[0]:g}", *inner, f"x > {ends[-1]:g}"]


def _sold(desk: Desk, members: ir.Table, column: str) -> list[tuple[str, int]]:
    rows = desk.ground.events
    rows = rows.filter(
        rows[c.EVENT] == "Order Completed",
        rows[c.AT] >= desk.as_of_us - SOLD_DAYS * DAY_US,
        rows[c.ITEM].notnull(),
    )
    if column != c.ITEM:
        items = desk.ground.items
        last = ibis.row_number().over(group_by=c.ITEM, order_by=items[c.VALID_FROM].desc())
        newest = items.mutate(place=last)
        newest = newest.filter(newest.place == 0).select(c.ITEM, column)
        rows = rows.inner_join(newest, c.ITEM)
        rows = rows.filter(rows[column].notnull())
    rows = rows.semi_join(members, c.USER)
    buyers = rows.group_by(column).aggregate(buyers=rows[c.USER].nunique())
    best = buyers.filter(buyers.buyers >= SMALL).order_by([ibis.desc("buyers"), column])
    return [(row[column], row["buyers"]) for row in desk.ask(best.limit(MOST)).to_pylist()]
