"""What the compiler counts is what a slow reading of the language finds, person by person."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys.segments.compile import members
from recsys.segments.parse import parse
from tests.recsys.segments.grounds import NAMES, PEOPLE, SHOWN, ground, world
from tests.recsys.segments.naive import holds

numbers = st.sampled_from([0, 1, 2, 3, 100, 250])
compared = st.one_of(
    st.fixed_dictionaries({"op": st.sampled_from(["==", "!=", ">", ">=", "<", "<="]),
                           "value": numbers}),
    st.just({"op": "between", "value": [1, 3]}),
)  # fmt: skip
percent = st.fixed_dictionaries({"op": st.sampled_from(["top_percent", "bottom_percent"]),
                                 "value": st.sampled_from([1, 20, 50, 100])})  # fmt: skip
known = st.sampled_from([{"op": "known"}, {"op": "unknown"}])


def words(tag: str) -> st.SearchStrategy:
    one = st.sampled_from(SHOWN[tag])
    return st.one_of(
        known,
        st.fixed_dictionaries({"op": st.sampled_from(["==", "!="]), "value": one}),
        st.fixed_dictionaries({"op": st.sampled_from(["in", "not_in"]),
                               "value": st.lists(one, min_size=1, max_size=2)}),
    )  # fmt: skip


def tagged(tag: str, *options: st.SearchStrategy, **more: object) -> st.SearchStrategy:
    return st.one_of(*options).map(lambda one: {"tag": tag} | one | more)


tags = st.one_of(
    tagged("life.stage", words("life.stage")),
    tagged("geo.city", words("geo.city")),
    tagged("life.r_days", compared, percent, known),
    tagged("life.m_365", compared, percent, known),
    tagged("soc.role_vec", compared, percent, known, label="sharer"),
    st.builds(
        lambda op, value, top: {"tag": "aff.cat_top", "op": op, "value": value, "top": top},
        st.sampled_from(["has_any", "has_all"]),
        st.lists(st.sampled_from(SHOWN["aff.cat_top"]), min_size=1, max_size=2),
        st.integers(0, 2),
    ),
)
windows = st.sampled_from([
    {}, {"within": "1d"}, {"within": "30d"}, {"within": "12h"}, {"within": "2w"},
    {"between": ["2025-10-01", "2025-10-20"]},
])  # fmt: skip
props = st.sampled_from([
    {}, {"category": "c0"}, {"brand": ["b0", "b2"]}, {"channel": {"op": "!=", "value": "app"}},
    {"price_fen": {"op": "<", "value": 50}}, {"item_id": "i1", "channel": "h5"},
])  # fmt: skip
names = st.sampled_from(NAMES) | st.lists(st.sampled_from(NAMES), min_size=1, max_size=2)
steps = st.builds(lambda event, props: {"event": event, "props": props}, names, props)
aggregates = st.sampled_from([
    {}, {"agg": "count"}, {"agg": "sum", "of": "quantity"}, {"agg": "sum", "of": "amount_fen"},
    {"agg": "distinct", "of": "item_id"}, {"agg": "distinct", "of": "day"},
    {"agg": "distinct", "of": "brand"}, {"agg": "distinct", "of": "channel"},
])  # fmt: skip
did = st.builds(lambda *parts: {k: v for part in parts for k, v in part.items()},
                steps, aggregates, compared, windows)  # fmt: skip
totals = {"event": "Order Completed", "agg": "sum", "of": "total_fen"}
orders = st.builds(lambda one, other: totals | one | other, compared, windows)
sequences = st.builds(
    lambda steps, gap, without, window: {"sequence": steps} | gap | without | window,
    st.lists(steps, min_size=1, max_size=3),
    st.sampled_from([{}, {"gap": "12h"}, {"gap": "9d"}]),
    st.one_of(st.just({}), steps.map(lambda one: {"without": one})),
    windows,
)
others = st.sampled_from([
    {"list": "vip"}, {"bucket": {"salt": "s", "from": 0, "to": 5000}}, {"segment": "saved"},
    {"score": "buy", "op": "top_percent", "value": 30}, {"score": "buy", "op": ">=", "value": 0.5},
    {"flow": {"tag": "life.stage", "was": ["new", "growing"], "now": "silent", "days": 30}},
])  # fmt: skip
leaves = st.one_of(tags, did, orders, sequences, others)


def nested(inside: st.SearchStrategy) -> st.SearchStrategy:
    return st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inside, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inside, max_size=3)),
        st.builds(lambda part: {"not": part}, inside),
    )


social = st.builds(
    lambda ties, where, compared: {"social": {"ties": ties, "where": where} | compared},
    st.sampled_from(["any", "strong", "friend"]), leaves, compared,
)  # fmt: skip
segments = st.recursive(st.one_of(leaves, social), nested, max_leaves=4)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(segments, leaves, st.integers(0, 10_000))
def test_equals_the_slow_reading(document, saved, seed):
    condition = parse(document)
    if saved == {"segment": "saved"}:
        saved = {"list": "vip"}
    told = replace(world(seed), segments={"saved": parse(saved)})
    with ground(told) as tables:
        found = members(condition, tables, told.segments.__getitem__).to_pyarrow()
    expected = sorted(who for who in PEOPLE if holds(told, who, condition))
    assert sorted(found["user_id"].to_pylist()) == expected
    assert found.num_rows == len(expected)


@pytest.mark.parametrize(
    ("document", "count"),
    [({"all": []}, 9), ({"any": []}, 0), ({"not": {"list": "vip"}}, 6), ({"list": "vip"}, 3)],
)
def test_everybody_and_nobody(document, count):
    told = world(0)
    with ground(told) as tables:
        found = members(parse(document), tables, told.segments.__getitem__)
        assert found.count().to_pyarrow().as_py() == count
