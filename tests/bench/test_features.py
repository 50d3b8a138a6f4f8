"""Counters of (person, category): compiled from declarations, and as SQL written by hand."""

import statistics
from collections.abc import Callable
from time import perf_counter

import duckdb
import ibis
import numpy as np
import pyarrow as pa
import pytest

from features import batch
from features.clock import DAY_US, BusinessZone
from features.counters import Key

pytestmark = pytest.mark.bench

EVENTS = 2_000_000
USERS = 50_000
CATEGORIES = 200
AT = 20_000 * DAY_US
NAMES = np.array(["Product Viewed", "Product Added", "Order Completed", "Order Refunded"])

BY_HAND = """
WITH rows AS (
    SELECT
        user_id, category, event, at_us, log_price, priced,
        ($at - at_us) / 86400e6 AS age,
        CASE event
            WHEN 'Product Viewed' THEN 1.0 WHEN 'Product Added' THEN 4.0
            WHEN 'Order Completed' THEN 8.0 ELSE -8.0
        END AS interest,
        CASE event
            WHEN 'Product Viewed' THEN 1.0 WHEN 'Product Added' THEN 2.0
            WHEN 'Order Completed' THEN 4.0 ELSE 0.0
        END AS looked
    FROM facts WHERE at_us < $at
)
SELECT
    user_id, category,
    sum(interest * 2.0 ** (-age / 30)) AS category__interest_30,
    sum(interest * 2.0 ** (-age)) AS category__interest_1,
    sum(interest * 2.0 ** (-age * 144)) AS category__interest_now,
    count(*) FILTER (event = 'Order Completed')::DOUBLE AS category__orders,
    coalesce(sum(looked * log_price * 2.0 ** (-age / 90)), 0.0) AS category__price_90,
    coalesce(sum(looked * priced * 2.0 ** (-age / 90)), 0.0) AS category__priced_90,
    max(at_us)::DOUBLE AS category__last
FROM rows GROUP BY user_id, category
"""


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    rng = np.random.default_rng(1)
    facts = pa.table({
        "user_id": pa.array(rng.integers(USERS, size=EVENTS)).cast(pa.string()),
        "category": pa.array(rng.zipf(1.5, EVENTS) % CATEGORIES).cast(pa.string()),
        "event": NAMES[rng.choice(4, EVENTS, p=[0.85, 0.1, 0.04, 0.01])],
        "at_us": AT - rng.integers(1, 180 * DAY_US, EVENTS),
        "line": np.zeros(EVENTS, np.int16),
        "log_price": rng.normal(8.0, 1.0, EVENTS),
        "priced": np.ones(EVENTS),
    })
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.register("generated", facts)
    connection.execute("CREATE TABLE facts AS FROM generated")
    return connection


def seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(4):
        start = perf_counter()
        work()
        taken.append(perf_counter() - start)
    return statistics.median(taken[1:])


def test_declarations_cost_about_what_hand_written_sql_does(
    connection: duckdb.DuckDBPyConnection, figures: list[dict[str, object]]
) -> None:
    table = ibis.duckdb.from_connection(connection).table("facts")
    expression = batch.values(table, Key.CATEGORY, AT, BusinessZone("UTC"))
    declared = ibis.to_sql(expression, dialect="duckdb")
    by_hand = BY_HAND.replace("$at", str(AT))

    found = {}
    for method, sql in (("huoren", declared), ("hand_written_sql", by_hand)):
        connection.execute(f"CREATE VIEW {method} AS {sql}")
        write = f"CREATE OR REPLACE TABLE {method}_written AS FROM {method}"
        found[method] = seconds(lambda sql=write: connection.execute(sql))
        figures.append({
            "bench": "features", "key": "category", "method": method, "events": EVENTS,
            "seconds": round(found[method], 3),
        })  # fmt: skip

    compared = " AND ".join(
        f"abs(a.{name} - b.{name}) <= greatest(1e-9, 1e-6 * abs(b.{name}))"
        for name in expression.columns
        if name not in Key.CATEGORY.columns
    )
    differing = connection.execute(
        "SELECT count(*), count(*) FILTER (NOT coalesce("
        f"{compared}, FALSE)) FROM huoren_written a "
        "FULL JOIN hand_written_sql_written b USING (user_id, category)"
    ).fetchone()
    assert differing is not None
    assert differing[0] > USERS
    assert differing[1] == 0
    assert found["huoren"] < 3 * found["hand_written_sql"]
