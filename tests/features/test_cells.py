"""What a cell holds after one event, and after another that came late."""

import math

import pytest

from features import events as e
from features.cells import adder, value
from features.clock import DAY_US
from features.counters import Counter, Days, Key


def told(counter, *rows, at=10):
    """Value at noon of a day after events of (day, what else)."""
    cell = None
    for day, more in rows:
        row = {"at_us": day * DAY_US, "day": day, **more}
        cell = adder(counter, e.VIEWED)(cell, row)
    return value(counter, cell, at * DAY_US, at)


def counter(name="user.views_5", **how):
    return Counter(name, "views, somehow", Key.USER, {e.VIEWED: 1.0}, **how)


@pytest.mark.parametrize("days", [(0, 5), (5, 0)])
def test_a_decayed_sum_takes_late_events_where_they_belong(days):
    rows = [(day, {}) for day in days]
    assert told(counter(half_life=Days(5)), *rows) == 0.25 + 0.5


def test_a_window_forgets_days_and_nothing_else():
    fortnight = [(day, {}) for day in range(15)]
    assert told(counter(window=Days(5)), *fortnight, at=14) == 6.0
    assert told(counter(window=Days(5)), *fortnight, at=30) == 0.0


def test_distinct_values_count_once_while_they_last():
    items = [
        (1, {"item_id": "a"}),
        (8, {"item_id": "a"}),
        (2, {"item_id": "b"}),
        (9, {"item_id": None}),
    ]
    assert told(counter(distinct="item_id"), *items) == 2.0
    assert told(counter(distinct="item_id", window=Days(5)), *items) == 1.0


def test_first_and_last_are_by_time_not_by_arrival():
    rows = [(4, {}), (2, {}), (3, {})]
    assert told(counter(first="at_us"), *rows) == 2 * DAY_US
    assert told(counter(last="at_us"), *rows) == 4 * DAY_US


def test_nothing_is_zero_and_no_last_value_is_absent():
    assert told(counter(half_life=Days(5))) == 0.0
    assert math.isnan(told(counter(last="at_us")))


def test_a_row_without_the_number_does_not_count():
    paid = counter("user.paid", value="price_fen")
    assert told(paid, (1, {"price_fen": 300}), (2, {"price_fen": None})) == 300.0
