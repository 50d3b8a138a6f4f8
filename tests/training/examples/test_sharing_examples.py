"""Who shared what, and who of the people around opened it."""

import numpy as np
import pytest

from features.clock import DAY_US, HOUR_US
from features.events import Event
from tests.features.histories import START, ZONE, catalogue, connect
from training.circles import Circles
from training.examples import sharing
from training.past import Past
from training.split import Window

EVER = Window(0, START + 500 * DAY_US)


def shared(hours: float, user: str, share: str, item: str = "i0") -> Event:
    return act(hours, "Product Shared", user, share, item)


def opened(hours: float, user: str, sharer: str, share: str, item: str = "i0") -> Event:
    return act(hours, "Share Link Opened", user, share, item, peer_id=sharer)


def act(hours: float, name: str, user: str, share: str, item: str, **more: object) -> Event:
    at_us = START + int(hours * HOUR_US)
    return Event(message_id=f"{name}{user}{share}{hours}", event=name, at_us=at_us, user_id=user,
                 share_id=share, item_id=item, **more)  # fmt: skip


@pytest.fixture
def told():
    """Ask about a history; its connection is closed afterwards."""
    opened_ones = []

    def tell(*events: Event) -> tuple[Past, object]:
        connection, table = connect(events)
        opened_ones.append(connection)
        return Past(connection, ZONE), catalogue(table, START + 90 * DAY_US)

    yield tell
    for connection in opened_ones:
        connection.close()


def test_a_share_and_its_openers(told):
    past, _ = told(
        shared(1, "u", "s1"), opened(2, "a", "u", "s1"), opened(3, "b", "u", "s1"),
        opened(4, "a", "u", "s1"), shared(5, "u", "s2", "i1"), opened(6, "a", "u", "s2", "i1"),
    )  # fmt: skip
    found = sharing.shares(past, EVER)
    assert found.queries.users == ["u", "u"]
    assert found.items == ["i0", "i1"]
    assert found.opened_by == [{"a", "b"}, {"a"}]


@pytest.mark.parametrize(
    "later",
    [
        opened(8 * 24, "a", "u", "s1"),  # more than a week later
        opened(0.5, "a", "u", "s1"),  # before it was shared
        opened(2, "u", "u", "s1"),  # the sharer
        opened(2, "a", "u", "other"),
    ],
)
def test_what_is_no_answer_to_the_share(told, later):
    past, _ = told(shared(1, "u", "s1"), later)
    assert len(sharing.shares(past, EVER).queries) == 0


def test_openings_that_came_later_than_what_is_known_do_not_count(told):
    past, _ = told(shared(1, "u", "s1"), opened(2, "a", "u", "s1"), opened(9, "b", "u", "s1"))
    known = sharing.shares(past, EVER, known_us=START + 9 * HOUR_US)
    assert known.opened_by == [{"a"}]


def test_a_window_holds_its_shares(told):
    past, _ = told(
        shared(1, "u", "s1"), opened(2, "a", "u", "s1"),
        shared(30, "u", "s2"), opened(31, "a", "u", "s2"),
    )  # fmt: skip
    window = Window(START + DAY_US, START + 2 * DAY_US)
    assert sharing.shares(past, window).queries.at_us.tolist() == [START + 30 * HOUR_US]


def test_who_refuses_neither_shares_nor_opens(told):
    refuses = Event(message_id="c", event="Consent Updated", at_us=START, user_id="a", reason="")
    past, _ = told(
        refuses, shared(1, "u", "s1"), opened(2, "a", "u", "s1"), opened(3, "b", "u", "s1"),
        shared(4, "a", "s2"), opened(5, "b", "a", "s2"),
    )  # fmt: skip
    found = sharing.shares(past, EVER)
    assert (found.queries.users, found.opened_by) == (["u"], [{"b"}])


def test_parts_and_the_newest(told):
    events = [
        one
        for n in range(5)
        for one in (shared(n, "u", f"s{n}"), opened(n + 0.1, f"p{n}", "u", f"s{n}"))
    ]
    found = sharing.shares(told(*events)[0], EVER)
    assert found.newest(2).opened_by == [{"p3"}, {"p4"}]
    assert found.part(1, 3).opened_by == [{"p1"}, {"p2"}]
    assert len(found.newest(99).queries) == 5


def test_candidates_know_nothing_of_the_share_itself(told):
    past, items = told(
        shared(1, "u", "s1"), opened(2, "a", "u", "s1"),
        shared(30, "u", "s2"), opened(31, "a", "u", "s2"), opened(32, "b", "u", "s2"),
    )  # fmt: skip
    asked = sharing.shares(past, EVER)
    found = sharing.candidates(Circles(past), items, asked)
    assert found.query.tolist() == [1]  # at the first share nobody was around yet
    assert found.peers.tolist() == ["a"]
    assert found.raw["pair.opened_by"].tolist() == [1.0]
    assert found.opened.tolist() == [True]
    assert found.sizes.tolist() == [1]


def test_shares_whose_openers_were_no_candidates_teach_nothing(told):
    past, items = told(
        shared(1, "u", "s1"), opened(2, "a", "u", "s1"), opened(3, "b", "u", "s1"),
        shared(30, "u", "s2"), opened(31, "c", "u", "s2"),
        shared(40, "u", "s3"), opened(41, "a", "u", "s3"),
    )  # fmt: skip
    found = sharing.candidates(Circles(past), items, sharing.shares(past, EVER))
    taught = sharing.groups(found)
    assert taught.sizes.tolist() == [3]  # of the third share: a, b, c
    assert taught.labels.tolist() == [1, 0, 0]
    assert taught.rows.shape == (3, found.rows.shape[1])


def test_as_many_as_serving_considers_with_whom_most_was_done(told, monkeypatch):
    monkeypatch.setattr(sharing, "NEAREST", 2)
    past, items = told(
        shared(1, "u", "s1"), *(opened(2, name, "u", "s1") for name in "abc"),
        shared(3, "u", "s2"), opened(4, "c", "u", "s2"), opened(5, "b", "u", "s2"),
        shared(30, "u", "s3", "ghost"), opened(31, "b", "u", "s3", "ghost"),
    )  # fmt: skip
    found = sharing.candidates(Circles(past), items, sharing.shares(past, EVER))
    last = found.query == 2
    assert found.peers[last].tolist() == ["b", "c"]
    assert np.diff(found.query).min() >= 0
