"""Regular buyers: what is known of them and coffee, where it can be counted on the fingers."""

from types import SimpleNamespace

import duckdb
import numpy as np
import pytest

from features.clock import DAY_US
from features.errors import UnknownName
from training.predictions import goals
from training.predictions.cohort import Asked
from training.predictions.hazard import COLUMNS, rows

AT = 101 * DAY_US
BOUGHT = [("a", day, "COFFEE") for day in (70, 80, 90, 100)] + [
    ("a", 95, "TEA"), ("b", 60, "COFFEE"), ("c", 100, "TEA"), ("a", 102, "COFFEE"),
]  # fmt: skip
"""a buys coffee every ten days; b did once; c never; the last is not known yet."""


@pytest.fixture
def past():
    connection = duckdb.connect()
    connection.execute("CREATE TABLE facts(user_id TEXT, at_us BIGINT, category TEXT, event TEXT)")
    for user, day, category in BOUGHT:
        row = [user, day * DAY_US, category]
        connection.execute("INSERT INTO facts VALUES (?, ?, ?, 'Order Completed')", row)
    yield SimpleNamespace(connection=connection)
    connection.close()


def test_who_is_due(past):
    found = rows(past, "COFFEE", Asked(["a", "b", "c"], AT))
    told = [dict(zip(COLUMNS, row, strict=True)) for row in found.tolist()]
    assert told[0]["category.days"] == 4.0
    assert told[0]["category.days_ago"] == 1.0
    assert told[0]["category.gap"] == 10.0
    assert told[0]["category.due"] == pytest.approx(0.1)
    assert told[0]["category.share"] == pytest.approx(0.8)
    assert told[1]["category.due"] == pytest.approx(4.1)  # one day: the gap of the others
    assert np.isnan(found[2]).all()


def test_a_category_after_a_dot():
    goal = goals.named("repurchase.COFFEE")
    assert (goal.name, goal.category, goal.days) == ("repurchase.COFFEE", "COFFEE", 14)
    with pytest.raises(UnknownName, match="goal"):
        goals.named("rebuy.COFFEE")
