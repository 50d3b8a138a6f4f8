import ibis
import numpy as np
import pyarrow as pa
import pytest

from features import events as e
from features import habits
from features.clock import DAY_US
from features.habits import FEW_GAPS, FEW_ORDERS, NEXT, Habits

AT = 800 * DAY_US


def facts(*rows: tuple[str, int, str | None, int]) -> ibis.Table:
    """Orders of (person, day, category, discount in percent), oldest first."""
    return ibis.memtable(
        pa.table({
            "user_id": [row[0] for row in rows],
            "at_us": pa.array([row[1] * DAY_US for row in rows], pa.int64()),
            "day": pa.array([row[1] for row in rows], pa.int64()),
            "category": pa.array([row[2] for row in rows], pa.string()),
            "event": [e.ORDERED] * len(rows),
            "line": pa.array([0] * len(rows), pa.int16()),
            "total_fen": pa.array([100 - row[3] for row in rows], pa.int64()),
            "discount_fen": pa.array([row[3] for row in rows], pa.int64()),
            "hour": ["1"] * len(rows),
        })
    )


def read(*rows: tuple[str, int, str | None, int]) -> Habits:
    return Habits.read(lambda query: query.to_pyarrow(), facts(*rows), AT)


ROWS = (
    ("a", 100, "milk", 0), ("a", 110, "milk", 50), ("a", 120, "milk", 0), ("a", 121, "tv", 9),
    ("b", 100, "tv", 10), ("b", 130, "milk", 0), ("c", 5, "milk", 0), ("c", 100, "tv", 0),
    ("c", 101, None, 0),
)  # fmt: skip


def test_what_is_bought_again_has_a_gap():
    found = read(*ROWS)
    rows = dict(zip(found.gaps["category"], found.gaps["days"], strict=True))
    assert rows == {"milk": 20.0, "tv": 0.0}
    _, lookups = habits.measure(found)
    gap = lookups["gap.category"]
    assert gap.read(["tv"], np.nan).tolist() == pytest.approx([np.nan], nan_ok=True)
    assert gap.read(["milk"], 0.0)[0] == pytest.approx((20 + FEW_GAPS * 10) / (2 + FEW_GAPS))


def test_a_tenth_off_is_a_deal():
    numbers, lookups = habits.measure(read(*ROWS))
    rate = numbers["deal_rate"][0]
    assert rate == pytest.approx(2 / 7)
    expected = (1 + FEW_ORDERS * rate) / (3 + FEW_ORDERS)
    assert lookups["deal.category"].read(["tv"], 0.0)[0] == pytest.approx(expected)


def test_what_follows_is_likelier_than_by_chance():
    basket = ("milk", "bread", "soap")
    rows = [(f"u{n}", 100 + i, name, 0) for n in range(50) for i, name in enumerate(basket)]
    _, lookups = habits.measure(read(*rows))
    row = lookups["next.category"].read(["milk"], [-1.0] * 2 * NEXT)[0]
    names = lookups["bought.category"].ids.names([int(code) for code in row[:2]])
    assert names == ["bread", "soap"]
    assert row[NEXT] > 0.8 > 0.2 > row[NEXT + 1] > 0


def test_nothing_bought_is_nothing_known():
    assert np.isnan(habits.measure(Habits())[0]["deal_rate"][0])
    assert not any(len(one) for one in habits.measure(read())[1].values())
