"""``huoren serve`` as people run it: a process, two workers, HTTP, SIGTERM."""

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from features.clock import DAY_US, format_instant, now_us
from features.home import Home
from tests.serving.shops import promote, write_bundle

STARTS_WITHIN_S = 120


class Served:
    """A running ``huoren serve``."""

    def __init__(self, home: Home, *options: str) -> None:
        command = [Path(sys.executable).parent / "huoren", "serve", "--data", home.root, "--port"]
        self.log = home.root / "serve.txt"
        with self.log.open("w") as out:
            self.process = subprocess.Popen([*command, "0", *options], stdout=out, stderr=out)
        self.url = ""
        end = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < end and self.process.poll() is None and not self.url:
            time.sleep(0.1)
            ready = re.search(r": ready on (\S+)", self.log.read_text())
            self.url = ready[1] if ready else ""
        if not self.url:
            self.end()
            pytest.fail(self.log.read_text())

    def end(self) -> None:
        """Leave nothing running."""
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    promote(home, write_bundle(home, now_us() - DAY_US))
    return home


@pytest.fixture(scope="module")
def served(home: Home) -> Iterator[Served]:
    served = Served(home, "--workers", "2")
    yield served
    served.end()


def viewed(message_id: str, item_id: str) -> dict[str, object]:
    return {
        "type": "track", "event": "Product Viewed", "message_id": message_id, "user_id": "u1",
        "timestamp": format_instant(now_us()), "properties": {"product_id": item_id},
    }  # fmt: skip


def test_every_worker_sees_an_accepted_event(served: Served) -> None:
    taken = httpx.post(f"{served.url}/v1/events", json={"events": [viewed("m1", "i4")]})
    assert (taken.status_code, taken.json()["accepted"]) == (202, 1)
    time.sleep(0.5)
    for _ in range(10):  # each on a connection of its own, so that both workers are asked
        answer = httpx.get(f"{served.url}/v1/users/u1/portrait").json()
        assert answer["tags"]
        feed = httpx.post(f"{served.url}/v1/feed", json={"user_id": "u1", "k": 3}).json()
        assert feed["known_user"]


def test_both_workers_are_ready(served: Served) -> None:
    answers = [httpx.get(f"{served.url}/readyz").json() for _ in range(40)]
    assert all(answer["ready"] for answer in answers)
    assert len({answer["worker"] for answer in answers}) == 2


def test_workers_know_what_their_libraries_read(served: Served) -> None:
    worker = httpx.get(f"{served.url}/readyz").json()["worker"]
    told = psutil.Process(worker).environ()
    assert (told["NUMBA_NUM_THREADS"], told["BENTOML_DO_NOT_TRACK"]) == ("1", "true")


def test_metrics_are_of_all_workers(served: Served) -> None:
    before = asked(served)
    for _ in range(10):
        httpx.post(f"{served.url}/v1/feed", json={"user_id": "u2"})
    assert asked(served) == before + 10


def asked(served: Served) -> float:
    text = httpx.get(f"{served.url}/metrics").text
    found = re.search(r'seconds_count\{route="post-feed",status="200"\} (\S+)', text)
    return float(found[1]) if found else 0.0


def test_a_new_champion_takes_over_without_a_refused_request(home: Home, served: Served) -> None:
    bundle = write_bundle(home, now_us() - DAY_US, best="i7")
    promote(home, bundle)
    asked = {"user_id": "stranger", "k": 1}
    versions = []
    end = time.monotonic() + 30
    while versions[-10:] != [bundle.version] * 10 and time.monotonic() < end:
        answer = httpx.post(f"{served.url}/v1/feed", json=asked)
        assert answer.status_code == 200
        versions.append(answer.json()["model_version"])
        time.sleep(0.05)
    assert versions[-1] == bundle.version
    assert answer.json()["items"][0]["item_id"] == "i7"


def test_sigterm_finishes_what_has_begun(home: Home, served: Served) -> None:
    body = json.dumps({"user_id": "u1", "k": 2}).encode()
    connection = http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=30)
    connection.putrequest("POST", "/v1/feed")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:5])
    time.sleep(0.3)
    served.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    connection.send(body[5:])
    assert connection.getresponse().status == 200
    assert served.process.wait(60) == 0
    assert list(home.table("impressions").rglob("part-*.parquet"))
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{served.url}/livez")
