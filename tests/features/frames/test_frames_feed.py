"""Rows made while serving equal rows made for training, for the same person, item and instant."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from features.clock import DAY_US
from features.events import Event
from features.frames import feed as frame
from features.items import NEVER_US
from features.online import State
from features.points import Points
from features.reading import Reading
from tests.features.histories import (
    ITEM,
    START,
    ZONE,
    busy,
    catalogue,
    connect,
    histories,
    moments,
    replay,
)  # fmt: skip

OTHERS = (
    "source.als", "source.als_rank", "source.similar", "source.similar_rank",
    "source.friends_taste_rank", "source.popular_rank", "source.friends_rank",
    "source.alike_rank",
    "source.local_rank", "source.content", "source.content_rank", "source.session_rank",
    "source.due", "source.due_rank", "source.again", "source.again_rank",
    "friends.score", "friends.count", "friends.bought",
)  # fmt: skip
"""Raw columns that the slate and the moment bring."""

PEOPLE = ["u0", "u1", "u3", "用户2", "stranger"]


def served_and_trained(events, at_us: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of every person and every item at one instant, made both ways."""
    connection, table = connect(events)
    items = catalogue(table, at_us)
    states = replay(events, at_us)
    codes = np.tile(np.arange(len(items), dtype=np.int32), len(PEOPLE))
    query = np.repeat(np.arange(len(PEOPLE)), len(items))
    asked = frame.Examples(PEOPLE, np.full(len(PEOPLE), at_us), query, codes)
    nothing = dict.fromkeys(OTHERS, np.array(np.nan))
    trained = frame.assemble(
        frame.offline(Points(connection, ZONE), items, asked) | nothing, len(codes)
    )
    connection.close()
    own = np.arange(len(items), dtype=np.int32)
    served = [
        frame.assemble(
            frame.online(Reading(states.get(person, State()), at_us, ZONE), items, own) | nothing,
            len(own),
        )
        for person in PEOPLE
    ]
    return np.concatenate(served), trained


def assert_equal(served: np.ndarray, trained: np.ndarray) -> None:
    for i, name in enumerate(frame.COLUMNS):
        np.testing.assert_allclose(
            served[:, i], trained[:, i], rtol=1e-6, atol=1e-6, equal_nan=True, err_msg=name
        )


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), moments)
def test_random_histories(events, cut):
    assert_equal(*served_and_trained(events, START + cut))


def test_more_returned_than_seen():
    refunds = [
        Event(
            message_id=f"m{n}", event="Order Refunded", at_us=START + n, user_id="u0", item_id="i0"
        )
        for n in range(9)
    ]
    served, trained = served_and_trained(refunds, START + DAY_US)
    assert_equal(served, trained)
    trend = served[:, list(frame.COLUMNS).index("item.trend")]
    assert np.isfinite(trend).all()


def test_a_long_history():
    served, trained = served_and_trained(busy(600), START + 31 * DAY_US + 777)
    assert_equal(served, trained)
    told = np.nanmax(np.nan_to_num(served), axis=0) > np.nan_to_num(served).min(axis=0)
    varying = {name for name, one in zip(frame.COLUMNS, told, strict=True) if one}
    assert {"item.views_7", "user.opens_30", "taste.category_share", "touch.orders"} <= varying


def test_what_is_unknown_is_empty_and_not_zero():
    served, _ = served_and_trained([], START)
    row = dict(zip(frame.COLUMNS, served[0].tolist(), strict=True))
    assert math.isnan(row["user.since_order"])
    assert math.isnan(row["taste.price_gap"])
    ages = served[: len(ITEM), list(frame.COLUMNS).index("item.age")]
    assert np.isnan(ages).sum() == sum(one.listed_us is None for one in ITEM.values()) == 1
    assert row["user.views_7"] == row["touch.orders"] == 0.0


def test_the_formulas_read_as_they_say():
    connection, table = connect([])
    items = catalogue(table, START)
    connection.close()
    items.listed_us[:] = NEVER_US
    items.listed_us[0] = START - 3 * DAY_US
    reading = Reading(State(), START, ZONE)
    raw = frame.online(reading, items, np.array([0, 1], dtype=np.int32))
    nothing = dict.fromkeys(OTHERS, np.array(np.nan))
    rows = frame.assemble(raw | nothing | {"touch.orders": np.array([3.0, 0.0])}, 2)
    column = dict(zip(frame.COLUMNS, rows.T.tolist(), strict=True))
    assert column["item.age"] == pytest.approx([math.log(4), math.nan], nan_ok=True)
    assert column["touch.orders"] == pytest.approx([math.log(4), 0.0])
    assert column["moment.hour"] == [8.0, 8.0]  # 12:26 in UTC, summer time in New York
    assert column["moment.weekday"] == [5.0, 5.0]  # a Saturday


def test_another_column_is_another_fingerprint(monkeypatch):
    before = frame.feature_hash()
    monkeypatch.setattr(frame, "COLUMNS", {**frame.COLUMNS, "item.new": frame._as_is("item.new")})
    assert frame.feature_hash() != before
