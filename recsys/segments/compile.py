"""Conditions to one Ibis expression: who is in a segment, on DuckDB or Spark alike."""

from collections.abc import Callable
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from features import columns as c
from features.portraits import TAGS, Kind
from recsys.segments.acts import compare, counted, sequenced
from recsys.segments.ground import Ground
from recsys.segments.language import (
    SHARES,
    All,
    AnyOf,
    Bucket,
    Condition,
    Did,
    Flow,
    InList,
    InSegment,
    Not,
    Op,
    Scored,
    Sequence,
    Social,
    TagIs,
    Value,
)

SORTED = 2_000
"""Fewer people than this are sorted whole to find the highest percent."""

MARGIN = 2.0 / SORTED
"""Of more people, part that is sorted beyond the percent asked for: at least two."""

Resolve = Callable[[str], Condition]
"""Name of a saved segment → what it says."""


def members(condition: Condition, ground: Ground, resolve: Resolve) -> ir.Table:
    """Who is in a segment.

    Parameters
    ----------
    condition : Condition
        The segment.
    ground : Ground
        Everybody, as of one instant.
    resolve : callable
        Looks other segments up; none may contain itself.

    Returns
    -------
    ibis Table
        ``user_id``, each once.
    """
    frame, truth = judged([condition], ground, resolve)
    return frame.filter(truth[0]).select(c.USER)


def judged(
    conditions: list[Condition], ground: Ground, resolve: Resolve
) -> tuple[ir.Table, list[ir.BooleanValue]]:
    """Several conditions over one frame of everybody.

    Returns
    -------
    ibis Table
        ``user_id`` of everybody, the tags compared, and what else the conditions need.
    list of ibis BooleanValue
        Truth of each condition over that table; never null.
    """
    plan = _Plan(ground, resolve)
    for condition in conditions:
        plan.gather(condition)
    frame = plan.frame()
    return frame, [plan.truth(condition, frame) for condition in conditions]


@dataclass
class _Plan:
    """The columns that conditions need beside the portraits, each made once."""

    ground: Ground
    resolve: Resolve
    leaves: dict[Condition, str] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)

    def gather(self, condition: Condition) -> None:
        match condition:
            case All(parts) | AnyOf(parts):
                for part in parts:
                    self.gather(part)
            case Not(part):
                self.gather(part)
            case InSegment(name):
                self.gather(self.resolve(name))
            case TagIs(tag, op) if op not in SHARES:
                self.tags.add(TAGS[tag].column)
            case _:
                if isinstance(condition, Flow):
                    self.tags.add(TAGS[condition.tag].column)
                self.leaves.setdefault(condition, f"leaf{len(self.leaves)}")

    def frame(self) -> ir.Table:
        frame = self.ground.people.select(c.USER, *sorted(self.tags))
        did = [one for one in self.leaves if isinstance(one, Did)]
        for table, asked in counted(did, self.ground):
            columns = {f"did{n}": self.leaves[one] for n, one in enumerate(asked)}
            frame = _beside(frame, table.rename({to: name for name, to in columns.items()}))
        for leaf, name in self.leaves.items():
            if not isinstance(leaf, Did):
                frame = _beside(frame, self._table(leaf, name))
        return frame

    def _table(self, leaf: Condition, name: str) -> ir.Table:
        """A table of ``user_id`` and one column, for one leaf."""
        match leaf:
            case Sequence():
                return _flag(sequenced(leaf, self.ground), name)
            case Social():
                return self._around(leaf, name)
            case InList(listed):
                return _flag(self.ground.listed(listed), name)
            case Bucket(salt):
                return self.ground.buckets(salt).rename({name: "bucket"})
            case Scored(model, op, value):
                scores = self.ground.scores(model)
                if op in SHARES:
                    return _flag(_share(scores, scores.score, op, value), name)
                return scores.select(c.USER, score=scores.score).rename({name: "score"})
            case Flow(tag, _, _, days):
                before = self.ground.earlier(days)
                return before.select(c.USER, **{name: before[TAGS[tag].column]})
            case TagIs(op=op, value=value):
                people = self.ground.people
                return _flag(_share(people, _tag(people, leaf), op, value), name)
        raise TypeError(f"{type(leaf).__name__} is no leaf")

    def _around(self, leaf: Social, name: str) -> ir.Table:
        ties, those = self.ground.ties, members(leaf.where, self.ground, self.resolve)
        if leaf.ties == "strong":
            ties = ties.filter(ties.strong)
        elif leaf.ties != "any":
            ties = ties.filter(("," + ties.tie_type + ",").contains(f",{leaf.ties},"))
        found = ties.semi_join(those, ties[c.PEER] == those[c.USER])
        return found.group_by(c.USER).aggregate(**{name: found.count()})

    def truth(self, condition: Condition, frame: ir.Table) -> ir.BooleanValue:
        match condition:
            case All(parts):
                told = ibis.literal(True)
                for part in parts:
                    told &= self.truth(part, frame)
                return told
            case AnyOf(parts):
                told = ibis.literal(False)
                for part in parts:
                    told |= self.truth(part, frame)
                return told
            case Not(part):
                return ~self.truth(part, frame)
            case InSegment(name):
                return self.truth(self.resolve(name), frame)
            case TagIs(op=op) if op not in SHARES:
                return _tagged(frame, condition)
        column = frame[self.leaves[condition]]
        match condition:
            case Did(op=op, value=value) | Social(op=op, value=value):
                return compare(column.cast("float64").fill_null(0.0), op, value)
            case Bucket(low=low, high=high):
                return ((column >= low) & (column < high)).fill_null(False)
            case Scored(op=op, value=value) if op not in SHARES:
                return compare(column, op, value)
            case Flow(tag, was, now):
                return column.isin(was).fill_null(False) & frame[TAGS[tag].column].isin(
                    now
                ).fill_null(False)
        return column.fill_null(False)


def _beside(frame: ir.Table, table: ir.Table) -> ir.Table:
    joined = frame.left_join(table, c.USER)
    return joined.drop(f"{c.USER}_right") if f"{c.USER}_right" in joined.columns else joined


def _flag(those: ir.Table, name: str) -> ir.Table:
    return those.select(c.USER).distinct().mutate(**{name: ibis.literal(True)})


def _share(table: ir.Table, value: ir.NumericValue, op: Op, percent: Value) -> ir.Table:
    """The highest or lowest so many percent, rounded up; of equal values the smaller id first."""
    if isinstance(percent, str | tuple):
        raise TypeError(f"{op} {percent!r} is no percentage")
    number = value.cast("float64")
    known = table.select(c.USER, value=number if op is Op.TOP_PERCENT else -number)
    known = known.filter(known.value.notnull())
    below = max(1.0 - percent / 100.0 - MARGIN, 0.0)
    whole = known.aggregate(many=known.count(), cut=known.value.quantile(below))
    near = known.cross_join(whole)
    near = near.filter((near.many < SORTED) | (near.value >= near.cut))  # the rest is not sorted
    placed = near.mutate(
        place=ibis.row_number().over(order_by=[near.value.desc(), near[c.USER].asc()])
    )
    return placed.filter(placed.place < (placed.many * percent / 100.0).ceil())


def _tag(frame: ir.Table, leaf: TagIs) -> ir.Value:
    tag = TAGS[leaf.tag]
    column = frame[tag.column]
    return column[tag.labels.index(leaf.label)] if tag.kind is Kind.VECTOR else column


def _tagged(frame: ir.Table, leaf: TagIs) -> ir.BooleanValue:
    column = _tag(frame, leaf)
    if leaf.op is Op.KNOWN:
        return column.notnull()
    if leaf.op is Op.UNKNOWN:
        return column.isnull()
    tag = TAGS[leaf.tag]
    if tag.kind not in {Kind.LIST, Kind.GRADES}:
        return compare(column, leaf.op, leaf.value)
    if leaf.label:  # a grade is its word's place from 1
        grade = float(list(tag.words).index(leaf.label) + 1)
        column = column.filter(lambda entry: entry.score == grade)
    keys = (column[: leaf.top] if leaf.top else column).map(lambda entry: entry.key)
    wanted = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    told = [keys.contains(one).fill_null(False) for one in wanted]
    found = told[0]
    for one in told[1:]:
        found = (found | one) if leaf.op is Op.HAS_ANY else (found & one)
    return found
