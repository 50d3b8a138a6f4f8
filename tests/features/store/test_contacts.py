"""Nobody is asked more often than the caps allow, whoever asks, however many ask at once."""

from concurrent.futures import ProcessPoolExecutor
from contextlib import closing

import pytest

from features.clock import DAY_US, HOUR_US
from features.home import Home
from features.store import open_ledger
from features.store.contacts import ALL, MINUTE_US, Policy

NOW = 1_780_000_000_000_000
TWICE = Policy({ALL: {"day": 3}, "share": {"hour": 2}})


@pytest.fixture(params=["embedded", "redis"])
def place(request, tmp_path):
    if request.param == "embedded":
        return "embedded"
    server = request.getfixturevalue("redis_server")
    return f"{server.unix}?keyspace={tmp_path.name}"


@pytest.fixture
def ledger(place, tmp_path):
    with closing(open_ledger(Home(tmp_path), TWICE, place=place)) as opened:
        yield opened


def test_the_first_under_their_caps_are_taken(ledger):
    assert ledger.reserve("s", ["a", "b", "c"], "share", NOW, 2) == ["a", "b"]
    assert ledger.count("a", "share", "hour", NOW + 1) == 1
    assert ledger.count("c", "share", "hour", NOW + 1) == 0
    assert ledger.reserve("s", [], "share", NOW, 2) == []


def test_a_cap_is_of_all_senders_together(ledger):
    assert ledger.reserve("s1", ["a"], "share", NOW, 1) == ["a"]
    assert ledger.reserve("s2", ["a"], "share", NOW + 1, 1) == ["a"]
    assert ledger.reserve("s3", ["a", "b"], "share", NOW + 2, 1) == ["b"]


def test_a_place_held_is_not_held_twice(ledger):
    for _ in range(3):
        assert ledger.reserve("s", ["a"], "share", NOW, 1) == ["a"]
    assert ledger.count("a", "share", "hour", NOW + 1) == 1


def test_expiry_releases_and_a_charge_stays(ledger):
    ledger.reserve("s1", ["a"], "share", NOW, 1)
    ledger.reserve("s2", ["a"], "share", NOW, 1)
    assert ledger.charge("s1", "a", "share", NOW + MINUTE_US)
    later = NOW + 11 * MINUTE_US
    assert ledger.count("a", "share", "hour", later) == 1
    assert ledger.reserve("s3", ["a"], "share", later, 1) == ["a"]
    assert ledger.reserve("s4", ["a"], "share", later, 1) == []


def test_what_was_sent_without_a_list_counts(ledger):
    assert not ledger.charge("s", "a", "share", NOW)
    assert not ledger.charge("s", "a", "share", NOW)
    assert ledger.reserve("s", ["a"], "share", NOW + 1, 1) == []


def test_what_is_told_twice_counts_once(ledger):
    for _ in range(3):
        ledger.charge("s", "a", "share", NOW, "message-1")
    assert ledger.count("a", "share", "hour", NOW + 1) == 1


def test_all_channels_have_a_cap_together(ledger):
    for _ in range(3):
        ledger.charge("s", "a", "push", NOW)
    assert ledger.reserve("s", ["a"], "share", NOW + 1, 1) == []
    assert ledger.next_at("a", "share", NOW + 1) == NOW + DAY_US


def test_when_somebody_may_be_asked_again(ledger):
    assert ledger.next_at("a", "share", NOW) == NOW
    ledger.charge("s", "a", "share", NOW)
    ledger.charge("s", "a", "share", NOW + MINUTE_US)
    assert ledger.next_at("a", "share", NOW + HOUR_US // 2) == NOW + HOUR_US


def test_who_is_forgotten_leaves_no_trace(ledger):
    ledger.charge("s", "a", "share", NOW)
    ledger.charge("a", "b", "share", NOW)
    ledger.forget(["a"])
    assert [ledger.count(one, ALL, "day", NOW + 1) for one in "ab"] == [0, 0]


def _ask(given) -> int:
    home, place, sender = given
    taken = 0
    with closing(open_ledger(Home(home), TWICE, place=place)) as ledger:
        for n in range(20):
            for person in ledger.reserve(f"{sender}-{n}", ["a", "b"], "share", NOW + n, 2):
                ledger.charge(f"{sender}-{n}", person, "share", NOW + n)
                taken += 1
    return taken


def test_processes_together_pass_no_cap(place, tmp_path, ledger):
    with ProcessPoolExecutor(3) as processes:
        taken = sum(processes.map(_ask, [(tmp_path, place, f"s{n}") for n in range(3)]))
    assert taken == 4  # two for each of two people
    assert [ledger.count(one, "share", "hour", NOW + HOUR_US // 2) for one in "ab"] == [2, 2]
