"""A shop under mixed load: every hot route at once, champions changing underneath, a worker killed,
bad input in between, and, on Redis, the server stopped and started again.

``HUOREN_SOAK_SECONDS`` says how long for each store (default 600).
"""

import math
import os
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest

from features.clock import DAY_US, format_instant, now_us
from features.home import Home
from tests.features.store.server import Server, require_redis
from tests.serving.shops import ITEMS, promote, write_bundle
from tests.serving.test_serve import Served

pytestmark = pytest.mark.soak

SECONDS = float(os.environ.get("HUOREN_SOAK_SECONDS", "600"))
SWAP_EVERY_S = 10.0
OUTAGE_S = 5.0
"""How long the Redis server is away."""

RETURNS_WITHIN_S = 15.0
"""After the server is back, refusals end within this."""

PAUSE_S = 0.05
"""Each caller rests this long between two requests, so that the machine keeps up."""

USERS = 500


@dataclass
class Told:
    """What one caller saw."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: list[str] = field(default_factory=list)
    versions: Counter[str] = field(default_factory=Counter)
    acknowledged: list[dict[str, object]] = field(default_factory=list)
    broken: int = 0
    unavailable: list[float] = field(default_factory=list)

    def ask(self, client: httpx.Client, method: str, path: str, route: str, body: object) -> None:
        start = time.perf_counter()
        try:
            answer = client.request(method, path, json=body)
        except httpx.TransportError:  # the worker behind this connection was killed: ask another
            self.broken += 1
            answer = client.request(method, path, json=body)
        if answer.status_code == 503 and "store-unavailable" in answer.text:
            self.unavailable.append(time.monotonic())  # on purpose, while there is no store
            return
        self.milliseconds[route].append((time.perf_counter() - start) * 1e3)
        if answer.status_code >= 300:
            self.refused.append(f"{method} {path}: {answer.status_code} {answer.text}")
            return
        said = answer.json()
        if said.get("accepted", 0) + said.get("duplicates", 0):
            self.acknowledged += body["events"]  # type: ignore[index]
        if version := said.get("model_version"):
            self.versions[version] += 1


def wander(url: str, seed: int, until: float, told: Told) -> None:
    """One caller: a feed, an event about it, now and then something else."""
    rng = np.random.default_rng(seed)
    with httpx.Client(base_url=url, timeout=30) as client:
        step, earlier = 0, ""
        while time.monotonic() < until:
            step += 1
            user, item = f"u{rng.integers(USERS)}", ITEMS[rng.integers(len(ITEMS))]
            told.ask(client, "POST", "/v1/feed", "feed", {"user_id": user, "k": 5})
            event = {
                "type": "track", "event": "Product Viewed", "message_id": f"{seed}-{step}",
                "user_id": user, "timestamp": format_instant(now_us()),
                "properties": {"product_id": item},
            }  # fmt: skip
            told.ask(client, "POST", "/v1/events", "events", {"events": [event]})
            share = {"user_id": user, "item_id": item, "k": 3}
            told.ask(client, "POST", "/v1/share-targets", "share-targets", share)
            spoil(client, told, step)
            if step % 10 == 1:
                earlier = user
            if step % 10 == 0:  # ten acts later at the latest the first of them is visible
                told.ask(client, "GET", f"/v1/users/{earlier}/portrait", "portrait", None)
                stock = {"stock": int(rng.integers(1, 100))}
                told.ask(client, "PATCH", f"/v1/items/{item}", "items", stock)
            time.sleep(PAUSE_S)


BAD: tuple[tuple[bytes, int], ...] = (
    (b"{", 400), (b"[]", 422), (b'{"user_id": 7}', 422), (b'{"user_id": "u", "k": 1e99}', 422),
    (b"[" * 5_000, 422), (b'{"user_id": "u", "user_id": "v"}', 422), (b"\xff", 400),
    (b"x" * (1 << 21), 413),
)  # fmt: skip


def spoil(client: httpx.Client, told: Told, step: int) -> None:
    """Now and then a body that must be refused with its own status."""
    body, status = BAD[step % len(BAD)]
    if step % 5 == 0:
        try:
            answer = client.post("/v1/feed", content=body)
        except httpx.TransportError:
            told.broken += 1
            return
        if answer.status_code not in {status, 400, 422, 503}:
            told.refused.append(f"bad body {body[:20]!r}: {answer.status_code}")


def kill_one(served: Served) -> None:
    """End one worker as a crash would; the service starts another."""
    os.kill(httpx.get(f"{served.url}/readyz", timeout=30).json()["worker"], signal.SIGKILL)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    promote(home, write_bundle(home, now_us() - DAY_US))
    return home


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    require_redis()
    folder = tmp_path / "redis"
    folder.mkdir()
    server = Server(folder)
    yield server
    server.stop()


@pytest.fixture
def served(home: Home) -> Iterator[Served]:
    served = Served(home, "--workers", "2")
    yield served
    served.end()


@pytest.fixture
def shared(home: Home, server: Server) -> Iterator[Served]:
    served = Served(home, "--workers", "2", "--store", server.tcp)
    yield served
    served.end()


class Outage:
    """Stops a server in the middle of a run and starts it again, with what it had on its disk."""

    def __init__(self, server: Server, after_s: float) -> None:
        self.server = server
        self.began = self.ended = math.inf
        self._thread = threading.Timer(after_s, self._happen)
        self._thread.start()

    def _happen(self) -> None:
        self.began = time.monotonic()
        self.server.stop()
        time.sleep(OUTAGE_S)
        self.server.start()
        self.ended = time.monotonic()

    def excuses(self, moments: list[float]) -> bool:
        """Whether all these moments lie within the outage, or soon after it."""
        self._thread.join()
        return all(self.began <= at <= self.ended + RETURNS_WITHIN_S for at in moments)


def swap(home: Home, until: float) -> int:
    """Change the champion every few seconds; how often."""
    best = ("i7", "i0")
    swaps = 0
    while time.monotonic() + SWAP_EVERY_S < until:
        time.sleep(SWAP_EVERY_S)
        promote(home, write_bundle(home, now_us() - DAY_US, best=best[swaps % 2]))
        swaps += 1
    return swaps


def memory_mb(process: int) -> float:
    """Resident memory of a process and all it started."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    own = next(
        int(line.split()[1]) / 1024
        for line in Path(f"/proc/{process}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )
    return own + sum(memory_mb(int(child)) for child in children)


def eventually(holds: Callable[[], bool], within_s: float = 10.0) -> bool:
    end = time.monotonic() + within_s
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()


def test_no_request_fails_and_no_event_is_lost(
    home: Home, served: Served, figures: list[dict[str, object]]
) -> None:
    callers = soak(home, served, figures, "embedded")
    assert [at for told in callers for at in told.unavailable] == []


def test_nor_where_the_server_goes_and_comes_back(
    home: Home, server: Server, shared: Served, figures: list[dict[str, object]]
) -> None:
    outage = Outage(server, 2 * SECONDS / 3)
    callers = soak(home, shared, figures, "redis")
    refused = [at for told in callers for at in told.unavailable]
    assert refused, "nobody noticed the outage"
    assert outage.excuses(refused)


def soak(home: Home, served: Served, figures: list[dict[str, object]], store: str) -> list[Told]:
    """Load a service until ``SECONDS`` are over, and check what holds of any store."""
    items = [{"item_id": name, "price": 10, "stock": 5} for name in ITEMS]
    httpx.put(f"{served.url}/v1/items", json={"items": items}).raise_for_status()
    until = time.monotonic() + SECONDS
    callers = [Told() for _ in range(4)]
    threads = [
        threading.Thread(target=wander, args=(served.url, seed, until, told))
        for seed, told in enumerate(callers)
    ]
    for thread in threads:
        thread.start()
    time.sleep(min(15.0, SECONDS / 4))
    before_mb = memory_mb(served.process.pid)
    threading.Timer(SECONDS / 3, kill_one, (served,)).start()
    swaps = swap(home, until)
    for thread in threads:
        thread.join()
    assert eventually(lambda: len(workers(served)) == 2, 60.0), "the killed worker did not return"
    after_mb = memory_mb(served.process.pid)

    assert [line for told in callers for line in told.refused] == []
    versions = sum((told.versions for told in callers), Counter())
    assert len(versions) > 1, "no worker ever changed its champion"
    assert sum(told.broken for told in callers) <= len(callers), "more broke than was killed"
    assert lost(served, [event for told in callers for event in told.acknowledged]) == 0
    assert eventually(lambda: "huoren_state_lag_entries 0.0" in metrics(served))
    assert after_mb < before_mb * 1.3 + 50
    figures += rows(callers, swaps, before_mb, after_mb, store)
    return callers


def workers(served: Served) -> set[int]:
    """Who answers, asked on connections of their own."""
    return {httpx.get(f"{served.url}/readyz", timeout=30).json()["worker"] for _ in range(12)}


def lost(served: Served, acknowledged: list[dict[str, object]]) -> int:
    """How many of these events the service does not know any more: it would take them as new."""
    new = 0
    for start in range(0, len(acknowledged), 500):
        again = {"events": acknowledged[start : start + 500]}
        new += httpx.post(f"{served.url}/v1/events", json=again, timeout=60).json()["accepted"]
    return new


def metrics(served: Served) -> str:
    return httpx.get(f"{served.url}/metrics").text


def rows(
    callers: list[Told], swaps: int, before: float, after: float, store: str
) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [{
        "soak": store, "swaps": swaps, "mb_before": round(before), "mb_after": round(after),
        "refused_in_outage": sum(len(told.unavailable) for told in callers),
    }]  # fmt: skip
    for route in callers[0].milliseconds:
        taken = np.concatenate([told.milliseconds[route] for told in callers])
        p50, p99 = np.percentile(taken, [50, 99])
        found.append({
            "soak": store, "route": route, "requests": len(taken),
            "p50_ms": round(float(p50), 2), "p99_ms": round(float(p99), 2),
        })  # fmt: skip
    return found
