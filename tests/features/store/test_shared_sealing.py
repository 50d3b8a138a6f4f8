"""The log on Redis becomes Parquet exactly once, and is pruned no further than the states go."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from features import forget, job
from features.clock import BusinessZone, now_us
from features.errors import StoreError
from features.history import History
from features.home import Home
from features.online import State
from features.reconcile import reconcile
from features.store import Store, load_snapshot, open_store, zone_in_force
from features.store.sealing import Keeping, seal
from tests.features.histories import busy, keep
from tests.features.store.server import Server
from tests.features.store.steps import NOON, event, settled, views

ZONE = BusinessZone()
NOTHING_KEPT = Keeping(log_days=-1)


@pytest.fixture
def home(tmp_path: Path, redis_server: Server, monkeypatch: pytest.MonkeyPatch) -> Home:
    keyspace = f"sealing-{tmp_path.name}"
    monkeypatch.setenv("HUOREN_STORE", f"{redis_server.unix}?keyspace={keyspace}")
    return Home(tmp_path)


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    store = open_store(home)
    yield store
    store.close()


def soon() -> int:
    return now_us() + 1_000_000


def test_what_was_logged_is_sealed_once(home, store):
    store.append([event(0), event(1)])
    first = seal(home, before_us=soon())
    store.append([event(2)])
    second = seal(home, before_us=soon())
    assert (first.entries, second.entries, second.log_seq) == (2, 1, 3)
    found = History(home).events(["message_id"])["message_id"].to_pylist()
    assert sorted(found) == ["m0", "m1", "m2"]
    assert not (home.state / "log.db").exists()


def test_what_is_pruned_is_still_known_and_still_there(home, store):
    store.append([event(n) for n in range(4)])
    settled(store)
    assert seal(home, before_us=soon(), keeping=NOTHING_KEPT).pruned == 4
    assert store.append([event(0), event(4)]).duplicates == 1
    assert views(store) == 5.0


def test_nothing_unapplied_is_pruned(home):
    idle = open_store(home, applies=False)
    idle.append([event(0)])
    assert seal(home, before_us=soon(), keeping=NOTHING_KEPT).pruned == 0
    idle.close()


def test_a_snapshot_older_than_what_was_pruned_is_refused(home, store):
    store.append([event(n) for n in range(4)])
    settled(store)
    seal(home, before_us=soon(), keeping=NOTHING_KEPT)
    with pytest.raises(StoreError, match=r"as of after 2025-10-09T09:03:00Z.*huoren features"):
        store.load([], [], log_seq=4, as_of_us=NOON)


def test_lines_are_forgotten_in_the_end(home, store):
    store.append([event(0)])
    settled(store)
    seal(home, before_us=soon(), keeping=Keeping(log_days=-1, seen_days=-1))
    assert store.append([event(0)]).accepted == 1


def test_a_snapshot_is_loaded_from_without(home, store):
    store.append([event(0)])
    load_snapshot(home, BusinessZone(), [("u9", State(personalized=False))], [], log_seq=1)
    assert not store.state("u9").personalized
    assert store.state("u1") is None


def test_huoren_forget_reaches_the_server(home, store):
    store.append([event(0), event(1, user="u2")])
    settled(store)
    seal(home, before_us=soon())
    report = forget.forget(home, "u1")
    assert (report.erased["log"].rows, report.erased["states"].rows) == (1, 1)
    assert store.state("u1") is None
    assert views(store, "u2") == 1.0


def test_the_zone_in_force_is_the_servers(home):
    assert zone_in_force(home) is None
    open_store(home, BusinessZone("Asia/Tokyo")).close()
    assert zone_in_force(home) == BusinessZone("Asia/Tokyo")


def test_the_states_of_the_configured_store_are_compared(home):
    events = busy(120)
    keep(home, events[:60])
    job.run(home, events[59].at_us + 1, ZONE)
    with closing(open_store(home)) as store:
        settled(store).append(events[60:])
        settled(store)
    assert reconcile(home, ZONE).differences == []
    with closing(open_store(home)) as store:
        store.load([("ghost", State(consents=[]))], [], log_seq=store.log_seq)
    assert "consents" in {one.what for one in reconcile(home, ZONE).differences}
