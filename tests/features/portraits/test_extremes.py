"""Portraits of people as extreme as real data knows them."""

import json

import numpy as np
import pyarrow as pa
import pytest

from features import events as e
from features import snapshot
from features.clock import DAY_US
from features.errors import BundleMismatch
from features.home import Home
from features.ingest.run import ingest_table
from features.merging import together
from features.portraits import portrait as told
from features.reading import Reading
from features.references import References
from tests.features.portraits.people import NOON, NOTHING, ZONE, act, order, portrait, state, value

MILLION = 1_000_000


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> snapshot.Snapshot:
    """A million views by one person in a month; another buys each of three things once."""
    home = Home(tmp_path_factory.mktemp("home"))
    at_us = NOON + np.append(np.arange(MILLION) * (30 * DAY_US // MILLION), [0, 0, 0])
    n = len(at_us)
    things = {"item_id": ["a", "b", "c"], "category": ["hats"] * 3, "price_fen": [100, 200, 300]}
    ingest_table(pa.table({**things, "valid_from_us": [0, 0, 0]}), "items", home, "made up")
    ingest_table(
        pa.table({
            "message_id": pa.array([f"m{i}" for i in range(n)]),
            "event": pa.array([e.VIEWED] * MILLION + [e.ORDERED] * 3),
            "at_us": pa.array(at_us),
            "user_id": pa.array(["heavy"] * MILLION + ["light"] * 3),
            "order_id": pa.array([None] * MILLION + ["o1", "o2", "o3"]),
            "item_id": pa.array(["abc"[i % 3] for i in range(n)]),
        }),
        "events", home, "made up",
    )  # fmt: skip
    return snapshot.publish(home, NOON + 30 * DAY_US, ZONE)


def test_a_million_events_are_one_finite_portrait(newest: snapshot.Snapshot):
    rows = {row["user_id"]: row for row in newest.portraits.to_pylist()}
    assert rows["heavy"]["life__active_days_30"] == 31  # today and the thirty days before
    assert [one["key"] for one in rows["heavy"]["aff__cat_top"]] == ["hats"]
    json.dumps(rows["heavy"], allow_nan=False)
    json.dumps(rows["light"], allow_nan=False)


def test_a_category_of_three_items_has_price_bands(newest: snapshot.Snapshot):
    states = dict(snapshot.states(newest, pa.table({"user_id": pa.array([], pa.string())})))
    reading = Reading(states["light"], NOON + 30 * DAY_US, ZONE)
    bands = told(reading, newest.references, "light")["price.band_by_cat"].value
    assert [name for name, _ in bands] == ["hats"]
    assert 1 <= bands[0][1] <= 5


def test_who_only_returned_things_spent_nothing():
    refunds = [act(day, e.REFUNDED, order_id=f"o{day}", total_fen=500) for day in range(3)]
    found = portrait(refunds, 4)
    assert found["life.f_365"].value == 0
    assert found["life.m_365"].value <= 0
    assert {one.tag.name for one in found.tags}.isdisjoint({"life.aov_180", "promo.redeem_rate"})


def test_contradictory_facts_are_each_told_as_declared():
    profile = {"gender": "male", "birth_year": "2040", "city": "Atlantis", "city_tier": "1"}
    names = {one.tag.name: one.value for one in portrait([], 1, profile=profile).tags}
    assert (names["demo.gender"], names["geo.city"], names["geo.tier"]) == ("male", "Atlantis", "1")
    assert "demo.age_band" not in names


def test_merged_ids_are_one_person():
    one, other = [order(0), order(1, item="bags")], [order(2), order(3, item="hats")]
    both = together({"a": state(one), "b": state(other)}, {"a": state(one), "b": state(other)}, {})
    merged = told(Reading(both, NOON + 5 * DAY_US, ZONE), NOTHING)
    assert merged["life.f_365"].value == value(one + other, "life.f_365", 5) == 4
    assert merged["aff.breadth"].value == pytest.approx(value(one + other, "aff.breadth", 5))


def test_references_of_another_version_are_refused(newest: snapshot.Snapshot):
    other = References.empty()
    with pytest.raises(BundleMismatch, match="other references"):
        newest.references.require(other.version)
