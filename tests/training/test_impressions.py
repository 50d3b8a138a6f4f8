"""Lists of three items: what belongs to which of them."""

from contextlib import closing

import numpy as np
import pytest

from features import events as e
from features import snapshot, tombstones
from features.clock import DAY_US, SECOND_US
from features.errors import InputError
from features.events import Event
from features.history import utc_day
from features.home import Home
from recsys.query import FeedAnswer, FeedItem
from serving.impressions import Shown, write_part
from tests.features.histories import START, ZONE, keep
from training import impressions
from training.past import Past
from training.split import Window

MINUTE_US = 60 * SECOND_US
DAY = Window(START, START + DAY_US)
OUTCOMES = {"click": (e.VIEWED, e.CLICKED), "share": (e.SHARED,)}
ITEMS = ("i0", "i1", "i2")


def event(name: str, minute: float, user="u1", item="i1", request=None, **more) -> Event:
    at_us = START + int(minute * MINUTE_US)
    return Event(
        message_id=f"{name}{minute}{item}{user}", event=name, at_us=at_us, user_id=user,
        item_id=item, request_id=request, share_id="s" if name == e.SHARED else None, **more,
    )  # fmt: skip


def serve(home: Home, request: str, minute: float, user="u1", first=0) -> None:
    """The service answers with all items; the last one stands at an exploring place."""
    chances = (1.0, 1.0, 0.05)
    items = tuple(
        FeedItem(item, 0.5, ("als",), (), p) for item, p in zip(ITEMS, chances, strict=True)
    )
    at_us = START + int(minute * MINUTE_US)
    shown = Shown.of(request, user, at_us, "home", "beef", first, FeedAnswer(items, True, True))
    write_part(home.table("impressions") / f"day={utc_day(at_us)}", (), [shown])


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def read(home: Home, *events: Event, most: int = 99) -> impressions.Impressions:
    keep(home, [event(e.VIEWED, 2000, user="u9"), *events])
    connection, _ = snapshot.connect_facts(home, DAY.end_us + DAY_US, ZONE)
    with closing(connection):
        rng = np.random.default_rng(0)
        past = Past(connection, ZONE)
        return impressions.read(past, home, DAY, OUTCOMES, 60 * MINUTE_US, most, rng)


def came(found: impressions.Impressions, name: str = "click") -> list[tuple[str, str]]:
    """(person, item) of each impression of which an outcome came."""
    return [
        (found.queries.users[found.lists[i]], found.items[i])
        for i in np.flatnonzero(found.came[name])
    ]


def test_what_was_served_stands_in_its_place_with_its_propensity(home):
    serve(home, "r1", 0, first=20)
    found = read(home)
    assert (found.items, found.places.tolist()) == (list(ITEMS), [20.0, 21.0, 22.0])
    assert found.propensity.tolist() == [1.0, 1.0, 0.05]
    assert (found.queries.users, found.queries.at_us.tolist()) == (["u1"], [START])


def test_an_act_belongs_to_the_request_it_names(home):
    serve(home, "r1", 0)
    serve(home, "r2", 10)
    found = read(home, event(e.CLICKED, 300, request="r1"), event(e.VIEWED, 11, item="i2"))
    assert came(found) == [("u1", "i1")]  # hours later; the view came from elsewhere
    assert found.lists[found.came["click"]].tolist() == [0]


def test_acts_that_name_no_request_belong_to_the_last_list_for_an_hour(home):
    serve(home, "r1", 0)
    serve(home, "r2", 10)
    found = read(home, event(e.SHARED, 30), event(e.SHARED, 71, item="i2"))
    assert came(found, "share") == [("u1", "i1")]
    assert found.lists[found.came["share"]].tolist() == [1]


def test_an_act_before_its_impression_teaches_nothing(home):
    serve(home, "r1", 10)
    found = read(home, event(e.CLICKED, 9, request="r1"))
    assert found.items == ["i0", "i2"]
    assert not found.came["click"].any()


def test_what_came_after_the_window_is_not_known(home):
    serve(home, "r1", 1400)
    assert came(read(home, event(e.CLICKED, 1441, request="r1"))) == []


def test_what_the_app_saw_counts_where_it_says_so(home):
    serve(home, "r1", 0)
    serve(home, "r2", 5)
    found = read(home, event(e.SHOWN, 1, item="i2", request="r1", position=7))
    assert (found.items, found.places.tolist()) == (["i2"], [2.0])  # the place of the log
    assert (found.propensity.tolist(), found.queries.at_us[0]) == ([0.05], START)


def test_lists_that_only_the_app_knows_count_beside_those_of_the_service(home):
    serve(home, "r1", 0)
    shown = [
        event(e.SHOWN, 2, item=item, request="theirs", position=n + 1, propensity=0.5)
        for n, item in enumerate(ITEMS[:2])
    ]
    found = read(home, *shown)
    assert found.items == [*ITEMS, "i0", "i1"]
    assert found.places.tolist() == [0.0, 1.0, 2.0, 0.0, 1.0]  # counted from 1 there


def test_lists_are_drawn(home):
    for n in range(9):
        serve(home, f"r{n}", n, user=f"u{n}")
    found = read(home, most=4)
    assert (len(found.queries), len(found.items)) == (4, 12)
    assert found.lists.tolist() == np.repeat(np.arange(4), 3).tolist()


def test_people_who_were_forgotten_are_not_in_it(home):
    serve(home, "r1", 0, user="gone")
    serve(home, "r2", 0)
    stones = tombstones.Tombstones("salt").having("gone", START)
    tombstones.path(home).write_text(tombstones.text(stones))
    assert read(home).queries.users == ["u1"]


def test_one_person_is_known_by_the_main_id(home):
    serve(home, "r1", 30, user="anonymous:a")
    linked = Event(
        message_id="l", event=e.IDENTIFIED, at_us=START, user_id="u1", peer_id="anonymous:a"
    )
    found = read(home, linked, event(e.SHARED, 31))
    assert came(found, "share") == [("u1", "i1")]


def test_where_nothing_was_shown_there_is_nothing(home):
    assert len(read(home).queries) == 0


def test_a_broken_part_is_named(home):
    folder = home.table("impressions") / f"day={utc_day(START)}"
    folder.mkdir(parents=True)
    (folder / "part-1.parquet").write_text("no parquet")
    with pytest.raises(InputError, match=r"impressions cannot be read.*part-1.*elsewhere"):
        read(home)
