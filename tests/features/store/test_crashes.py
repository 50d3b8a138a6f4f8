"""Killed writers, full disks, several processes: nothing acknowledged is lost or applied twice."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from features import online
from features.clock import BusinessZone
from features.home import Home
from features.store import Store, open_store
from features.store.entries import content
from features.store.log import Log
from tests.features.store.steps import event, settled, views
from tests.features.store.writer import call

MANY = 1_000_000


def writer(home: Home, name: str, calls: int = MANY, before: str = "") -> subprocess.Popen[str]:
    command = f"{before} exec {sys.executable} -m tests.features.store.writer"
    return subprocess.Popen(
        ["bash", "-c", f'{command} "$@"', "writer", str(home.root), name, str(calls)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def acknowledged_then_killed(process: subprocess.Popen[str], calls: int) -> int:
    for _ in range(calls):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    rest = process.communicate(timeout=20)[0]
    return calls + rest.count("\n")


def assert_a_straight_replay(home: Home, store: Store) -> int:
    log = Log(home.state)
    events = [content(entry) for page in log.scan(0, log.head().last_seq) for entry in page]
    log.close()
    expected = online.replay(iter(events), lambda item, at: None, BusinessZone())
    assert settled(store).states(expected) == expected
    return len(events)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.mark.parametrize("calls", [1, 40, 150])
def test_what_a_killed_writer_acknowledged_is_there_once(home, calls):
    acknowledged = acknowledged_then_killed(writer(home, "a"), calls)
    store = open_store(home)
    again = store.append([line for n in range(acknowledged) for line in call("a", n)])
    assert (again.accepted, again.duplicates) == (0, 3 * acknowledged)
    events = assert_a_straight_replay(home, store)
    assert events % 3 == 0  # a call is taken whole
    store.close()


def test_two_processes_write_at_once(home):
    processes = [writer(home, name, calls=60) for name in "ab"]
    for process in processes:
        assert process.communicate(timeout=60)[0].count("\n") == 60
    store = open_store(home)
    assert assert_a_straight_replay(home, store) == 2 * 60 * 3
    store.close()


def test_the_killed_appliers_lock_is_taken_over(home):
    first = writer(home, "a")
    first.stdout.readline()
    store = open_store(home)  # stands by
    acknowledged_then_killed(first, 10)
    store.append([event(0)])
    assert views(store) == 1.0
    assert_a_straight_replay(home, store)
    store.close()


def test_a_full_disk_refuses_and_loses_nothing(home):
    limited = writer(home, "a", before="ulimit -f 400; trap '' XFSZ;")
    output = limited.communicate(timeout=60)[0].splitlines()
    assert "log.db cannot be used" in output[-1]
    store = open_store(home)
    again = store.append([line for n in range(len(output) - 1) for line in call("a", n)])
    assert again.accepted == 0
    assert_a_straight_replay(home, store)
    store.close()


def test_an_applier_of_its_own(home):
    store = open_store(home, applies=False)
    store.append([event(0)])
    command = [sys.executable, "-m", "features.store", str(home.root)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as applier:
        assert store.wait_applied(1, timeout_s=20)
        applier.terminate()
        assert applier.wait(timeout=20) == 0
    assert '"clean":true' in (home.state / "mark.json").read_text()
    store.close()
