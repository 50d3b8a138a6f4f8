"""Spark computes what DuckDB computes, from the same expressions."""

import math
import sys
from collections.abc import Iterator
from contextlib import closing, nullcontext
from itertools import product
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest

from features import batch, population, snapshot
from features import columns as c
from features.catalogue import CATALOGUE
from features.clock import DAY_US
from features.counters import Key
from features.engines import Engine, open_engine
from features.engines import spark as spark_engine
from features.engines.embedded import Embedded, make_facts
from features.engines.span import Span
from features.errors import InputError
from features.events import Event
from features.home import Home
from features.weights import INTEREST
from tests.features.histories import START, ZONE, busy, keep

# Py4J leaves the sockets of its calls to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

CUTS = (START + 33 * DAY_US + 98_765, START + 400 * DAY_US)
WINDOWED = [one for one in CATALOGUE.values() if one.online and (one.distinct or one.window)]


def edges() -> list[Event]:
    """A microsecond around business midnights and the change of the clock."""
    midnights = [ZONE.day_start(int(ZONE.day(START)) + n) for n in range(8)]
    changes = [at for at, _ in ZONE.offset_changes(START, START + 10 * DAY_US)[1:]]
    around = product([*midnights[1:], *changes], (-1, 0, 1))
    return [
        Event(message_id=f"edge{n}", event="Order Completed", at_us=at + by, user_id="edge",
              item_id="i1", order_id=f"o{n}", total_fen=n)
        for n, (at, by) in enumerate(around)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    users = [
        {"user_id": f"u{n}", "valid_from_us": START + n * DAY_US, "city_tier": tier}
        for n, tier in product(range(4), ("1", "new1"))
    ]
    keep(home, sorted(busy(3_000) + edges(), key=lambda one: one.at_us), users)
    return home


@pytest.fixture(scope="module", params=CUTS)
def engines(home: Home, spark_session, request) -> Iterator[tuple[int, Engine, Engine]]:
    at_us = request.param
    span = Span.before(home, at_us)
    with (
        closing(span.connection),
        spark_engine.opened(spark_session, home, at_us, ZONE, span) as spark,
    ):
        duck = Embedded(make_facts(span, ZONE, whole=False), span.connection, span.events)
        yield at_us, duck, spark


def same(duck: Engine, spark: Engine, expression, keys: tuple[str, ...]) -> int:
    """Compare an expression of facts on two engines; how many rows there are."""
    order = [(name, "ascending") for name in keys]
    expected, got = (one.read(expression(one.facts)).sort_by(order) for one in (duck, spark))
    for name, column in zip(expected.column_names, expected.columns, strict=True):
        if pa.types.is_floating(column.type):
            close = pytest.approx(column.to_numpy(), rel=1e-9, abs=1e-9, nan_ok=True)
            assert got[name].to_numpy() == close, name
        else:
            assert got[name].equals(column), name
    return got.num_rows


@pytest.mark.parametrize("key", Key)
def test_values(engines, key):
    at_us, duck, spark = engines
    assert same(duck, spark, lambda facts: batch.values(facts, key, at_us, ZONE), key.columns)


def test_values_at_every_edge_of_a_day(engines):
    _, duck, spark = engines
    days = (c.AT, "day", "hour", "log_price")
    found = same(
        duck, spark, lambda facts: facts.filter(facts.user_id == "edge").select(days), days
    )
    assert found == len(edges())


@pytest.mark.parametrize("counter", WINDOWED, ids=lambda one: one.name)
def test_buckets(engines, counter):
    at_us, duck, spark = engines
    keys = (*counter.key.columns, "bucket")
    same(duck, spark, lambda facts: batch.buckets(facts, counter, at_us, ZONE), keys)


def test_last_acts_and_units_sold(engines):
    at_us, duck, spark = engines
    acts = (c.USER, c.AT, c.EVENT, c.ITEM, c.PEER)
    assert same(duck, spark, lambda facts: batch.last_acts(facts, sorted(INTEREST), 7), acts) > 7
    same(duck, spark, lambda facts: population.sold(facts, at_us), ("category", "log_price"))


def test_a_home_without_items_and_people(tmp_path, spark_session):
    home = Home(tmp_path)
    keep(home, busy(50))
    for name in ("items", "users", "ties"):
        (home.table(name) / "all.parquet").unlink()
    span = Span.before(home, CUTS[1])
    with (
        closing(span.connection),
        spark_engine.opened(spark_session, home, CUTS[1], ZONE, span) as spark,
    ):
        (row,) = spark.read(spark.facts.aggregate(n=spark.facts.count())).to_pylist()
    assert 0 < row["n"] <= 50


def test_published_with_spark(home, spark_session, monkeypatch):
    monkeypatch.setattr(spark_engine, "session", lambda: nullcontext(spark_session))
    by_spark = snapshot.publish(home, CUTS[0], ZONE, engine="spark")
    tables = {key: by_spark.table(key) for key in Key}
    portraits, number = by_spark.portraits, by_spark.references.number("gap_days")
    by_duck = snapshot.publish(home, CUTS[0], ZONE)
    assert {key: by_duck.table(key).num_rows for key in Key} == {
        key: table.num_rows for key, table in tables.items()
    }
    assert portraits.schema == by_duck.portraits.schema
    assert number == pytest.approx(by_duck.references.number("gap_days"), rel=1e-9)
    assert not math.isnan(number)


def test_without_pyspark_the_extra_is_named(monkeypatch, home):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with (
        pytest.raises(InputError, match=r"not installed.*pip install 'huoren\[spark\]'"),
        open_engine("spark", home, CUTS[0], ZONE),
    ):
        pass


@pytest.mark.parametrize(
    ("told", "got"), [(None, "no Java"), ('openjdk version "1.8.0_402"', "Java 8")]
)
def test_a_missing_or_old_java_is_named(tmp_path: Path, monkeypatch, told, got):
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    if told:
        program.write_text(f"#!/bin/sh\necho '{told}' >&2\n")
        program.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(spark_engine, "find_spec", lambda _: ModuleType("pyspark"))
    with pytest.raises(InputError, match=f"expected Java 17 or newer; got {got}"):
        spark_engine.require_spark()
