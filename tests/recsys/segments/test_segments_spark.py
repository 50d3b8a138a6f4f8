"""The same compiler on Spark: segments have the people that the slow reading finds."""

from dataclasses import replace

import ibis
import pyarrow.parquet as pq
import pytest

from features import columns as c
from recsys.segments.compile import members
from recsys.segments.parse import parse
from tests.features.engines.conftest import spark_session  # noqa: F401
from tests.recsys.segments.grounds import PEOPLE, ground, world
from tests.recsys.segments.naive import holds

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

DOCUMENTS = [
    {"all": [{"tag": "life.stage", "op": "in", "value": ["new", "silent"]},
             {"not": {"tag": "geo.city", "op": "known"}}]},
    {"tag": "life.m_365", "op": "top_percent", "value": 30},
    {"tag": "aff.cat_top", "op": "has_any", "value": ["c1"], "top": 2},
    {"tag": "soc.role_vec", "label": "sharer", "op": ">=", "value": 0.25},
    {"any": [{"event": "Order Completed", "within": "30d", "props": {"brand": "b1"}},
             {"event": "Product Viewed", "agg": "distinct", "of": "day", "value": 3}]},
    {"sequence": ["Product Viewed", "Order Completed"], "gap": "20d", "without": "Product Shared"},
    {"social": {"ties": "friend", "where": {"list": "vip"}}},
    {"flow": {"tag": "life.stage", "was": ["new", "growing"], "now": "silent", "days": 30}},
    {"bucket": {"salt": "s", "from": 0, "to": 5000}},
]  # fmt: skip


@pytest.fixture(scope="module")
def told():
    return world(7)


@pytest.fixture
def on_spark(told, spark_session, tmp_path):  # noqa: F811
    """The tables of a small world as views of Spark."""
    with ground(told) as here:
        tables = {
            "people": here.people, "events": here.events, "items": here.items,
            "users": here.users, "ties": here.ties, "earlier": here.earlier(1),
            "scores": here.scores("buy"), "listed": here.listed("vip"),
            "buckets": here.buckets("s"),
        }  # fmt: skip
        backend = ibis.pyspark.connect(spark_session)
        for name, table in tables.items():
            path = tmp_path / f"{name}.parquet"
            pq.write_table(table.to_pyarrow(), path)
            spark_session.read.parquet(str(path)).createOrReplaceTempView(f"segments_{name}")
        there = {name: backend.table(f"segments_{name}") for name in tables}
    return replace(
        here,
        **{name: there[name] for name in ("people", "events", "items", "users", "ties")},
        earlier=lambda _: there["earlier"],
        listed=lambda _: there["listed"],
        scores=lambda _: there["scores"],
        buckets=lambda _: there["buckets"],
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: next(iter(one)))
def test_spark_finds_the_same_people(document, told, on_spark, spark_session):  # noqa: F811
    condition = parse(document)
    expression = members(condition, on_spark, told.segments.__getitem__)
    found = spark_session.sql(ibis.to_sql(expression, dialect="pyspark")).toArrow()
    expected = sorted(who for who in PEOPLE if holds(told, who, condition))
    assert sorted(found[c.USER].to_pylist()) == expected
