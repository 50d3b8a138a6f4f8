"""What is no segment is refused, with the place and the nearest good word."""

import pytest

from features.errors import InputError
from recsys.segments.language import All, AnyOf, Bucket, Did, Op, Window
from recsys.segments.parse import MAX_DEPTH, loads, parse

FAULTS = [
    (7, "segment: no condition"),
    ({}, "segment: a condition says one thing"),
    ({"evnt": "Order Completed"}, "'evnt': did you mean event?"),
    ({"all": {"tag": "life.stage"}}, "all: no list"),
    ({"all": [{"tag": "life.stge", "op": "known"}]}, r"all\[0\].tag: no tag .*life.stage"),
    ({"tag": "life.stage", "op": ">", "value": "new"}, "op: life.stage is enum"),
    ({"tag": "life.stage", "op": "==", "value": "old"}, "no value of life.stage 'old'"),
    ({"tag": "life.stage", "op": "known", "value": "new"}, "known takes no value"),
    ({"tag": "life.r_days", "op": ">", "value": "3"}, "value: no number"),
    ({"tag": "life.r_days", "op": ">", "value": float("nan")}, "value: no number"),
    ({"tag": "life.r_days", "op": "between", "value": [5, 1]}, "the range is empty"),
    ({"tag": "life.r_days", "op": "top_percent", "value": 0}, "no percentage"),
    ({"tag": "life.r_days", "op": ">", "value": 1, "top": 3}, "no ranked list"),
    ({"tag": "life.r_days", "op": ">", "value": 1, "labl": "x"}, "labl: no key 'labl'"),
    ({"tag": "soc.role_vec", "op": ">", "value": 1}, "no label of soc.role_vec"),
    ({"event": "Order Complete"}, "event: no event 'Order Complete' .*Order Completed"),
    ({"event": "Order Completed", "within": "0d"}, "within: no possible window"),
    ({"event": "Order Completed", "within": "soon"}, "within: no duration"),
    ({"event": "Order Completed", "within": "1d", "between": []}, "two windows"),
    ({"event": "Order Completed", "between": ["2026-02-30", "2026-03-01"]}, r"\[0\]: no day"),
    ({"event": "Order Completed", "between": ["2026-03-02", "2026-03-01"]}, "window is empty"),
    ({"event": "Order Completed", "agg": "sum", "of": "city"}, "no column to sum 'city'"),
    ({"event": "Order Completed", "of": "city"}, "events are counted as such"),
    ({"event": "Order Completed", "agg": "sum", "of": "total_fen", "props": {"brand": "b"}},
     "total_fen is of the whole order, brand of one line"),
    ({"event": "Order Completed", "props": {"colour": "red"}}, "props.colour: no event column"),
    ({"event": "Order Completed", "props": {"brand": []}}, "no list of values"),
    ({"sequence": []}, "sequence: no steps"),
    ({"sequence": ["Product Viewed"], "gap": 3}, "gap: no duration"),
    ({"social": {"ties": "strong"}}, "nothing said of the others"),
    ({"social": {"where": {"social": {"where": {"list": "a"}}}}}, "ties of ties"),
    ({"score": "buy", "op": "in", "value": [1]}, "op: a score is a number"),
    ({"bucket": {"salt": "s", "from": 5, "to": 1}}, "bucket.to: no whole number in range"),
    ({"flow": {"tag": "life.r_days", "was": "a", "now": "b", "days": 1}}, "no tag with stages"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "told"), FAULTS)
def test_the_place_and_the_reason(document, told):
    with pytest.raises(InputError, match=told):
        parse(document)


def test_too_deep():
    document: dict[str, object] = {"list": "a"}
    for _ in range(MAX_DEPTH + 1):
        document = {"not": document}
    with pytest.raises(InputError, match="nested too deeply"):
        parse(document)


def test_defaults():
    assert parse({"event": "Order Completed", "within": "2w"}) == parse({
        "event": ["Order Completed"], "agg": "count", "op": ">=", "value": 1, "within": "14d",
    })  # fmt: skip
    told = parse({"event": "*"})
    assert isinstance(told, Did)
    assert "Product Viewed" in told.act.events
    assert (told.op, told.value, told.window) == (Op.GE, 1, Window())


@pytest.mark.parametrize(
    "text",
    ['{"all": [{"bucket": {"salt": "s", "from": 0, "to": 10}}, {"any": []}]}',
     "all:\n- bucket: {salt: s, from: 0, to: 10}\n- any: []\n"],
)  # fmt: skip
def test_json_and_yaml(text):
    assert loads(text) == All((Bucket("s", 0, 10), AnyOf(())))


def test_an_unquoted_number_is_an_id():
    assert parse({"event": "Product Viewed", "props": {"item_id": 42}}) == parse({
        "event": "Product Viewed",
        "props": {"item_id": "42"},
    })
