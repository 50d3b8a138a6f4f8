"""Reading the segment language: JSON or YAML to conditions, with messages that point at the place.

The documents look like those of other segment builders::

    {"all": [{"tag": "geo.tier", "op": "in", "value": ["3", "4", "5"]},
             {"event": "Group Buy Joined", "agg": "count", "op": ">=", "value": 2, "within": "30d"},
             {"not": {"event": "Order Completed", "within": "7d"}}]}
"""

import json
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import yaml

from features.clock import DAY_US, HOUR_US
from features.errors import InputError
from features.events import KINDS
from features.portraits import Kind
from recsys.experiments import BUCKETS
from recsys.segments import vocabulary as v
from recsys.segments.language import (
    NUMERIC,
    SHARES,
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
    walk,
)
from recsys.segments.reading import (
    MAX_DAYS,
    compared_in,
    day_in,
    duration_in,
    fault,
    number_in,
    one_of,
    values_in,
    whole_in,
    word_in,
)

MAX_DEPTH = 20


def parse(document: object) -> Condition:
    """Read a condition.

    Parameters
    ----------
    document : object
        Decoded JSON or YAML.

    Raises
    ------
    InputError
        When it says nothing the language knows; the message names the place.

    Examples
    --------
    >>> parse({"not": {"event": "Order Completed", "within": "7d"}})  # doctest: +ELLIPSIS
    Not(part=Did(act=Act(events=('Order Completed',), ...
    >>> parse({"all": [{"tag": "life.stag", "op": "==", "value": "new"}]})
    Traceback (most recent call last):
    features.errors.InputError: all[0].tag: no tag 'life.stag' (expected life.stage...
    """
    return _condition(document, "")


def loads(text: str) -> Condition:
    """Read a condition written in JSON or YAML.

    Raises
    ------
    InputError
        With line and column where the text is no JSON or YAML.

    Examples
    --------
    >>> loads("all: [")
    Traceback (most recent call last):
    features.errors.InputError: line 1, column 7: no JSON or YAML ...
    """
    try:
        return parse(json.loads(text))
    except json.JSONDecodeError:
        pass
    try:
        return parse(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InputError(
            f"{place}no JSON or YAML", expected="a segment", got=str(error.problem)
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError("no JSON or YAML", expected="a segment") from error


_Given = Mapping[str, Any]


def _condition(given: object, place: str, depth: int = 0) -> Condition:
    if depth > MAX_DEPTH:
        raise fault(place, "nested too deeply", f"at most {MAX_DEPTH} levels")
    if not isinstance(given, Mapping):
        raise fault(place, "no condition", "a mapping such as {tag, op, value}", given)
    found = [word for word in _READERS if word in given]
    if len(found) != 1:
        near = [
            f"{word!r}: did you mean {close[0]}?"
            for word in map(str, given)
            if (close := get_close_matches(word, list(_READERS), n=1))
        ]
        expected = "; ".join(near) or f"one of {', '.join(_READERS)}"
        raise fault(place, "a condition says one thing", expected, sorted(map(str, given)))
    reader, allowed = _READERS[found[0]]
    for word in given:
        if word not in allowed:
            one_of(word, allowed, f"{place}.{word}", "key")
    return reader(given, place, depth)


def _parts(given: object, place: str, depth: int) -> tuple[Condition, ...]:
    if not isinstance(given, list):
        raise fault(place, "no list", "a list of conditions", given)
    return tuple(_condition(one, f"{place}[{n}]", depth + 1) for n, one in enumerate(given))


def _all(given: _Given, place: str, depth: int) -> Condition:
    return All(_parts(given["all"], f"{place}.all", depth))


def _any(given: _Given, place: str, depth: int) -> Condition:
    return AnyOf(_parts(given["any"], f"{place}.any", depth))


def _not(given: _Given, place: str, depth: int) -> Condition:
    return Not(_condition(given["not"], f"{place}.not", depth + 1))


def _tag(given: _Given, place: str, _: int) -> Condition:
    tags = v.tags()
    tag = tags[one_of(given["tag"], tags, f"{place}.tag", "tag")]
    op = _op(given, place, v.OPS_OF_KIND[tag.kind], f"{tag.name} is {tag.kind}")
    label, top = given.get("label", ""), given.get("top", 0)
    if tag.kind is Kind.VECTOR:
        label = one_of(label, tag.labels, f"{place}.label", f"label of {tag.name}")
    elif label != "" and tag.kind is Kind.GRADES:
        label = one_of(label, tag.words, f"{place}.label", f"grade of {tag.name}")
    elif label != "":
        raise fault(f"{place}.label", f"{tag.name} has no labels", "no label", label)
    if top and tag.kind is not Kind.LIST:
        raise fault(f"{place}.top", f"{tag.name} is no ranked list", "no top", top)
    value = _tag_value(given, place, op, tag.kind)
    if tag.kind is Kind.ENUM:
        for word in value if isinstance(value, tuple) else (value,):
            one_of(word, tag.words, f"{place}.value", f"value of {tag.name}")
    return TagIs(tag.name, op, value, label, whole_in(top, f"{place}.top", 0, 1_000))


def _tag_value(given: _Given, place: str, op: Op, kind: Kind) -> Value:
    place = f"{place}.value"
    if op in (Op.KNOWN, Op.UNKNOWN):
        if "value" in given:
            raise fault(place, f"{op} takes no value", "no value", given["value"])
        return ()
    value = given.get("value")
    if op in (*NUMERIC, *SHARES) and kind in (Kind.INT, Kind.FLOAT, Kind.VECTOR):
        return compared_in(value, place, op)
    if op in (Op.IN, Op.NOT_IN, Op.HAS_ANY, Op.HAS_ALL):
        return values_in(value, place, numbers=kind is Kind.INT)
    if kind is Kind.BOOL:
        if not isinstance(value, bool):
            raise fault(place, "no truth value", "true or false", value)
        return value
    return word_in(value, place)


def _op(given: _Given, place: str, allowed: Iterable[Op], why: str, default: str = "") -> Op:
    op = given.get("op", default)
    names = [str(one) for one in allowed]
    if op not in names:
        raise fault(f"{place}.op", why, f"one of {', '.join(names)}", op)
    return Op(op)


def _act(given: _Given, place: str) -> Act:
    names = given["event"]
    names = names if isinstance(names, list) and names else [names]
    if v.ANY_EVENT in names:
        events = v.ACTIVE_EVENTS
    else:
        events = tuple(sorted({one_of(one, KINDS, f"{place}.event", "event") for one in names}))
    asked = given.get("props", {})
    if not isinstance(asked, Mapping):
        raise fault(f"{place}.props", "no mapping", "{column: value}", asked)
    return Act(events, tuple(_property(asked[n], n, f"{place}.props.{n}") for n in asked))


def _property(given: object, name: object, place: str) -> Property:
    column = one_of(name, (*v.TEXT_COLUMNS, *v.NUMBER_COLUMNS), place, "event column")
    number = column in v.NUMBER_COLUMNS
    if isinstance(given, list):
        return Property(column, Op.IN, values_in(given, place, numbers=number))
    if not isinstance(given, Mapping):
        return Property(column, Op.EQ, number_in(given, place) if number else word_in(given, place))
    ops = (*NUMERIC, Op.IN, Op.NOT_IN) if number else v.WORD_OPS
    op = _op(given, place, ops, f"{column} is {'a number' if number else 'a word'}")
    value = given.get("value")
    if op in (Op.IN, Op.NOT_IN):
        return Property(column, op, values_in(value, f"{place}.value", numbers=number))
    if number:
        return Property(column, op, compared_in(value, f"{place}.value", op))
    return Property(column, op, word_in(value, f"{place}.value"))


def _did(given: _Given, place: str, _: int) -> Condition:
    aggregate = Aggregate(
        one_of(given.get("agg", "count"), list(Aggregate), f"{place}.agg", "aggregate")
    )
    of = given.get("of", "")
    if aggregate is Aggregate.COUNT:
        if of != "":
            raise fault(f"{place}.of", "events are counted as such", "no of", of)
    else:
        known = v.NUMBER_COLUMNS if aggregate is Aggregate.SUM else v.DISTINCT_COLUMNS
        of = one_of(of, known, f"{place}.of", f"column to {aggregate}")
    op = _op(given, place, NUMERIC, "a number is compared", ">=")
    value = compared_in(given.get("value", 1), f"{place}.value", op)
    act = _act(given, place)
    of_lines = sorted({one.column for one in act.properties} & set(v.LINE_COLUMNS))
    if of in v.ORDER_COLUMNS and of_lines:
        said = f"{of} is of the whole order, {of_lines[0]} of one line"
        raise fault(f"{place}.of", said, "amount_fen, which is of a line", of)
    return Did(act, aggregate, of, op, value, _window(given, place))


def _window(given: _Given, place: str) -> Window:
    if "within" in given and "between" in given:
        raise fault(place, "two windows", "within or between")
    if "within" in given:
        unit, many = duration_in(given["within"], f"{place}.within")
        return Window(hours=many) if unit == "h" else Window(days=many)
    if "between" not in given:
        return Window()
    days = given["between"]
    if not isinstance(days, list) or len(days) != 2:
        raise fault(f"{place}.between", "no two days", "[2026-06-01, 2026-06-18]", days)
    first, last = (day_in(one, f"{place}.between[{n}]") for n, one in enumerate(days))
    if first > last:
        raise fault(f"{place}.between", "the window is empty", "the earlier day first", days)
    return Window(first=first, last=last)


def _sequence(given: _Given, place: str, _: int) -> Condition:
    steps = given["sequence"]
    if not isinstance(steps, list) or not 0 < len(steps) <= 10:
        raise fault(f"{place}.sequence", "no steps", "1 to 10 of them", steps)
    acts = tuple(_step(one, f"{place}.sequence[{n}]") for n, one in enumerate(steps))
    gap = None
    if "gap" in given:
        unit, many = duration_in(given["gap"], f"{place}.gap")
        gap = many * (HOUR_US if unit == "h" else DAY_US)
    without = _step(given["without"], f"{place}.without") if "without" in given else None
    return Sequence(acts, _window(given, place), gap, without)


def _step(given: object, place: str) -> Act:
    if isinstance(given, str):
        given = {"event": given}
    if not isinstance(given, Mapping) or "event" not in given:
        raise fault(place, "no step", "{event, props}", given)
    for word in given:
        one_of(word, ("event", "props"), f"{place}.{word}", "key")
    return _act(given, place)


def _social(given: _Given, place: str, depth: int) -> Condition:
    inside, place = given["social"], f"{place}.social"
    if not isinstance(inside, Mapping) or "where" not in inside:
        raise fault(place, "nothing said of the others", "{ties, where, op, value}", inside)
    for word in inside:
        one_of(word, ("ties", "agg", "where", "op", "value"), f"{place}.{word}", "key")
    one_of(inside.get("agg", "count"), ("count",), f"{place}.agg", "aggregate of people")
    ties = one_of(inside.get("ties", "any"), v.TIES, f"{place}.ties", "kind of tie")
    op = _op(inside, place, NUMERIC, "a number is compared", ">=")
    value = compared_in(inside.get("value", 1), f"{place}.value", op)
    where = _condition(inside["where"], f"{place}.where", depth + 1)
    if any(isinstance(one, Social) for one in walk(where)):
        raise fault(f"{place}.where", "ties of ties cannot be asked for", "no social inside")
    return Social(ties, where, op, value)


def _segment(given: _Given, place: str, _: int) -> Condition:
    return InSegment(word_in(given["segment"], f"{place}.segment"))


def _list(given: _Given, place: str, _: int) -> Condition:
    return InList(word_in(given["list"], f"{place}.list"))


def _score(given: _Given, place: str, _: int) -> Condition:
    op = _op(given, place, (*NUMERIC, *SHARES), "a score is a number")
    value = compared_in(given.get("value"), f"{place}.value", op)
    return Scored(word_in(given["score"], f"{place}.score"), op, value)


def _bucket(given: _Given, place: str, _: int) -> Condition:
    inside, place = given["bucket"], f"{place}.bucket"
    if not isinstance(inside, Mapping) or set(inside) != {"salt", "from", "to"}:
        raise fault(place, "no bucket", "{salt, from, to}", inside)
    low = whole_in(inside["from"], f"{place}.from", 0, BUCKETS)
    return Bucket(
        word_in(inside["salt"], f"{place}.salt"),
        low,
        whole_in(inside["to"], f"{place}.to", low, BUCKETS),
    )


def _flow(given: _Given, place: str, _: int) -> Condition:
    inside, place = given["flow"], f"{place}.flow"
    if not isinstance(inside, Mapping) or set(inside) != {"tag", "was", "now", "days"}:
        raise fault(place, "no flow", "{tag, was, now, days}", inside)
    words = {name: tag for name, tag in v.tags().items() if tag.kind is Kind.ENUM}
    tag = words[one_of(inside["tag"], words, f"{place}.tag", "tag with stages")]
    was, now = (
        tuple(
            one_of(one, tag.words, f"{place}.{side}", f"value of {tag.name}")
            for one in (inside[side] if isinstance(inside[side], list) else [inside[side]])
        )
        for side in ("was", "now")
    )
    return Flow(tag.name, was, now, whole_in(inside["days"], f"{place}.days", 1, MAX_DAYS))


_WHEN = ("within", "between")
_READERS: Mapping[str, tuple[Callable[[_Given, str, int], Condition], tuple[str, ...]]] = {
    "all": (_all, ("all",)),
    "any": (_any, ("any",)),
    "not": (_not, ("not",)),
    "tag": (_tag, ("tag", "op", "value", "label", "top")),
    "event": (_did, ("event", "props", "agg", "of", "op", "value", *_WHEN)),
    "sequence": (_sequence, ("sequence", "gap", "without", *_WHEN)),
    "social": (_social, ("social",)),
    "segment": (_segment, ("segment",)),
    "list": (_list, ("list",)),
    "score": (_score, ("score", "op", "value")),
    "bucket": (_bucket, ("bucket",)),
    "flow": (_flow, ("flow",)),
}
"""What a condition may begin with: its reader, and the keys beside it."""
