"""What events borrow from items, people and the calendar."""

import ibis
import numpy as np
import pyarrow as pa
import pytest

from features import columns as c
from features.clock import BusinessZone, parse_instant
from features.facts import facts
from features.tables import EVENTS, ITEMS, USERS

TEA = {c.ITEM: "tea", c.CATEGORY: "drinks", c.PRICE: 100}


def told(events: list[dict], items=(), users=(), zone: str = "UTC") -> list[dict]:
    """Facts of events, oldest first."""
    rows = [
        {c.MESSAGE: f"m{n}", c.LINE: 0, c.EVENT: "Product Viewed", c.USER: "u", **event}
        for n, event in enumerate(events)
    ]
    tables = [
        ibis.memtable(pa.Table.from_pylist(list(given), schema=kind.schema))
        for given, kind in ((rows, EVENTS), (items, ITEMS), (users, USERS))
    ]
    at = [row[c.AT] for row in rows]
    found = facts(*tables, BusinessZone(zone), min(at), max(at))
    return sorted(found.to_pyarrow().to_pylist(), key=lambda row: row[c.AT])


@pytest.mark.parametrize(
    ("at_us", "category"), [(5, "old"), (10, "old"), (19, "old"), (20, "new"), (99, "new")]
)
def test_the_version_in_force_at_the_events_time(at_us, category):
    versions = [
        {c.ITEM: "tea", c.VALID_FROM: 10, c.CATEGORY: "old"},
        {c.ITEM: "tea", c.VALID_FROM: 20, c.CATEGORY: "new"},
    ]
    (row,) = told([{c.AT: at_us, c.ITEM: "tea"}], versions)
    assert row[c.CATEGORY] == category


def test_the_price_paid_goes_before_the_price_asked():
    events = [{c.AT: 1, c.ITEM: "tea"}, {c.AT: 2, c.ITEM: "tea", c.PRICE: 50},
              {c.AT: 3, c.ITEM: "tea", c.PRICE: 0}, {c.AT: 4, c.ITEM: "ghost"}]  # fmt: skip
    prices = [row["log_price"] for row in told(events, [TEA | {c.VALID_FROM: 0}])]
    assert prices[:2] == [pytest.approx(np.log(100)), pytest.approx(np.log(50))]
    assert prices[2:] == [None, None]


def test_an_event_without_an_item_stays_one_row():
    items = [TEA | {c.VALID_FROM: 0}, TEA | {c.VALID_FROM: 9}]
    (row,) = told([{c.AT: 5}], items)
    assert row[c.ITEM] is None
    assert row[c.CATEGORY] is None


def test_the_city_tier_is_the_persons_at_that_time():
    users = [
        {c.USER: "u", c.VALID_FROM: 0, c.CITY_TIER: "3"},
        {c.USER: "u", c.VALID_FROM: 10, c.CITY_TIER: "1"},
    ]
    rows = told([{c.AT: 9}, {c.AT: 10}, {c.AT: 11, c.USER: "other"}], users=users)
    assert [row[c.CITY_TIER] for row in rows] == ["3", "1", None]


def test_hours_follow_the_zone_through_the_end_of_summer_time():
    moments = ["2025-11-02T05:30:00Z", "2025-11-02T06:30:00Z", "2025-11-03T04:59:59Z",
               "2025-11-03T05:00:00Z"]  # fmt: skip
    rows = told([{c.AT: parse_instant(at)} for at in moments], zone="America/New_York")
    assert [row["hour"] for row in rows] == ["1", "1", "23", "0"]
    days = [row["day"] for row in rows]
    assert [day - days[0] for day in days] == [0, 0, 0, 1]


def test_a_minute_before_and_after_midnight_in_beijing():
    moments = ["2025-11-11T23:59:00+08:00", "2025-11-12T00:01:00+08:00"]
    rows = told([{c.AT: parse_instant(at)} for at in moments], zone="Asia/Shanghai")
    assert rows[1]["day"] - rows[0]["day"] == 1
    assert [row["hour"] for row in rows] == ["23", "0"]
