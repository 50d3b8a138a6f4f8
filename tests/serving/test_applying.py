"""The applier that ``huoren serve`` keeps beside its workers."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from features.clock import BusinessZone, now_us
from features.events import Event
from features.home import Home
from features.store import open_store
from serving.applying import Applying
from serving.settings import Settings

ZONE = BusinessZone()


@pytest.fixture
def applying(tmp_path: Path) -> Iterator[Applying]:
    open_store(Home(tmp_path), ZONE, applies=False).close()  # its files are there
    applying = Applying(Settings(Home(tmp_path)))
    yield applying
    applying.stop()


def eventually(holds: Callable[[], bool], within_s: float = 30.0) -> bool:
    end = time.monotonic() + within_s
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def test_it_applies_what_others_append(tmp_path: Path, applying: Applying) -> None:
    assert took(tmp_path, "m1")


def test_one_that_dies_is_started_again(tmp_path: Path, applying: Applying) -> None:
    first = applying.pid
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: applying.pid != first)
    assert took(tmp_path, "m2")


def test_told_to_stop_it_is_gone(applying: Applying) -> None:
    applying.stop()
    assert not Path(f"/proc/{applying.pid}").exists()


def took(home: Path, message_id: str) -> bool:
    event = Event(message_id=message_id, event="Product Viewed", at_us=now_us(), user_id="u1")
    with closing(open_store(Home(home), ZONE, applies=False)) as store:
        return store.wait_applied(store.append([event]).last_seq, 30.0)
