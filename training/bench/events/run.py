"""Rows of ``huoren bench events``: a service of several workers, sent events over HTTP."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from features.clock import format_instant, now_us
from training.bench.events.seeing import SEEN_WITHIN_S, TAKEN, NotSeen, seen_after
from training.bench.feed import served, world
from training.bench.feed.load import Connection, Told
from training.bench.report import Row

CALL = 10
"""Events of one call: what an app's SDK sends together."""

AT_ONCE = 8
"""Connections that send without pause."""

RATE = 200.0
"""Events a second that others send while it is looked how soon one is seen."""

LOOKS_PER_S = 10.0

_NUMBERS = count()


def rows(workers: int, seconds: float) -> Iterator[Row]:
    """Measure.

    Parameters
    ----------
    workers : int
        Processes of the service.
    seconds : float
        Of each stage.

    Yields
    ------
    mapping
        ``stage`` accepted: events a second that are durable when their call is answered, as fast as
        eight connections can send, and the milliseconds of such a call; visible: the milliseconds
        from such an answer to the beginning of the first feed request that knows the event, the
        slowest of several connections to the workers, while 200 events a second are sent.
    """
    with TemporaryDirectory(prefix="huoren-bench-") as folder:
        now = now_us() // 10**6 * 10**6
        made = world.make(Path(folder) / "home", 2_000, 100, now, ranked=False)
        with served.huoren(made.root, made.bundle, workers) as service:
            asyncio.run(_settled(service.url, workers))
            before = service.cpu_s()
            told = asyncio.run(_accepted(service.url, seconds))
            cpu_s = service.cpu_s() - before
            asyncio.run(_settled(service.url, workers))
            seen = asyncio.run(_visible(service.url, seconds, workers))
    events = told.count(TAKEN) * CALL
    yield {
        "stage": "accepted",
        "workers": workers,
        "events_per_s": round(events / told.seconds, 1),
        "p50_ms": told.percentile(50, TAKEN),
        "p99_ms": told.percentile(99, TAKEN),
        "refused": told.count() - told.count(TAKEN),
        "per_cpu_s": round(events / cpu_s, 1),
    }
    yield {
        "stage": "visible",
        "workers": workers,
        "events_per_s": RATE,
        "p50_ms": seen.percentile(50, TAKEN),
        "p99_ms": seen.percentile(99, TAKEN),
        "looked": seen.count(),
    }


def events(people: list[str]) -> bytes:
    """A call that tells of one view of each of these people, now."""
    now = format_instant(now_us() // 1_000 * 1_000)
    told = [
        {
            "type": "track",
            "event": "Product Viewed",
            "message_id": f"bench-{next(_NUMBERS)}",
            "user_id": person,
            "timestamp": now,
            "properties": {"product_id": f"i{next(_NUMBERS) % 2_000:07d}"},
        }
        for person in people
    ]
    return json.dumps({"events": told}).encode()


def _others() -> bytes:
    return events([f"other-{next(_NUMBERS) % 1_000}" for _ in range(CALL)])


async def _settled(url: str, workers: int) -> None:
    """Wait until what was sent is applied: a new person is known."""
    await seen_after(url, events, f"settled-{next(_NUMBERS)}", workers, 60.0)


async def _accepted(url: str, seconds: float) -> Told:
    told = Told()
    until = perf_counter() + seconds

    async def one() -> None:
        connection = Connection(url, "/v1/events")
        while perf_counter() < until:
            start = perf_counter()
            status, _ = await connection.ask(_others())
            told.note(status, perf_counter() - start)
        connection.close()

    start = perf_counter()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    told.seconds = perf_counter() - start
    return told


async def _visible(url: str, seconds: float, workers: int) -> Told:
    told = Told()
    sending = asyncio.create_task(_steadily(url))
    start = perf_counter()
    for number in range(int(seconds * LOOKS_PER_S)):
        await asyncio.sleep(max(start + number / LOOKS_PER_S - perf_counter(), 0.0))
        with suppress(NotSeen):
            seen = await seen_after(url, events, f"new-{number}", workers)
            told.note(TAKEN, seen)
            continue
        told.note(0, SEEN_WITHIN_S)
    told.seconds = perf_counter() - start
    sending.cancel()
    return told


async def _steadily(url: str) -> None:
    connection = Connection(url, "/v1/events")
    start = perf_counter()
    for number in count():
        await asyncio.sleep(max(start + number * CALL / RATE - perf_counter(), 0.0))
        await connection.ask(_others())
