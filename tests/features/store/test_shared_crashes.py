"""A server killed, stopped and started, appliers stalled: nothing is lost or applied twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from time import monotonic, sleep

import pytest

from features import online
from features.clock import BusinessZone
from features.errors import StoreError
from features.home import Home
from features.store import Item, Store, User
from features.store.entries import Entry, content
from features.store.projection import Projection
from features.store.shared.address import Address
from features.store.shared.lease import Fenced, Lease
from features.store.shared.states import SharedStates
from features.store.shared.store import SharedStore
from tests.features.store.server import Server
from tests.features.store.steps import event, settled, views
from tests.features.store.writer import call

ZONE = BusinessZone()
LEASE_MS = 500


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def keyspace(home: Home) -> str:
    return home.root.name


def opened_at(server: Server, home: Home, **options: object) -> SharedStore:
    address = Address.parse(f"{server.unix}?keyspace={keyspace(home)}")
    return SharedStore.open(address, home, ZONE, lease_ms=LEASE_MS, **options)


@pytest.fixture
def store(redis_server: Server, home: Home) -> Iterator[SharedStore]:
    store = opened_at(redis_server, home)
    yield store
    store.close()


def assert_a_straight_replay(store: SharedStore) -> int:
    log = store._log
    events = [content(entry) for page in log.scan(0, log.head().last_seq) for entry in page]
    expected = online.replay(iter(events), lambda item, at: None, ZONE)
    assert settled(store).states(expected) == expected
    return len(events)


@pytest.mark.parametrize("calls", [1, 40, 150])
def test_what_a_killed_server_acknowledged_is_there_once(own_server, home, calls):
    store = opened_at(own_server, home)
    acknowledged: list[int] = []

    def append() -> None:
        while True:
            try:
                store.append(call("a", len(acknowledged)))
            except StoreError:
                return
            acknowledged.append(1)

    writer = Thread(target=append)
    writer.start()
    while len(acknowledged) < calls:
        sleep(0.001)
    own_server.kill()
    writer.join()
    own_server.start()
    again = store.append([line for n in range(len(acknowledged)) for line in call("a", n)])
    assert (again.accepted, again.duplicates) == (0, 3 * len(acknowledged))
    assert assert_a_straight_replay(store) % 3 == 0  # a call is taken whole
    store.close()


def test_an_append_that_is_repeated_is_told_what_the_first_one_did(store):
    log = store._log
    first = store.append([event(0), event(0)])
    log._caller.calls -= 1  # the answer was lost, and the very same request comes again
    assert store.append([event(0), event(0)]) == first
    users = store.put_users([User(user_id="u1")])
    log._caller.calls -= 1
    assert store.put_users([User(user_id="u1")]) == users == 2


def test_applier_and_readers_come_back_with_the_server(own_server, home, caplog):
    store = opened_at(own_server, home)
    store.append([event(0)])
    assert views(store) == 1.0
    refused, stop = [], Signal()

    def read() -> None:
        while not stop.wait(0.05):
            try:
                store.state("u1")
            except StoreError as error:
                refused.append(error)

    reader = Thread(target=read)
    reader.start()
    own_server.stop()
    sleep(3)
    own_server.start()
    store.append([event(1)])
    assert views(store) == 2.0
    stop.set()
    reader.join()
    assert "redis-server" in str(refused[0])
    assert "trying again" in caplog.text
    assert_a_straight_replay(store)
    store.close()


def test_of_two_appliers_one_applies(redis_server, home, store, monkeypatch):
    appliers = set()

    def recorded(projection: Projection, entries: Sequence[Entry]) -> None:
        appliers.add(projection.generation.lease.token)
        apply(projection, entries)

    apply = Projection.apply
    monkeypatch.setattr(Projection, "apply", recorded)
    other = opened_at(redis_server, home)
    for n in range(50):
        store.append([event(n)])
    assert_a_straight_replay(other)
    assert len(appliers) == 1
    other.close()


def test_who_lost_the_lease_writes_nothing(redis_server, home):
    idle = opened_at(redis_server, home, applies=False)
    idle.append([event(0)])
    generations = idle._generations
    stalled, next_one = (Lease(idle._link, "applier", 100) for _ in range(2))
    assert stalled.take()
    states = SharedStates(generations.place(), stalled, in_force=True)
    projection = Projection(states, ZONE)
    sleep(0.15)
    assert next_one.take()
    with pytest.raises(Fenced):
        projection.apply(generations.log.read(0, 10))
    assert (idle.applied_seq, idle.state("u1")) == (0, None)
    idle.close()


def test_a_request_that_arrives_late_writes_nothing(redis_server, home):
    idle = opened_at(redis_server, home, applies=False)
    idle.append([event(0), event(1)])
    lease = Lease(idle._link, "applier", 60_000)
    assert lease.take()
    place = idle._generations.place()
    late, timely = (Projection(SharedStates(place, lease, in_force=True), ZONE) for _ in range(2))
    timely.apply(idle._log.read(0, 2))
    with pytest.raises(Fenced):
        late.apply(idle._log.read(0, 1))
    assert idle.applied_seq == 2
    assert_a_straight_replay(idle)
    idle.close()


@contextmanager
def applier(server: Server, home: Home) -> Iterator[subprocess.Popen[bytes]]:
    """A process that applies; its lease lasts as long as it does in service."""
    place = f"{server.unix}?keyspace={keyspace(home)}"
    command = [sys.executable, "-m", "features.store", str(home.root)]
    environment = os.environ | {"HUOREN_STORE": place}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()  # also where it is stalled: nobody waits for it


def test_a_stalled_process_is_replaced_and_fenced(redis_server, home):
    writing = opened_at(redis_server, home, applies=False)
    with applier(redis_server, home) as stalled:
        writing.append([event(0)])
        assert writing.wait_applied(1, timeout_s=20)
        stalled.send_signal(signal.SIGSTOP)
        began = monotonic()
        writing.append([event(1)])
        standing_by = opened_at(redis_server, home)
        assert standing_by.wait_applied(2, timeout_s=20)
        assert monotonic() - began > 1  # not before the lease was over
        stalled.send_signal(signal.SIGCONT)
        for n in range(2, 100):
            writing.append([event(n, user=f"u{n % 3}")])
        assert assert_a_straight_replay(standing_by) == 100
        stalled.terminate()
        assert stalled.wait(timeout=20) == 0
    standing_by.close()
    writing.close()


def test_the_forgotten_are_in_no_file_of_the_server(own_server, home):
    store = opened_at(own_server, home)
    store.append([event(0, user="u-forgotten"), event(1, user="u2", peer_id="u-forgotten")])
    store.put_items([Item(item_id="i1", stock=3)])
    assert b"u-forgotten" in everything(own_server)
    settled(store).forget(["u-forgotten"])
    assert b"u-forgotten" not in everything(own_server)
    assert settled(store).item("i1").stock == 3
    assert views(store, "u2") == 1.0
    store.append([event(2, user="u2")])
    assert views(store, "u2") == 2.0
    store.close()


def everything(server: Server) -> bytes:
    return b"".join(path.read_bytes() for path in server.folder.rglob("*") if path.is_file())


def test_states_replaced_are_cleared_away(store):
    store.append([event(n, user=f"u{n}") for n in range(5)])
    settled(store).load([], [], log_seq=5)
    pages = store._link.keys(store._link.key("g", ""))
    assert {key.split(b":")[2].decode() for page in pages for key in page} == {
        store._generations.place().name
    }


def test_many_writers_and_one_order(redis_server, home, store):
    stores: list[Store] = [store, opened_at(redis_server, home)]
    writers = [
        Thread(target=lambda w=w, n=n: [w.append(call(f"{n}", one)) for one in range(40)])
        for n, w in enumerate(stores * 2)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert assert_a_straight_replay(store) == 4 * 40 * 3
    stores[1].close()
