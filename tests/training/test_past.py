"""A moment made from the history equals the one that serving makes from the states."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from features import columns as c
from features import consent
from features.clock import DAY_US
from features.counters import Scope
from features.events import Event
from features.ids import IdMap
from features.online import State
from features.reading import Reading
from recsys.moment import Moment, closest, of_state
from tests.features.histories import START, ZONE, busy, connect, histories, moments, replay
from training.past import Past, Queries

IDS = IdMap.of(["i0", "i1"])
"""The bundle knows two of the three items."""


def served(states: dict[str, State], user: str, at_us: int) -> Moment:
    """The moment as the feed makes it."""
    reading = Reading(states.get(user, State()), at_us, ZONE)
    close = closest(reading)
    if not consent.gives(consent.say(reading.state), Scope.SOCIAL_GRAPH):
        close = []
    friends = [(strength, states[name]) for name, strength in close if name in states]
    return of_state(reading, friends, IDS)


def trained(events: list[Event], users: list[str], at_us: int) -> list[Moment]:
    """The moments as training makes them."""
    connection, _ = connect(events)
    queries = Queries(users, np.full(len(users), at_us))
    found = list(Past(connection, ZONE).moments(queries, IDS))
    connection.close()
    return found


def assert_same(one: Moment, other: Moment) -> None:
    assert one.at_us == other.at_us
    for part, fields in (
        ("acts", ("codes", "weights", "ordered", "ages")),
        ("friends", ("codes", "score", "count", "bought")),
    ):
        for field in fields:
            mine, theirs = (getattr(getattr(moment, part), field) for moment in (one, other))
            np.testing.assert_allclose(mine, theirs, rtol=1e-6, err_msg=f"{part}.{field}")
    assert one.bought.tolist() == other.bought.tolist()


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), moments)
def test_random_histories(events, cut):
    at_us = START + cut
    users = ["u0", "u1", "用户2", "stranger"]
    states = replay(events, at_us)
    for user, moment in zip(users, trained(events, users, at_us), strict=True):
        assert_same(served(states, user, at_us), moment)


@pytest.mark.parametrize("day", [9, 50])
def test_a_long_history_with_ties_and_choices(day):
    events, at_us = busy(1_500), START + day * DAY_US + 999
    users = [f"u{n}" for n in range(5)]
    states = replay(events, at_us)
    found = trained(events, users, at_us)
    for user, moment in zip(users, found, strict=True):
        assert_same(served(states, user, at_us), moment)
    assert any(len(moment.friends.codes) for moment in found)
    assert any(len(moment.bought) for moment in found)


def event(n: int, name: str, at_us: int, user: str, **more: object) -> Event:
    return Event(message_id=f"m{n}", event=name, at_us=START + at_us, user_id=user, **more)


def test_the_query_does_not_see_its_own_instant():
    events = [event(0, "Product Viewed", 10, "u0", item_id="i0")]
    at, after = (trained(events, ["u0"], START + when)[0] for when in (10, 11))
    assert (len(at.acts.codes), len(after.acts.codes)) == (0, 1)


def test_companions_are_those_of_the_time():
    events = [
        event(0, "Share Link Opened", 10, "u1", peer_id="u0", share_id="s", item_id="i0"),
        event(1, "Tie Created", 20, "u2", peer_id="u0", reason="friend"),
        event(2, "Tie Removed", 30, "u2", peer_id="u0", reason="friend"),
    ]
    connection, _ = connect(events)
    asked = Queries(["u0"] * 4, START + np.array([10, 20, 30, 31]))
    around = Past(connection, ZONE).companions(asked)
    assert list(zip(around.query.tolist(), around.peers, around.tied, strict=True)) == [
        (1, "u1", 0.0), (2, "u1", 0.0), (2, "u2", 1.0), (3, "u1", 0.0),
    ]  # fmt: skip
    connection.close()


def test_nobody_who_refused_is_a_companion_from_then_on():
    events = [
        event(0, "Share Link Opened", 10, "u1", peer_id="u0", share_id="s", item_id="i0"),
        event(1, "Consent Updated", 20, "u1", reason="personalize"),
    ]
    connection, _ = connect(events)
    for user in ("u0", "u1"):
        asked = Queries([user] * 2, START + np.array([20, 21]))
        assert Past(connection, ZONE).companions(asked).query.tolist() == [0]
    connection.close()


def test_somebody_unknown_has_an_empty_moment():
    (moment,) = trained([event(0, "Product Viewed", 0, "u0", item_id="i0")], ["ghost"], START + 9)
    assert (len(moment.acts.codes), len(moment.friends.codes), len(moment.bought)) == (0, 0, 0)


def test_queries_are_a_table():
    table = Queries(["a", "b"], np.array([1, 2])).table()
    assert table[c.USER].to_pylist() == ["a", "b"]
    assert table["asked_us"].to_pylist() == [1, 2]
