"""Which server is opened, and which is refused with what to do."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from features.clock import BusinessZone
from features.errors import InputError, StoreError
from features.home import Home
from features.store import open_store
from features.store.embedded import EmbeddedStore
from features.store.sealing import Keeping, seal
from features.store.shared.store import SharedStore
from tests.features.store.server import Server, free_port, require_redis
from tests.features.store.steps import event, settled, views


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_setting_chooses(home, redis_server, monkeypatch):
    monkeypatch.setenv("HUOREN_STORE", f"{redis_server.tcp}?keyspace=chosen")
    shared, embedded = open_store(home), open_store(home, place="embedded")
    assert isinstance(shared, SharedStore)
    assert isinstance(embedded, EmbeddedStore)
    shared.close()
    embedded.close()


def test_nobody_listens(home):
    port = free_port()
    with pytest.raises(StoreError, match=rf"redis://127\.0\.0\.1:{port}/0 does not .*HUOREN_STORE"):
        open_store(home, place=f"redis://:secret@127.0.0.1:{port}/0")


@pytest.mark.parametrize(
    ("options", "refused", "allowed"),
    [
        (["--appendfsync", "everysec"], "appendfsync everysec", "durability=everysec"),
        (["--appendonly", "no"], "appendonly no", "durability=trusted"),
        (["--maxmemory", "9mb", "--maxmemory-policy", "allkeys-lru"], "allkeys-lru", ""),
    ],
)
def test_a_server_that_could_lose_something_is_refused(home, options, refused, allowed):
    require_redis()
    with tempfile.TemporaryDirectory(prefix="huoren") as folder:
        server = Server(Path(folder), *options)
        try:
            with pytest.raises(StoreError, match=refused):
                open_store(home, place=server.unix)
            if allowed:
                open_store(home, place=f"{server.unix}?{allowed}").close()
        finally:
            server.stop()


def test_without_the_library_it_says_what_to_install():
    code = (
        "import sys; sys.modules['redis'] = None\n"
        "from features.home import Home; from features.store import open_store\n"
        "open_store(Home(None), place='redis://127.0.0.1:1/0')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "InputError" in done.stderr
    assert "pip install 'huoren[redis]'" in done.stderr


def test_no_such_place(home):
    with pytest.raises(InputError, match="expected embedded, or a URL"):
        open_store(home, place="postgres://shop")


def test_states_of_other_counters_are_made_anew_from_a_whole_log(home, redis_server):
    place = f"{redis_server.unix}?keyspace=anew"
    store = open_store(home, place=place)
    store.append([event(0), event(1)])
    assert views(store) == 2.0
    before = store._generations.place()
    store.close()
    store = open_store(home, BusinessZone("America/New_York"), place=place)
    assert store._generations.place() != before
    assert views(store) == 2.0
    store.close()


@pytest.mark.parametrize("lacking", ["pruned", "snapshot"])
def test_states_that_the_log_does_not_lead_to_are_refused(home, redis_server, monkeypatch, lacking):
    place = f"{redis_server.unix}?keyspace=lost-{lacking}"
    monkeypatch.setenv("HUOREN_STORE", place)
    store = open_store(home)
    store.append([event(0)])
    settled(store)
    if lacking == "pruned":
        seal(home, before_us=2**53, keeping=Keeping(log_days=-1))
    else:
        store.load([], [], log_seq=1)
    store.close()
    with pytest.raises(StoreError, match=r"made for days of Asia/Shanghai.*huoren features"):
        open_store(home, BusinessZone("America/New_York"))
