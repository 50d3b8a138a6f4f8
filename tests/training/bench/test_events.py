"""What is sent, and when it counts as seen; the measurement is tests/bench/test_bench_events.py."""

import asyncio
import json

import pytest

from features.clock import now_us
from features.ingest.parse import parse_event
from training.bench.events import run, seeing


@pytest.fixture
def service(monkeypatch):
    """A service that knows everybody from its ``known_from``-th feed on."""

    class Service:
        known_from, status, feeds = 10**9, seeing.TAKEN, 0

        def __init__(self, url: str, path: str = "/v1/feed") -> None:
            self.path = path

        async def ask(self, body: bytes) -> tuple[int, bytes]:
            if self.path == "/v1/events":
                return Service.status, b"{}"
            Service.feeds += 1
            return 200, json.dumps({"known_user": Service.feeds > Service.known_from}).encode()

        def close(self) -> None:
            pass

    monkeypatch.setattr(seeing, "Connection", Service)
    return Service


def after() -> float:
    return asyncio.run(seeing.seen_after("http://x", run.events, "new", 1, within_s=0.1))


def test_a_call_tells_of_people_who_act_now():
    told = json.loads(run.events(["u1", "u2"]))["events"]
    lines = [parse_event(one, now_us()).events[0] for one in told]
    assert [one.user_id for one in lines] == ["u1", "u2"]
    assert lines[0].message_id != lines[1].message_id
    assert abs(now_us() - lines[0].at_us) < 60_000_000


def test_seen_once_every_connection_knows(service):
    service.known_from = seeing.LINES + 3
    assert 0 < after() < 0.1
    assert service.feeds > seeing.LINES + 3


def test_never_seen(service):
    with pytest.raises(seeing.NotSeen, match="an event is not seen"):
        after()


def test_a_refused_event(service):
    service.status = 503
    with pytest.raises(seeing.NotSeen, match="refused"):
        after()


def test_a_person_who_is_known_already(service):
    service.known_from = 0
    with pytest.raises(seeing.NotSeen, match="not new"):
        after()
