"""Rows of ``huoren bench feed``: the service, two rivals and the floor, on the same shop."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from features.clock import format_instant, now_us
from training.bench.feed import bare, load, served, tables, world
from training.bench.feed.served import Served
from training.bench.report import Row

CHECKED = 40
"""Lists that are compared item by item."""

AT_ONCE = 8
"""Connections that ask without pause."""

Start = Callable[[], AbstractContextManager[Served]]


def rows(items: int, users: int, seconds: float) -> Iterator[Row]:
    """Measure all of them.

    Parameters
    ----------
    items, users : int
        Size of the shop.
    seconds : float
        Of each of the two or three loads on each service.
    """
    with tempfile.TemporaryDirectory(prefix="huoren-bench-") as folder:
        made = world.make(Path(folder) / "home", items, users, now_us() // 10**6 * 10**6)
        nightly = Path(folder) / "tables"
        tables.write(made, nightly)
        words = (nightly, made.bundle, world.CANDIDATES, made.at_us)
        services: dict[str, tuple[Start, str | None]] = {
            "huoren": (lambda: served.huoren(made.root, made.bundle), format_instant(made.at_us)),
            "rival": (lambda: served.rival("training.bench.feed.obvious", *words), None),
            "careful": (lambda: served.rival("training.bench.feed.careful", *words), None),
        }
        expected: list[list[str]] = []
        for name, (start, at) in services.items():
            with start() as service:
                row, lists = _measured(name, service, made, at, seconds)
                if name == "huoren":
                    row["start"] = _begun(service, made, seconds)
            expected = expected or lists
            same = sum(one == other for one, other in zip(lists, expected, strict=True))
            yield {**row, "items": items, "users": users, "same_top_k": same / len(lists)}
        yield {**_floor(made, seconds), "items": items, "users": users}


def _measured(
    name: str, service: Served, made: world.World, at: str | None, seconds: float
) -> tuple[dict[str, object], list[list[str]]]:
    """One row: throughput, then tails at half of it; for our own service what too much does."""
    asked = load.bodies(made.users, at)
    lists = asyncio.run(load.answers(service.url, made.users[:CHECKED], at))
    asyncio.run(load.saturate(service.url, asked, min(2.0, seconds), AT_ONCE))
    before = service.cpu_s()
    full = asyncio.run(load.saturate(service.url, asked, seconds, AT_ONCE))
    cpu_s = service.cpu_s() - before
    answered = full.count(200)
    rate = answered / full.seconds
    half = asyncio.run(load.pace(service.url, asked, seconds, rate / 2, 64))
    row: dict[str, object] = {
        "service": name,
        "requests_per_cpu_s": round(answered / cpu_s, 1),
        "cpu_ms": round(cpu_s / answered * 1e3, 3),
        "requests_per_s": round(rate, 1),
        "p50_ms": half.percentile(50, 200),
        "p99_ms": half.percentile(99, 200),
        "p999_ms": half.percentile(99.9, 200),
        "rss_mb": round(service.rss_mb(), 1),
    }
    if name == "huoren":
        much = asyncio.run(load.pace(service.url, asked, seconds, 3 * rate, 512))
        row["at_three_times"] = {
            "accepted_per_s": round(much.count(200) / much.seconds, 1),
            "accepted_p99_ms": much.percentile(99, 200),
            "refused": much.count(429, 503),
            "refused_p99_ms": much.percentile(99, 429, 503),
            "failed": much.count() - much.count(200, 429, 503),
        }
    return row, lists


def _begun(one: Served, made: world.World, seconds: float) -> Row:
    """How long a start took, and what a second worker adds to the memory of a loaded one."""
    alone = one.pss_mb()
    with served.huoren(made.root, made.bundle, workers=2) as both:
        asked = load.bodies(made.users, format_instant(made.at_us))
        asyncio.run(load.saturate(both.url, asked, seconds, AT_ONCE))
        added = both.pss_mb() - alone
    return {
        "ready_s": round(one.started_s, 2),
        "warm_s": one.warm_s,
        "second_worker_mb": round(added, 1),
    }


def _floor(made: world.World, seconds: float) -> Row:
    """CPU time of bare parts added up."""
    parts = dict(bare.parts_ms(made))
    with served.rival("training.bench.feed.bare") as service:
        asked = load.bodies(made.users, None)
        asyncio.run(load.saturate(service.url, asked, min(1.0, seconds), AT_ONCE))
        before = service.cpu_s()
        told = asyncio.run(load.saturate(service.url, asked, seconds, AT_ONCE))
        parts["http"] = (service.cpu_s() - before) / told.count(200) * 1e3
    whole = sum(parts.values())
    return {
        "service": "floor",
        "requests_per_cpu_s": round(1e3 / whole, 1),
        "cpu_ms": round(whole, 3),
        "parts_ms": {name: round(value, 3) for name, value in parts.items()},
    }
