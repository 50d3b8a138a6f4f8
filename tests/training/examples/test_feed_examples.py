"""Who is asked when, what would have been proposed, and what then happened."""

import numpy as np
import pytest

from features.catalogue import CATALOGUE
from features.clock import DAY_US, HOUR_US
from features.events import Event
from recsys.bundle import Settings
from recsys.ranking.lambdamart import Groups
from recsys.slate import Slate
from tests.features.histories import START, ZONE, catalogue, connect
from tests.recsys.moments import moment
from training.examples import feed
from training.examples.feed import Asked, Proposed
from training.metrics import Relevant
from training.past import Past, Queries
from training.split import Window

DAY = int(ZONE.floor(START, "day")) + DAY_US
WINDOW = Window(DAY, DAY + DAY_US)
ORDERS = Settings(target="Order Completed", repeats=True)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def event(hours: float, name: str, user: str, item: str | None = "i0", **more: object) -> Event:
    """Something that happened some hours after the window's start."""
    at_us = DAY + int(hours * HOUR_US)
    return Event(message_id=f"{name}{user}{item}{hours}", event=name, at_us=at_us, user_id=user,
                 item_id=item, order_id="o", **more)  # fmt: skip


def asked(*events: Event, settings: Settings = ORDERS, most: int = 99) -> dict[str, tuple]:
    """user → (hours after the window's start, items that count, orders before)."""
    connection, table = connect(events)
    items = catalogue(table, DAY)
    rng = np.random.default_rng(0)
    found = feed.ask(Past(connection, ZONE), items, settings, WINDOW, most, rng)
    indptr, codes = found.relevant
    rows = {
        user: (
            (int(at) - DAY) / HOUR_US,
            sorted(items.ids.names(codes[indptr[i] : indptr[i + 1]])),
            int(found.history[i]),
        )
        for i, (user, at) in enumerate(zip(found.queries.users, found.queries.at_us, strict=True))
    }
    connection.close()
    return rows


def test_a_person_is_asked_at_the_first_act_and_labelled_by_the_rest():
    found = asked(
        event(-5, "Order Completed", "u", "i2"),
        event(1, "Product Viewed", "u", "i1"),
        event(2, "Order Completed", "u", "i0"),
        event(3, "Order Completed", "u", "i1"),
        event(3, "Order Completed", "u", "i1", line=1),
        event(25, "Order Completed", "u", "i2"),
    )
    assert found == {"u": (1.0, ["i0", "i1"], 1)}


def test_who_wants_nothing_in_the_window_is_not_asked():
    assert asked(event(1, "Product Viewed", "looks"), event(-1, "Order Completed", "was")) == {}


def test_what_a_server_did_is_no_act():
    found = asked(
        event(1, "Recommendation Shown", "u", request_id="r"), event(4, "Order Completed", "u")
    )
    assert found["u"][0] == 4.0


@pytest.mark.parametrize(("repeats", "items"), [(True, ["i0", "i1"]), (False, ["i1"])])
def test_what_was_bought_before_counts_where_purchases_repeat(repeats, items):
    found = asked(
        event(-30, "Order Completed", "u", "i0"),
        event(1, "Order Completed", "u", "i0"),
        event(2, "Order Completed", "u", "i1"),
        settings=Settings(target="Order Completed", repeats=repeats),
    )
    assert found["u"][1] == items


def test_only_repeats_is_nothing_new():
    again = [event(-30, "Order Completed", "u"), event(1, "Order Completed", "u")]
    assert asked(*again, settings=Settings(target="Order Completed", repeats=False)) == {}


def test_who_does_not_want_to_be_known_is_not_asked():
    off = event(-1, "Personalization Toggled", "u", None, reason="off")
    assert asked(
        off, event(1, "Order Completed", "u"), event(1, "Order Completed", "v")
    ).keys() == {"v"}


def test_at_most_so_many_are_drawn():
    people = [event(1, "Order Completed", f"p{n}") for n in range(20)]
    assert len(asked(*people, most=5)) == 5


def proposed(*slates: list[int]) -> list[Proposed]:
    return [Proposed(moment(), Slate.of(codes, [0.0] * len(codes), "als")) for codes in slates]


def wanted(*items: list[int]) -> Asked:
    ends = np.cumsum([0, *(len(one) for one in items)])
    codes = np.array([code for one in items for code in one], dtype=np.int32)
    queries = Queries([f"u{n}" for n in range(len(items))], np.arange(len(items)))
    return Asked(queries, Relevant(ends, codes), np.zeros(len(items), dtype=np.int64))


def test_labels_are_what_was_wanted():
    marks = feed.labels(wanted([2], [5, 9]), proposed([1, 2, 3], [5, 6, 9]))
    assert [one.tolist() for one in marks] == [[False, True, False], [True, False, True]]


def test_negatives_are_drawn_and_queries_without_a_positive_left_out(rng):
    lists = proposed(list(range(50)), [60, 61], list(range(50)))
    kept_of, kept, marks = feed.sample(wanted([7], [99], [3, 4]), lists, 10, rng)
    assert kept_of.queries.users == ["u0", "u2"]
    assert [len(one.slate) for one in kept] == [11, 12]
    assert [one[one > 0].tolist() for one in marks] == [[feed.WANTED], [feed.WANTED] * 2]
    assert kept[0].slate.codes[marks[0] > 0].tolist() == [7]
    assert len(set(kept[0].slate.codes.tolist())) == 11


def test_fewer_negatives_than_wanted_are_all_taken(rng):
    _, kept, _ = feed.sample(wanted([1]), proposed([1, 2, 3]), 10, rng)
    assert sorted(kept[0].slate.codes.tolist()) == [1, 2, 3]


def test_popularity_is_that_of_the_mornings():
    events = [
        event(-1, "Order Completed", "u", "i0"),
        event(5, "Order Completed", "u", "i1"),
        event(6, "Order Completed", "v", "i1"),
    ]
    connection, table = connect(events)
    items = catalogue(table, DAY)
    popular = feed.daily_popularity(Past(connection, ZONE), items, CATALOGUE["item.orders_7"])
    today, tomorrow = (popular(DAY + n * DAY_US + 7 * HOUR_US) for n in (0, 1))
    assert items.ids.names(today.codes) == ["i0"]
    assert items.ids.names(tomorrow.codes) == ["i1", "i0"]
    # New York sets its clocks back on this day: it has 25 hours
    assert tomorrow.scores[0] == pytest.approx(2 ** (-20 / 24 / 7) + 2 ** (-19 / 24 / 7))
    connection.close()


def test_ranked_is_padded_and_leaves_out_what_has_no_score():
    slate = Slate.of([4, 5, 6], [0, 0, 0], "als")
    assert feed.ranked(slate, np.array([1.0, np.nan, 2.0]), 4).tolist() == [6, 4, -1, -1]
    assert feed.ranked(slate, np.array([1.0, 3.0, 2.0]), 2).tolist() == [5, 6]


def test_windows_are_put_one_after_the_other():
    one = Groups(np.zeros((2, 3), np.float32), np.array([0, 1]), np.array([2]))
    other = Groups(np.ones((3, 3), np.float32), np.array([1, 0, 0]), np.array([1, 2]))
    whole = feed.together([one, other])
    assert whole.rows[:, 0].tolist() == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert (whole.labels.tolist(), whole.sizes.tolist()) == ([0, 1, 1, 0, 0], [2, 1, 2])


def test_rows_are_the_same_however_many_are_read_at_once(monkeypatch):
    connection, table = connect([event(hour, "Product Viewed", f"u{hour}") for hour in range(4)])
    past, items = Past(connection, ZONE), catalogue(table, DAY)
    asked = Queries([f"u{hour}" for hour in range(4)], DAY + HOUR_US * np.arange(1, 5))
    lists = proposed([0, 1], [0], [1, 2], [0, 2])
    whole = feed.rows(past, items, asked, lists)
    monkeypatch.setattr(feed, "AT_ONCE", 2)
    np.testing.assert_array_equal(feed.rows(past, items, asked, lists), whole)
    assert len(whole) == 7
    assert len(np.unique(np.nan_to_num(whole), axis=0)) > 4
