"""The segment language read slowly, one person at a time, in plain Python."""

import math
from dataclasses import dataclass
from typing import Any

from features.clock import DAY_US, HOUR_US, BusinessZone
from features.portraits import TAGS, Kind
from recsys.experiments import bucket
from recsys.segments import language as s
from recsys.segments.language import Op

Row = dict[str, Any]


@dataclass(frozen=True)
class World:
    """Everything known, as plain rows; events carry the attributes of their items."""

    people: dict[str, Row]  # person → tags by name
    earlier: dict[str, Row]
    events: list[Row]
    ties: list[Row]
    lists: dict[str, set[str]]
    scores: dict[str, float]
    segments: dict[str, s.Condition]
    at_us: int
    zone: BusinessZone


def holds(world: World, who: str, condition: s.Condition) -> bool:
    match condition:
        case s.All(parts):
            return all(holds(world, who, part) for part in parts)
        case s.AnyOf(parts):
            return any(holds(world, who, part) for part in parts)
        case s.Not(part):
            return not holds(world, who, part)
        case s.InSegment(name):
            return holds(world, who, world.segments[name])
        case s.InList(name):
            return who in world.lists[name]
        case s.Bucket(salt, low, high):
            return low <= bucket(salt, who) < high
        case s.Flow(tag, was, now, _):
            before = world.earlier.get(who, {}).get(tag)
            return before in was and world.people[who].get(tag) in now
        case s.Scored(_, op, value):
            return judged(world.scores, who, op, value)
        case s.TagIs():
            return tagged(world, who, condition)
        case s.Did():
            return compare(did(world, who, condition), condition.op, condition.value)
        case s.Sequence():
            return sequence(world, who, condition)
        case s.Social():
            those = {
                tie["peer_id"]
                for tie in world.ties
                if tie["user_id"] == who and tie["peer_id"] in world.people
                and (condition.ties == "any"
                     or (condition.ties == "strong" and tie["strong"])
                     or condition.ties in (tie["tie_type"] or "").split(","))
                and holds(world, tie["peer_id"], condition.where)
            }  # fmt: skip
            return compare(len(those), condition.op, condition.value)
    raise AssertionError(condition)


def compare(got: Any, op: Op, value: Any) -> bool:
    if got is None:
        return False
    match op:
        case Op.EQ:
            return got == value
        case Op.NE:
            return got != value
        case Op.GT:
            return got > value
        case Op.GE:
            return got >= value
        case Op.LT:
            return got < value
        case Op.LE:
            return got <= value
        case Op.BETWEEN:
            return value[0] <= got <= value[1]
        case Op.IN:
            return got in value
        case Op.NOT_IN:
            return got not in value
    raise AssertionError(op)


def judged(values: dict[str, Any], who: str, op: Op, value: Any) -> bool:
    if op not in s.SHARES:
        return compare(values.get(who), op, value)
    known = [name for name, one in values.items() if one is not None]
    sign = -1 if op is Op.TOP_PERCENT else 1
    best = sorted(known, key=lambda name: (sign * values[name], name))
    return who in best[: math.ceil(len(best) * value / 100)]


def tagged(world: World, who: str, asked: s.TagIs) -> bool:
    kind = TAGS[asked.tag].kind

    def of(person: str) -> Any:
        value = world.people[person].get(asked.tag)
        if kind is Kind.VECTOR and value is not None:
            return value[TAGS[asked.tag].labels.index(asked.label)]
        return value

    value = of(who)
    if asked.op is Op.KNOWN:
        return value is not None
    if asked.op is Op.UNKNOWN:
        return value is None
    if kind is Kind.LIST:
        keys = {one["key"] for one in (value or [])[: asked.top or None]}
        any_or_all = any if asked.op is Op.HAS_ANY else all
        return any_or_all(one in keys for one in asked.value)
    return judged({name: of(name) for name in world.people}, who, asked.op, asked.value)


def did(world: World, who: str, asked: s.Did) -> float:
    rows = [
        row
        for row in world.events
        if row["user_id"] == who and within(world, row["at_us"], asked.window)
        and is_act(row, asked.act)
    ]  # fmt: skip
    if asked.aggregate is s.Aggregate.DISTINCT:
        return len({value(world, row, asked.of) for row in rows} - {None})
    if asked.aggregate is s.Aggregate.SUM:
        if asked.of in ("total_fen", "discount_fen"):
            rows = [row for row in rows if row["line"] == 0]
        return float(sum(value(world, row, asked.of) or 0 for row in rows))
    of_lines = {"item_id", "category", "brand", "shop", "price_fen", "quantity", "amount_fen"}
    if any(one.column in of_lines for one in asked.act.properties):
        return len({row["message_id"] for row in rows})
    return sum(row["line"] == 0 for row in rows)


def value(world: World, row: Row, column: str) -> Any:
    if column == "day":
        return int(world.zone.day(row["at_us"]))
    if column == "amount_fen":
        price, many = row["price_fen"], row["quantity"]
        return None if price is None else price * (1 if many is None else many)
    return row[column]


def within(world: World, at_us: int, window: s.Window) -> bool:
    if at_us >= world.at_us:
        return False
    day, today = int(world.zone.day(at_us)), int(world.zone.day(world.at_us))
    if window.days is not None:
        return day >= today - window.days
    if window.hours is not None:
        return at_us >= world.at_us - window.hours * HOUR_US
    if window.first is not None and window.last is not None:
        return window.first <= day <= window.last
    return True


def is_act(row: Row, act: s.Act) -> bool:
    world = None
    return row["event"] in act.events and all(
        compare(value(world, row, one.column), one.op, one.value) for one in act.properties
    )


def sequence(world: World, who: str, asked: s.Sequence) -> bool:
    rows = [row for row in world.events if row["user_id"] == who and row["at_us"] < world.at_us]
    gap = asked.gap_us if asked.gap_us is not None else 10**6 * DAY_US

    def reach(step: int, before: int | None) -> bool:
        if step == len(asked.steps):
            return not any(
                asked.without is not None and is_act(row, asked.without)
                and before is not None and before < row["at_us"] <= before + gap
                for row in rows
            )  # fmt: skip
        return any(
            reach(step + 1, row["at_us"])
            for row in rows
            if within(world, row["at_us"], asked.window) and is_act(row, asked.steps[step])
            and (before is None or before < row["at_us"] <= before + gap)
        )  # fmt: skip

    return reach(0, None)
