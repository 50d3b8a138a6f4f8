"""A row of an earlier instant knows the links between ids of that instant, and no later one."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from features import columns as c
from features import snapshot
from features.catalogue import of_key
from features.clock import DAY_US
from features.counters import Key
from features.events import Event
from features.home import Home
from features.ids import IdMap
from tests.features.histories import START, ZONE, busy, keep
from tests.training.test_past import assert_same
from training import past as history
from training.circles import Circles
from training.eras import Eras, under
from training.examples.sharing import _near
from training.past import Past, Queries

IDS = IdMap.of(["i0", "i1"])
END = START + 61 * DAY_US
SAID = [
    (10, "User Aliased", "u0", "u1"),
    (20, "User Identified", "u3", "u2"),
    (30, "User Separated", "u0", "u1"),
    (45, "User Aliased", "u1", "u2"),
]
"""Day, what, and of whom."""

ASKED = [("u0", 5), ("u1", 15), ("u2", 15), ("u3", 25), ("u0", 25), ("u1", 40), ("u3", 50),
         ("u4", 50)]  # fmt: skip


def linked() -> list[Event]:
    claims = [
        Event(
            message_id=f"id{day}", event=name, at_us=START + day * DAY_US, user_id=one, peer_id=two
        )
        for day, name, one, two in SAID
    ]
    return [*busy(700, seed=3), *claims]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    keep(home, linked())
    return home


@pytest.fixture(scope="module")
def whole(home: Home) -> Past:
    return history.opened(home, END, ZONE, clean=False)[0]


@pytest.fixture(scope="module")
def truth(home: Home) -> list[tuple[Past, str, int]]:
    """For each query the history as it ended then, and the main id of then."""
    found = []
    for user, day in ASKED:
        at_us = START + day * DAY_US + 7
        then = Past(snapshot.connect_facts(home, at_us, ZONE)[0], ZONE)
        found.append((then, under(then.mains, [user])[0], at_us))
    return found


def queries(truth: list[tuple[Past, str, int]]) -> Queries:
    return Queries([user for user, _ in ASKED], np.array([at_us for *_, at_us in truth]))


def test_the_ids_of_a_person_change_in_time(whole: Past, truth: list[tuple[Past, str, int]]):
    assert [user for _, user, _ in truth] == ["u0", "u0", "u2", "u2", "u0", "u1", "u1", "u4"]
    assert whole.mains == {"u1": "u1", "u2": "u1", "u3": "u1"}


@pytest.mark.parametrize("key", [Key.USER, Key.PAIR, Key.CATEGORY])
def test_counters(whole: Past, truth: list[tuple[Past, str, int]], key: Key):
    asked = queries(truth)
    tails = {
        Key.PAIR: {c.PEER: ["u3"] * len(asked)},
        Key.CATEGORY: {"category": ["c0"] * len(asked)},
    }
    keys = {c.USER: asked.users, **tails.get(key, {})}
    found = whole.points.values(key, keys, asked.at_us)
    for i, (then, _, at_us) in enumerate(truth):
        alone = {name: under(then.mains, [column[i]]) for name, column in keys.items()}
        expected = then.points.values(key, alone, np.array([at_us]))
        for counter in of_key(key):
            np.testing.assert_allclose(
                found[counter.name][i], expected[counter.name][0], rtol=1e-9, err_msg=counter.name
            )


def test_moments_and_choices(whole: Past, truth: list[tuple[Past, str, int]]):
    asked = queries(truth)
    told = zip(whole.moments(asked, IDS), whole.say(asked), truth, strict=True)
    for moment, said, (then, user, at_us) in told:
        alone = Queries([user], np.array([at_us]))
        assert_same(moment, next(then.moments(alone, IDS)))
        assert said == then.say(alone)[0]


def test_people_near_and_two_steps_away(whole: Past, truth: list[tuple[Past, str, int]]):
    asked = queries(truth)
    for i, (near, far) in enumerate(around(whole, asked)):
        then, user, at_us = truth[i]
        assert (near, far) == next(around(then, Queries([user], np.array([at_us]))))


def around(past: Past, asked: Queries) -> Iterator[tuple[list[str], list[str]]]:
    circles = Circles(past)
    near = _near(past, asked)
    far = circles.far(asked, near.query, near.peers, near.weights)
    for i in range(len(asked)):
        yield near.peers[near.query == i].tolist(), far.peers[far.query == i].tolist()


def test_without_links_there_is_one_era(tmp_path: Path):
    home = Home(tmp_path)
    keep(home, busy(50))
    assert history.opened(home, END, ZONE, clean=False)[0].eras is None


def test_where_much_is_said_links_wait_for_the_next_era():
    eras: Eras[int] = Eras(np.arange(100, 200), 4, lambda at_us: (at_us, None))  # type: ignore[arg-type, return-value]
    known = {int(rows[0]): era for era, rows in eras.apart(np.arange(90, 250), -1)}
    assert len(known) == 5
    assert list(known.values()) == [0, 125, 150, 175, -1]
    assert all(era <= 90 + first for first, era in known.items())
