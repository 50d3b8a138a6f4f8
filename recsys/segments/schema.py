"""The segment language as JSON Schema, for editors and forms; ``parse`` decides in the end.

The schema names every tag with its values, every event and every column. What it cannot say, such
as that a range has its lower end first, is left to the parser.
"""

from functools import cache
from typing import Any

from features.events import KINDS
from features.portraits import Kind, Tag
from recsys.experiments import BUCKETS
from recsys.segments import vocabulary as v
from recsys.segments.language import NUMERIC, SHARES, Aggregate, Op
from recsys.segments.reading import MAX_DAYS, MAX_VALUES

Schema = dict[str, Any]

_DURATION: Schema = {"type": "string", "pattern": r"^[0-9]{1,5}\s*[dhw]$"}
_WORD: Schema = {"type": ["string", "number"]}
_NUMBER: Schema = {"type": "number"}
_PERCENT: Schema = {"type": "number", "exclusiveMinimum": 0, "maximum": 100}
_CONDITION: Schema = {"$ref": "#/$defs/condition"}
_WHEN: Schema = {
    "within": _DURATION,
    "between": {"type": "array", "items": {"type": "string", "format": "date"},
                "minItems": 2, "maxItems": 2},
}  # fmt: skip


@cache
def schema() -> Schema:
    """JSON Schema (2020-12) of a segment.

    Examples
    --------
    >>> sorted(schema()["$defs"])[:4]
    ['act', 'all', 'any', 'bucket']
    """
    parts = {
        "all": _object({"all": _list(_CONDITION)}, "all"),
        "any": _object({"any": _list(_CONDITION)}, "any"),
        "not": _object({"not": _CONDITION}, "not"),
        "tag": {"anyOf": [_tag(tag) for tag in v.tags().values()]},
        "event": _event(),
        "sequence": _sequence(),
        "social": _social(),
        "segment": _object({"segment": _WORD}, "segment"),
        "list": _object({"list": _WORD}, "list"),
        "score": _compared(_object({"score": _WORD}, "score", "op", "value"), numeric=True),
        "bucket": _bucket(),
        "flow": _flow(),
    }
    choices = [{"$ref": f"#/$defs/{name}"} for name in parts]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A segment of people",
        **_CONDITION,
        "$defs": {"condition": {"anyOf": choices}, "act": _act(), **parts},
    }


def _object(properties: Schema, *required: str) -> Schema:
    return {
        "type": "object", "properties": properties, "required": list(required),
        "additionalProperties": False,
    }  # fmt: skip


def _list(items: Schema, low: int = 0) -> Schema:
    return {"type": "array", "items": items, "minItems": low, "maxItems": MAX_VALUES}


def _compared(part: Schema, *, numeric: bool = False, optional: bool = False) -> Schema:
    """An object with ``op`` and ``value`` that fit each other."""
    ops = (*NUMERIC, *SHARES) if numeric else NUMERIC
    alone = tuple(op for op in ops if op not in (Op.BETWEEN, *SHARES))
    pairs: list[tuple[tuple[Op, ...], Schema]] = [(alone, _NUMBER)]
    pairs.append(((Op.BETWEEN,), {**_list(_NUMBER, 2), "maxItems": 2}))
    if numeric:
        pairs.append((SHARES, _PERCENT))
    required = [one for one in part["required"] if not (optional and one in ("op", "value"))]
    return {"anyOf": [_with(part | {"required": required}, ops, value) for ops, value in pairs]}


def _with(part: Schema, ops: tuple[Op, ...], value: Schema | None) -> Schema:
    properties = part["properties"] | {"op": {"enum": [str(op) for op in ops]}}
    required = [one for one in part["required"] if value is not None or one != "value"]
    if value is not None:
        properties["value"] = value
    if Op.BETWEEN in ops:
        required = list(dict.fromkeys([*required, "op", "value"]))
    return part | {"properties": properties, "required": required}


def _tag(tag: Tag) -> Schema:
    named: Schema = {"tag": {"const": tag.name, "description": tag.zh}}
    if tag.kind is Kind.VECTOR:
        named["label"] = {"enum": list(tag.labels)}
    if tag.kind is Kind.LIST:
        named["top"] = {"type": "integer", "minimum": 0, "maximum": 1000}
    required = ["tag", "op", "value", *(["label"] if tag.kind is Kind.VECTOR else [])]
    part = _object(named, *required)
    allowed = v.OPS_OF_KIND[tag.kind]
    one = {"enum": list(tag.words)} if tag.words else _WORD
    if tag.kind is Kind.BOOL:
        one = {"type": "boolean"}
    if tag.kind in (Kind.INT, Kind.FLOAT, Kind.VECTOR):
        one = _NUMBER
    many = (Op.IN, Op.NOT_IN, Op.HAS_ANY, Op.HAS_ALL)
    groups: list[tuple[tuple[Op, ...], Schema | None]] = [
        ((Op.EQ, Op.NE, Op.GT, Op.GE, Op.LT, Op.LE), one),
        ((Op.BETWEEN,), {**_list(_NUMBER, 2), "maxItems": 2}),
        (SHARES, _PERCENT),
        (many, _list(one if tag.kind is not Kind.LIST else _WORD, 1)),
        ((Op.KNOWN, Op.UNKNOWN), None),
    ]
    fitting = [(tuple(op for op in ops if op in allowed), value) for ops, value in groups]
    return {"anyOf": [_with(part, ops, value) for ops, value in fitting if ops]}


def _names() -> Schema:
    one = {"enum": [v.ANY_EVENT, *KINDS]}
    return {"anyOf": [one, _list(one, 1)]}


def _props() -> Schema:
    word = {"anyOf": [
        _WORD, _list(_WORD, 1),
        _object({"op": {"enum": ["==", "!="]}, "value": _WORD}, "op", "value"),
        _object({"op": {"enum": ["in", "not_in"]}, "value": _list(_WORD, 1)}, "op", "value"),
    ]}  # fmt: skip
    inner = _compared(_object({}, "op", "value"))["anyOf"]
    among = _object({"op": {"enum": ["in", "not_in"]}, "value": _list(_NUMBER, 1)}, "op", "value")
    number = {"anyOf": [_NUMBER, _list(_NUMBER, 1), *inner, among]}
    columns = dict.fromkeys(v.TEXT_COLUMNS, word) | dict.fromkeys(v.NUMBER_COLUMNS, number)
    return {"type": "object", "properties": columns, "additionalProperties": False}


def _act() -> Schema:
    return {"anyOf": [
        {"enum": [v.ANY_EVENT, *KINDS]}, _object({"event": _names(), "props": _props()}, "event"),
    ]}  # fmt: skip


def _event() -> Schema:
    shared: Schema = {"event": _names(), "props": _props(), **_WHEN}
    counted = _object(shared | {"agg": {"const": str(Aggregate.COUNT)}}, "event", "op", "value")
    parts = [_compared(counted, optional=True)]
    for name, columns in (("sum", v.NUMBER_COLUMNS), ("distinct", v.DISTINCT_COLUMNS)):
        given = shared | {"agg": {"const": name}, "of": {"enum": list(columns)}}
        part = _object(given, "event", "agg", "of", "op", "value")
        parts.append(_compared(part, optional=True))
    return {"anyOf": parts}


def _sequence() -> Schema:
    act = {"$ref": "#/$defs/act"}
    steps = {"type": "array", "items": act, "minItems": 1, "maxItems": 10}
    return _object({"sequence": steps, "gap": _DURATION, "without": act, **_WHEN}, "sequence")


def _social() -> Schema:
    inside = _object(
        {"ties": {"enum": list(v.TIES)}, "agg": {"const": "count"}, "where": _CONDITION},
        "where", "op", "value",
    )  # fmt: skip
    return _object({"social": _compared(inside, optional=True)}, "social")


def _bucket() -> Schema:
    place = {"type": "integer", "minimum": 0, "maximum": BUCKETS}
    inside = _object({"salt": _WORD, "from": place, "to": place}, "salt", "from", "to")
    return _object({"bucket": inside}, "bucket")


def _flow() -> Schema:
    parts = []
    for name, tag in v.tags().items():
        if tag.kind is Kind.ENUM:
            side = {"anyOf": [{"enum": list(tag.words)}, _list({"enum": list(tag.words)}, 1)]}
            days = {"type": "integer", "minimum": 1, "maximum": MAX_DAYS}
            given = {"tag": {"const": name}, "was": side, "now": side, "days": days}
            parts.append(_object(given, "tag", "was", "now", "days"))
    return _object({"flow": {"anyOf": parts}}, "flow")
