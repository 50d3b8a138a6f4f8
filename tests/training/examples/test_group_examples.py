"""Groups as they stood and who looked at them, from histories whose answer is visible."""

from contextlib import closing

import numpy as np
import pytest

from features.clock import HOUR_US
from features.events import Event
from tests.features.histories import START, ZONE, catalogue, connect
from training.examples import groups, propensity
from training.past import Past
from training.split import Window

EVER = Window(0, START + 10_000 * HOUR_US)
LATE = START + 9_000 * HOUR_US


def act(hours: float, name: str, user: str, **more: object) -> Event:
    at_us = START + int(hours * HOUR_US)
    told = {"group_buy_id": "g", "item_id": "i0"} | more
    return Event(message_id=f"{name}{user}{hours}", event=name, at_us=at_us, user_id=user, **told)


STARTED = act(0, "Group Buy Started", "s", size=3, expires_us=START + 16 * HOUR_US)
FILLED = (
    STARTED, act(1, "Group Buy Viewed", "a"), act(2, "Group Buy Joined", "a"),
    act(3, "Group Buy Viewed", "b"), act(5, "Group Buy Joined", "c"),
    act(5, "Group Buy Succeeded", "s"),
)  # fmt: skip


def test_a_group_is_looked_at_while_it_is_open():
    found = list(groups.landmarks(FILLED))
    hours = [(at_us - START) // HOUR_US for _, at_us in found]
    assert hours == [0, 1, 2, 4]  # not at 8 and 12: it was full
    assert [group.missing for group, _ in found] == [2, 2, 1, 1]


def test_how_a_group_ended():
    assert groups.outcome(FILLED, LATE) is True
    assert groups.outcome(FILLED[:-1], LATE) is True  # full, though nobody said so
    assert groups.outcome(FILLED[:3], START + 15 * HOUR_US) is None
    assert groups.outcome(FILLED[:3], START + 16 * HOUR_US) is False
    assert groups.outcome((STARTED, act(1, "Group Buy Failed", "s")), START + HOUR_US) is False


def test_who_looked_and_whether_they_joined():
    found = [(one.user_id, one.joined, one.group.missing) for one in groups.looks([FILLED])]
    assert found == [("a", True, 2), ("b", False, 1), ("c", True, 1)]


@pytest.fixture
def told():
    events = [
        *FILLED, act(-1, "Tie Created", "a", peer_id="s", reason="friend", group_buy_id=None),
        act(30, "Group Buy Failed", "b", group_buy_id="h", item_id="i1"),
        act(40, "Order Completed", "c", item_id="i2", order_id="o"),
        act(50, "Product Viewed", "a"), act(51, "Product Shared", "a", share_id="s1"),
        act(60, "Product Viewed", "b"), act(90, "Product Shared", "b", share_id="s2"),
    ]  # fmt: skip
    connection, table = connect(events)
    with closing(connection):
        yield Past(connection, ZONE), catalogue(table, LATE)


def test_only_what_was_known_is_read(told):
    past, _ = told
    (story,) = groups.stories(past, EVER, START + 4 * HOUR_US)
    assert [event.user_id for event in story] == ["s", "a", "a", "b"]
    assert groups.fillings(past, [story], START + 4 * HOUR_US).labels.tolist() == []


def test_friends_are_near(told):
    past, items = told
    asked = list(groups.looks(groups.stories(past, Window(0, START + HOUR_US), LATE)))
    taught = groups.joinings(past, asked, items)
    column = list(groups.frame.JOINING).index("friend.count")
    assert np.expm1(taught.rows[:, column]).round().tolist() == [1.0, 0.0, 0.0]
    assert taught.labels.tolist() == [True, False, True]


def test_what_people_filled_failed_with_and_touched(told):
    past, items = told
    filled, failed, touched = (one.toarray() for one in groups.matrices(past, items, LATE))
    codes = [items.ids.code(name) for name in ("i0", "i1", "i2")]
    assert filled.sum(axis=0)[codes].tolist() == [1, 0, 0]
    assert failed.sum(axis=0)[codes].tolist() == [0, 1, 0]
    assert touched.sum(axis=0)[codes].tolist() == [2, 0, 1]  # two shares, one order


def test_a_share_counts_within_a_day_of_the_look(told):
    past, items = told
    found = propensity.taught(past, items, EVER, LATE, 100)
    assert found.labels.tolist() == [True, False]
    early = propensity.taught(past, items, EVER, START + 60 * HOUR_US, 100)
    assert early.labels.tolist() == []  # its day is not over
