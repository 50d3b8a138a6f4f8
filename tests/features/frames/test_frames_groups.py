"""What serving sees of a group, and of who may share, is what training rows say."""

from contextlib import closing

import numpy as np
import pytest

from features.clock import DAY_US, HOUR_US
from features.events import Event
from features.frames import groups, propensity
from features.groupbuys import GroupBuy
from features.online import State
from features.points import Points
from features.reading import Reading
from tests.features.histories import START, ZONE, busy, catalogue, connect, replay

# Item counters are those of the start of the business day, so the catalogue is as of it.
NOW = int(ZONE.floor(START + 50 * DAY_US, "day")) + 5 * HOUR_US
PEOPLE = [f"u{n}" for n in range(5)]
ITEMS = ["i0", "i1", "i2", "ghost", "i0"]


@pytest.fixture(scope="module")
def world():
    events = busy(3_000)
    connection, table = connect(events)
    with closing(connection):
        items = catalogue(table, int(ZONE.floor(NOW, "day")))
        yield Points(connection, ZONE), items, replay(events, NOW)


def standing() -> groups.Standings:
    made = []
    for n, (starter, item) in enumerate(zip(PEOPLE, ITEMS, strict=True)):
        group = GroupBuy(f"g{n}")
        group.learn(
            Event(
                message_id="m", event="Group Buy Started", at_us=NOW - n * HOUR_US - 1,
                user_id=starter, group_buy_id=f"g{n}", item_id=item, size=n or None,
                expires_us=NOW + HOUR_US if n else None, price_fen=100,
            )
        )  # fmt: skip
        made.append(group)
    return groups.Standings.of(made, [NOW] * 5)


def same(one, other, formulas, size=5) -> None:
    rows = [groups.assemble(formulas, raw, size) for raw in (one, other)]
    np.testing.assert_allclose(*rows, rtol=1e-6, atol=1e-6)  # items are float32


def test_whether_a_group_fills_reads_the_same_online_and_offline(world):
    points, items, states = world
    online = groups.filling_online(standing(), items, states, ZONE)
    same(online, groups.filling_offline(points, standing()), groups.FILLING)


@pytest.mark.parametrize("user", ["u1", "u3", "nobody"])
def test_who_joins_reads_the_same_online_and_offline(world, user):
    points, items, states = world
    near, friends = np.arange(5.0), np.ones(5)
    reading = Reading(states.get(user, State()), NOW, ZONE)
    online = groups.joining_online(reading, standing(), items, near, friends)
    offline = groups.joining_offline(points, [user] * 5, standing(), items, near, friends)
    same(online, offline, groups.JOINING)


@pytest.mark.parametrize("user", ["u2", "nobody"])
def test_who_shares_reads_the_same_online_and_offline(world, user):
    points, items, states = world
    online = propensity.online(Reading(states.get(user, State()), NOW, ZONE), items, ITEMS)
    at_us = np.full(5, NOW)
    offline = propensity.offline(points, [user] * 5, ITEMS, items, at_us)
    same(online, offline, propensity.COLUMNS)


def test_a_group_as_it_stands():
    found = standing()
    assert np.isnan(found.missing[0])
    assert np.isnan(found.left[0])
    assert (found.missing[3], found.members[3]) == (2.0, 1.0)
    assert (found.hours[3], found.left[3]) == (pytest.approx(3.0, abs=1e-6), 1.0)
