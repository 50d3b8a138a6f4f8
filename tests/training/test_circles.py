"""Who may be proposed: found in a history as it is found online."""

import numpy as np
import pytest

from features.clock import DAY_US, Refresh
from features.events import Event
from features.frames.sharing import TIED
from features.online import State
from features.reading import Reading
from recsys.people.far import far
from recsys.people.near import near
from tests.features.histories import START, ZONE, busy, catalogue, connect, replay
from training.circles import Circles
from training.examples.sharing import _near
from training.past import Past, Queries

PEOPLE = [f"u{n}" for n in range(5)]


@pytest.mark.parametrize("size", [12, 60, 400])
def test_serving_finds_whom_training_finds(size):
    events = [one for one in busy(size, seed=size) if not one.event.startswith("Consent")]
    at_us = START + 31 * DAY_US + 777
    connection, _ = connect(events)
    asked = Queries(PEOPLE, np.full(len(PEOPLE), at_us))
    circles = Circles(Past(connection, ZONE))
    around = _near(circles.past, asked)
    found = circles.far(asked, around.query, around.peers, around.weights)
    connection.close()
    states = replay(events, at_us)
    for i, person in enumerate(PEOPLE):
        reading = Reading(states.get(person, State()), at_us, ZONE)
        names, weights = near(reading)
        mine = around.query == i
        assert around.peers[mine].tolist() == names
        np.testing.assert_allclose(around.weights[mine], weights, rtol=1e-9)
        beyond = far(reading, person, names, weights, states)
        theirs = found.query == i
        assert found.peers[theirs].tolist() == list(beyond)
        walked = np.array(list(beyond.values())).reshape(-1, 2)
        np.testing.assert_allclose(found.reach[theirs], walked[:, 0], rtol=1e-9)
        assert found.ways[theirs].tolist() == walked[:, 1].tolist()


def opened(hours: float, user: str, sharer: str, item: str = "i0") -> Event:
    at_us = START + int(hours * DAY_US / 24)
    return Event(message_id=f"{user}{sharer}{hours}", event="Share Link Opened", at_us=at_us,
                 user_id=user, peer_id=sharer, share_id="s", item_id=item)  # fmt: skip


def test_friends_of_friends_by_how_much_leads_there():
    events = [opened(1, "a", "u"), opened(1, "b", "a"), opened(1, "c", "a"), opened(1, "c", "a2")]
    states = replay(events, START + DAY_US)
    reading = Reading(states["u"], START + DAY_US, ZONE)
    names, weights = near(reading)
    found = far(reading, "u", names, weights, states)
    assert (names, sorted(found)) == (["a"], ["b", "c"])
    assert found["b"] == pytest.approx((1 / 3, 1.0))  # a met u, b and c alike


def test_whom_a_friend_meets_later_changes_nothing():
    tie = Event(message_id="t", event="Tie Created", at_us=START, user_id="u", peer_id="z",
                reason="friend")  # fmt: skip
    events = [tie, opened(1, "a", "u"), opened(1, "b", "a")]
    asked = Queries(["u"], np.array([START + DAY_US]))
    reaches = []
    for later in ([], [opened(30, "x", "z")]):
        connection, _ = connect([*events, *later])
        circles = Circles(Past(connection, ZONE))
        around = _near(circles.past, asked)
        reaches.append(circles.far(asked, around.query, around.peers, around.weights).reach[0])
        connection.close()
    assert reaches[0] == reaches[1]


def test_a_tie_is_nearer_than_nobody_and_less_than_an_opening():
    tie = Event(message_id="t", event="Tie Created", at_us=START, user_id="u", peer_id="z",
                reason="friend")  # fmt: skip
    state = replay([tie, opened(1, "a", "u")], START + DAY_US)["u"]
    names, weights = near(Reading(state, START + DAY_US, ZONE))
    assert names == ["a", "z"]
    assert weights[1] == TIED


def test_whom_an_item_may_suit_is_known_since_the_start_of_the_day():
    events = [opened(1, "a", "u", "i0"), opened(2, "b", "u", "i2"), opened(50, "c", "u", "i1"),
              opened(51, "late", "u", "i0")]  # fmt: skip
    connection, table = connect(events)
    circles = Circles(Past(connection, ZONE))
    items = catalogue(table, START + 3 * DAY_US)
    at_us = START + int(51.5 * DAY_US / 24)
    day = int(ZONE.floor(np.array([at_us]), Refresh.DAY)[0])
    assert START + 2 * DAY_US / 24 < day < at_us
    found = circles.suited(items, ["i0"], np.array([at_us]))
    audience = circles.audience(items, at_us)
    connection.close()
    assert sorted(found.peers.tolist()) == audience.of(items, "i0")
    assert {"a", "b"} <= set(audience.of(items, "i0"))
    assert "late" not in audience.of(items, "i0")
    assert audience.of(items, "ghost") == []
