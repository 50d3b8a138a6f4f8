"""The feature job with people of several ids: one person in the snapshot, ids in the store."""

from contextlib import closing
from pathlib import Path

import pytest

from features import choices, controls, forget, job, snapshot, unmerged
from features.clock import DAY_US, BusinessZone
from features.counters import Key
from features.events import Event
from features.history import History
from features.home import Home
from features.online import State
from features.reconcile import compare, reconcile
from features.store import Store, Tie, User, open_store
from tests.features.histories import START, busy, keep
from tests.features.test_reconcile import told

ZONE = BusinessZone()
HALF = busy(500)[:250]
AT = HALF[-1].at_us + 1
USERS = [{"user_id": "u1", "valid_from_us": 1, "city_tier": "2", "consents": ["personalize"]}]


def claim(n: int, one: str, other: str, *, holds: bool = True) -> Event:
    name = "User Identified" if holds else "User Separated"
    return Event(message_id=f"id{n}", event=name, at_us=AT - DAY_US + n, user_id=one, peer_id=other)


CLAIMS = [claim(0, "u1", "u3"), claim(1, "u4", "u0"), claim(2, "u3", "anonymous:1")]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("original"))
    keep(home, [*HALF, *CLAIMS], USERS)
    job.run(home, AT, ZONE)
    return home


def settled(store: Store) -> dict[str, State]:
    assert store.wait_applied(store.log_seq, 20)
    return dict(store.states(store.everyone()))


def test_the_snapshot_knows_people_and_the_store_ids(original):
    newest = snapshot.latest(original)
    assert {row["user_id"] for row in newest.table(Key.USER).to_pylist()} == {"u0", "u1", "u2"}
    with closing(open_store(original, ZONE, applies=False)) as store:
        assert set(store.everyone()) == {f"u{n}" for n in range(5)}
        assert store.ids("anonymous:1") == ("u1", "u3", "anonymous:1")
        assert store.state("u3").profile == {"city_tier": "2"}


def test_a_person_decides_with_every_id(original):
    rows = {row["user_id"]: row for row in choices.people(History(original), AT).to_pylist()}
    assert set(rows) <= {"u0", "u1", "u2"}
    with closing(open_store(original, ZONE, applies=False)) as store:
        for user, row in rows.items():
            state = store.state(user)
            assert state.personalized == row["personalized"]
            assert sorted(state.suppressed) == row["suppressed"]
            assert (state.consents and sorted(state.consents)) == row["consents"]


def test_after_the_job_ids_are_as_if_nobody_had_been_merged(original, tmp_path):
    """What the store holds of each id equals what it holds where no claim was ever made."""
    plain = Home(tmp_path)
    keep(plain, HALF, USERS)
    job.run(plain, AT, ZONE)
    apart = [claim(9 + n, one.user_id, one.peer_id, holds=False) for n, one in enumerate(CLAIMS)]
    with closing(open_store(original, ZONE)) as store, closing(open_store(plain, ZONE)) as other:
        store.append(apart)
        assert told(compare(settled(store), settled(other), AT, ZONE)) == {}
        store.append([claim(99 + n, one.user_id, one.peer_id) for n, one in enumerate(CLAIMS)])
        assert store.wait_applied(store.log_seq, 20)


def test_merges_and_splits_leave_no_difference_and_neither_does_an_erasure(original):
    rest = busy(500)[250:]
    more = [claim(200, "u2", "u4"), claim(201, "u3", "u1", holds=False), claim(202, "u2", "u9")]
    with closing(open_store(original, ZONE)) as store:
        store.append([*rest[:100], *more, *rest[100:]])
        store.put_users([User(user_id="u4", gender="female", consents=["personalize"])])
        store.put_ties([Tie(user_id="u3", peer_id="x", tie_type="staff")])
        store.append([controls.personalization_toggled("u4", on=False, at_us=rest[-1].at_us + 1)])
        assert store.wait_applied(store.log_seq, 20)
        assert store.ids("u9") == ("u0", "u2", "u4", "u9")
    assert told(reconcile(original, ZONE)) == {}
    report = forget.forget(original, "anonymous:1")
    assert report.ids == 2
    assert told(reconcile(original, ZONE)) == {}
    with closing(open_store(original, ZONE)) as store:
        assert store.state("u3") is None
        assert set(store.states(["u0", "u1"])) == {"u0", "u1"}


def test_without_claims_nothing_is_computed_twice(tmp_path: Path):
    home = Home(tmp_path)
    keep(home, HALF[:20])
    assert unmerged.states(home, START + 500 * DAY_US, ZONE) == {}
