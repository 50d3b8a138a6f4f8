"""Segments as sentences, in Chinese and English, so that people can check what they said."""

from collections.abc import Callable
from datetime import date, timedelta

from features.clock import DAY_US, HOUR_US
from features.portraits import TAGS
from recsys.experiments import BUCKETS
from recsys.segments.language import (
    Act,
    Aggregate,
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
    Property,
    Scored,
    Sequence,
    Social,
    TagIs,
    Value,
    Window,
)
from recsys.segments.vocabulary import ACTIVE_EVENTS

_OPS = {
    Op.EQ: ("是", "is"),
    Op.NE: ("不是", "is not"),
    Op.GT: ("大于", "above"),
    Op.GE: ("不少于", "at least"),
    Op.LT: ("小于", "below"),
    Op.LE: ("不多于", "at most"),
    Op.BETWEEN: ("介于", "between"),
    Op.IN: ("属于", "one of"),
    Op.NOT_IN: ("不属于", "none of"),
    Op.HAS_ANY: ("含任一", "has any of"),
    Op.HAS_ALL: ("含全部", "has all of"),
    Op.KNOWN: ("已知", "is known"),
    Op.UNKNOWN: ("未知", "is unknown"),
    Op.TOP_PERCENT: ("最高的百分之", "in the top percent"),
    Op.BOTTOM_PERCENT: ("最低的百分之", "in the bottom percent"),
}

_TIES = {
    "any": ("有联系的人", "people tied to them"),
    "strong": ("强关系", "strong ties"),
    "friend": ("好友", "friends"),
    "follow": ("关注的人", "people they follow"),
    "invite": ("邀请关系", "people they invited"),
    "co_group": ("同群的人", "people of the same group"),
    "staff": ("导购", "staff contacts"),
}


def sentence(condition: Condition, language: str) -> str:
    """Say a segment in words.

    Parameters
    ----------
    condition : Condition
        The segment.
    language : str
        ``zh`` or ``en``.

    Examples
    --------
    >>> from recsys.segments.parse import parse
    >>> told = parse({"all": [{"tag": "geo.tier", "op": "in", "value": ["4", "5"]},
    ...     {"not": {"event": "Order Completed", "within": "7d"}}]})
    >>> sentence(told, "zh")
    '城市等级属于四线、五线，且不满足（近7天Order Completed次数不少于1）'
    >>> sentence(told, "en")
    'city tier one of tier 4, tier 5 and not (events Order Completed in the last 7 days at least 1)'
    """
    return _Speaker(("zh", "en").index(language)).say(condition)


class _Speaker:
    def __init__(self, side: int) -> None:
        self.side = side
        self.comma = ("、", ", ")[side]

    def pick(self, zh: str, en: str) -> str:
        return (zh, en)[self.side]

    def say(self, condition: Condition, *, inside: bool = False) -> str:
        match condition:
            case All(parts) | AnyOf(parts):
                return self._several(condition, parts, inside=inside)
            case Not(part):
                return self.pick(f"不满足（{self.say(part)}）", f"not ({self.say(part)})")
            case TagIs():
                return self._tag(condition)
            case Did():
                return self._did(condition)
            case Sequence():
                return self._sequence(condition)
            case Social(ties, where, op, value):
                who, what = _TIES[ties][self.side], self.say(where)
                told = self._compared(op, value)
                return self.pick(f"满足（{what}）的{who}人数{told}", f"{who} with ({what}) {told}")
            case InSegment(name):
                return self.pick(f"在人群“{name}”中", f"in segment “{name}”")
            case InList(name):
                return self.pick(f"在名单“{name}”中", f"on list “{name}”")
            case Scored(model, op, value):
                told = self._compared(op, value)
                return self.pick(f"模型{model}得分{told}", f"score {model} {told}")
            case Bucket(salt, low, high):
                share = f"{(high - low) / BUCKETS:.2%}"
                return self.pick(f"随机桶“{salt}”的{share}", f"a random {share} under “{salt}”")
            case Flow(tag, was, now, days):
                name, before, after = self._name(tag), self._words(tag, was), self._words(tag, now)
                return self.pick(
                    f"{days}天前{name}为{before}而现在为{after}",
                    f"{name} was {before} {days} days ago and is {after} now",
                )

    def _several(self, condition: Condition, parts: tuple[Condition, ...], *, inside: bool) -> str:
        if not parts:
            both = (("所有人", "everybody"), ("没有人", "nobody"))
            return both[isinstance(condition, AnyOf)][self.side]
        both = (("，且", " and "), ("，或", " or "))
        joint = both[isinstance(condition, AnyOf)][self.side]
        told = joint.join(self.say(part, inside=len(parts) > 1) for part in parts)
        return self.pick(f"（{told}）", f"({told})") if inside and len(parts) > 1 else told

    def _name(self, tag: str) -> str:
        return TAGS[tag].zh if self.side == 0 else TAGS[tag].en

    def _words(self, tag: str, values: Value) -> str:
        words = TAGS[tag].words
        listed = values if isinstance(values, tuple) else (values,)
        return self.comma.join(
            words[one][self.side] if isinstance(one, str) and one in words else _plain(one)
            for one in listed
        )

    def _compared(self, op: Op, value: Value, words: Callable[[Value], str] | None = None) -> str:
        said = _OPS[op][self.side]
        if op in (Op.KNOWN, Op.UNKNOWN):
            return said
        told = words(value) if words else self._plain(value)
        if op in (Op.TOP_PERCENT, Op.BOTTOM_PERCENT):
            return self.pick(f"{said}{told}", f"{said.removesuffix(' percent')} {told} %")
        return self.pick(f"{said}{told}", f"{said} {told}")

    def _plain(self, value: Value) -> str:
        listed = value if isinstance(value, tuple) else (value,)
        return self.comma.join(_plain(one) for one in listed)

    def _tag(self, asked: TagIs) -> str:
        label = f"[{asked.label}]" if asked.label else ""
        first = self.pick(f"前{asked.top}位", f" (first {asked.top})") if asked.top else ""
        told = self._compared(asked.op, asked.value, lambda value: self._words(asked.tag, value))
        space = self.pick("", " ")
        return f"{self._name(asked.tag)}{label}{first}{space}{told}"

    def _window(self, window: Window) -> str:
        if window.days is not None:
            return self.pick(f"近{window.days}天", f"in the last {window.days} days")
        if window.hours is not None:
            return self.pick(f"近{window.hours}小时", f"in the last {window.hours} hours")
        if window.first is not None and window.last is not None:
            first, last = (
                (date(1970, 1, 1) + timedelta(days=one)).isoformat()
                for one in (window.first, window.last)
            )
            return self.pick(f"{first}至{last}", f"from {first} to {last}")
        return self.pick("历来", "ever")

    def _act(self, act: Act) -> str:
        some = act.events == ACTIVE_EVENTS
        names = self.pick("任意行为", "of any kind") if some else self.comma.join(act.events)
        if not act.properties:
            return names
        asked = self.comma.join(self._property(one) for one in act.properties)
        return self.pick(f"{names}（{asked}）", f"{names} ({asked})")

    def _property(self, asked: Property) -> str:
        return f"{asked.column}{self.pick('', ' ')}{self._compared(asked.op, asked.value)}"

    def _did(self, asked: Did) -> str:
        when, what = self._window(asked.window), self._act(asked.act)
        told = self._compared(asked.op, asked.value)
        match asked.aggregate:
            case Aggregate.COUNT:
                return self.pick(f"{when}{what}次数{told}", f"events {what} {when} {told}")
            case Aggregate.SUM:
                return self.pick(
                    f"{when}{what}的{asked.of}合计{told}", f"{asked.of} of {what} {when} {told}"
                )
            case Aggregate.DISTINCT:
                return self.pick(
                    f"{when}{what}的不同{asked.of}数{told}",
                    f"different {asked.of} of {what} {when} {told}",
                )

    def _sequence(self, asked: Sequence) -> str:
        when = self._window(asked.window)
        steps = self.pick("→", " then ").join(self._act(one) for one in asked.steps)
        gap = ""
        if asked.gap_us is not None:
            days, hours = asked.gap_us // DAY_US, asked.gap_us // HOUR_US
            whole = asked.gap_us % DAY_US == 0
            gap = self.pick(
                f"，间隔不超过{f'{days}天' if whole else f'{hours}小时'}",
                f", at most {f'{days} days' if whole else f'{hours} hours'} apart",
            )
        without = ""
        if asked.without is not None:
            act = self._act(asked.without)
            without = self.pick(f"，其后未{act}", f", not followed by {act}")
        return self.pick(f"{when}依次{steps}{gap}{without}", f"{when} {steps}{gap}{without}")


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
