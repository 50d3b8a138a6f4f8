"""How many people a segment has: exact, as of a stated instant; hidden where that tells on few."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from features import columns as c
from features.portraits import TAGS, Kind, Use
from recsys.experiments import bucket
from recsys.segments.desk import Desk
from recsys.segments.language import Condition
from recsys.segments.words import sentence

SMALL = 50
"""Fewer people than this are not counted out."""

SAMPLE = 10
"""People shown of a segment, under names that say nothing."""


@dataclass(frozen=True)
class Size:
    """How large a segment is.

    Parameters
    ----------
    people : int or None
        Exact; None where fewer than ``SMALL`` but not none.
    base : int
        Everybody who could be in a segment.
    as_of_us : int
        The instant that it is true of.
    """

    people: int | None
    base: int
    as_of_us: int

    @property
    def share(self) -> float | None:
        """Of the base, 0 to 1."""
        return None if self.people is None or not self.base else self.people / self.base

    @property
    def told(self) -> str:
        """The number as people read it."""
        return f"<{SMALL}" if self.people is None else str(self.people)


def hidden(count: int) -> int | None:
    """A count, or None where it would tell on few.

    Examples
    --------
    >>> hidden(0), hidden(49), hidden(50)
    (0, None, 50)
    """
    return None if 0 < count < SMALL else count


def size(desk: Desk, condition: Condition) -> Size:
    """Count a segment exactly."""
    counted = desk.ask(desk.members(condition).aggregate(people=ibis._.count()))
    return Size(hidden(counted["people"][0].as_py()), desk.base, desk.as_of_us)


def spelled(condition: Condition) -> dict[str, str]:
    """A segment in words, by language."""
    return {language: sentence(condition, language) for language in ("zh", "en")}


def sample(desk: Desk, condition: Condition) -> list[dict[str, object]]:
    """Some people of a segment under meaningless names, with the tags that may be exported.

    Returns
    -------
    list of dict
        Empty where the segment is small.
    """
    members = desk.settled(condition)
    counted = desk.ask(members.aggregate(people=ibis._.count()))["people"][0].as_py()
    if not hidden(counted):
        return []
    shown = [tag for tag in TAGS.values() if Use.EXPORT in tag.usable_in and tag.kind in _SHOWN]
    people = desk.ground.people.semi_join(members, c.USER)
    rows = people.order_by(people[c.USER].hexdigest("md5")).limit(SAMPLE)
    found = desk.ask(rows.select(c.USER, *(tag.column for tag in shown)))
    return [
        {
            "name": f"{bucket('sample', row[c.USER]):04d}",
            **{tag.name: row[tag.column] for tag in shown if row[tag.column] is not None},
        }
        for row in found.to_pylist()
    ]


_SHOWN = (Kind.ENUM, Kind.INT, Kind.FLOAT, Kind.BOOL)


def overlap(desk: Desk, conditions: dict[str, Condition]) -> dict[str, dict[str, int | None]]:
    """People that segments share, pair by pair; and all of them without counting anybody twice.

    Returns
    -------
    dict of dict
        Counts by two names, and ``{"any": {"any": …}}`` for the union; None where a count, or one
        that follows from it, would tell on few.
    """
    flags = {
        name: desk.settled(one, place).mutate(segment=ibis.literal(name))
        for place, (name, one) in enumerate(conditions.items())
    }
    rows: ir.Table = ibis.union(*flags.values()) if len(flags) > 1 else next(iter(flags.values()))
    left = rows.view()
    pairs = rows.join(left, rows[c.USER] == left[c.USER])
    pairs = pairs.select(first=rows.segment, second=left.segment)
    counted = desk.ask(pairs.group_by(["first", "second"]).aggregate(people=ibis._.count()))
    found = {name: dict.fromkeys(conditions, 0) for name in conditions}
    for row in counted.to_pylist():
        found[row["first"]][row["second"]] = row["people"]
    union = desk.ask(rows.aggregate(people=rows[c.USER].nunique()))
    told = {
        name: {other: hidden(count) for other, count in row.items()} for name, row in found.items()
    }
    together = hidden(union["people"][0].as_py())
    if any(None in row.values() for row in told.values()):
        together = None  # a small part could be had by subtraction
    return {**told, "any": {"any": together}}
