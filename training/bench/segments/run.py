"""``huoren bench segments``: how long an exact count takes, beside the same count by hand."""

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from features import columns as c
from features.catalogue import declaration_hash
from features.clock import DAY_US
from features.home import Home
from recsys.segments.desk import Desk, open_desk
from recsys.segments.parse import parse
from recsys.segments.sizing import size
from training.bench.machine import alone, peak_mb
from training.bench.report import Row
from training.bench.segments import lists, world

RUNS = 3
"""The median of so many counts is told, after a first one that is not."""

_ORDERED = {"event": "Order Completed", "within": "30d"}

SEGMENTS: dict[str, tuple[str, Any]] = {
    "one tag": ("tags", {"tag": "geo.tier", "op": "in", "value": ["3", "4", "5"]}),
    "five tags": ("tags", {"all": [
        {"tag": "geo.tier", "op": "in", "value": ["3", "4", "5"]},
        {"tag": "life.r_days", "op": "<=", "value": 300},
        {"tag": "life.m_365", "op": ">", "value": 20},
        {"any": [{"tag": "life.stage", "op": "in", "value": ["growing", "mature"]},
                 {"tag": "soc.role", "op": "==", "value": "sharer"}]},
    ]}),
    "top percent of a tag": ("tags", {"tag": "life.m_365", "op": "top_percent", "value": 10}),
    "one event": ("events", _ORDERED),
    "ten conditions": ("events", {"all": [
        {"tag": "geo.tier", "op": "in", "value": ["2", "3", "4", "5"]},
        {"event": "Product Viewed", "within": "30d", "value": 3},
        {"event": "Product Viewed", "within": "7d"},
        {"event": "Product Added", "within": "14d"},
        {"not": {"event": "Order Completed", "within": "3d"}},
        {"any": [
            {"event": "Order Completed", "within": "30d", "value": 1},
            {"event": "Product Shared", "within": "30d", "value": 1},
            {"event": "Share Link Opened", "within": "30d", "value": 2},
        ]},
        {"event": "Product Viewed", "within": "30d", "agg": "distinct", "of": "channel",
         "op": "==", "value": 2},
        {"event": "Order Completed", "within": "30d", "agg": "sum", "of": "total_fen",
         "op": "<", "value": 100000},
    ]}),
    "ninety days": ("events", {"event": "Order Completed", "value": 2, "within": "90d"}),
    "sequence": ("events", {"sequence": ["Product Added", "Order Completed"], "gap": "7d",
                            "within": "30d"}),
    "strong ties who ordered": ("events", {"social": {"ties": "strong", "where": _ORDERED}}),
}  # fmt: skip
"""What is counted: kind and document, by name."""


def rows(users: int, events: int, keep: Path | None = None) -> Iterator[Row]:
    """Measure.

    Parameters
    ----------
    users, events : int
        Of the home that is made up; the events lie within 90 days.
    keep : Path, optional
        Make the home there, or measure on the one that an earlier call made.

    Yields
    ------
    mapping
        ``segment``, ``kind``, ``users``, ``events``, ``ms`` (parsed, compiled, counted), ``cpu_ms``
        (of all threads), ``count``; for two of them also ``hand_ms`` and ``hand_cpu_ms``, the same
        count in SQL written for it alone. Then what
        ``training.bench.segments.lists`` measures.
    """
    with TemporaryDirectory(prefix="huoren-bench-") as place:
        home = made(keep or Path(place), users, events)
        with open_desk(home) as desk:
            for name, (kind, document) in SEGMENTS.items():
                milliseconds, cpu_ms, count = _timed(partial(_counted, desk, document))
                row: dict[str, object] = {
                    "segment": name, "kind": kind, "users": users, "events": events,
                    "ms": milliseconds, "cpu_ms": cpu_ms, "count": count,
                }  # fmt: skip
                if name in BY_HAND:
                    again = _timed(partial(_asked, desk, BY_HAND[name]))
                    row["hand_ms"], row["hand_cpu_ms"], by_hand = again
                    if by_hand != count:
                        raise AssertionError(f"{name}: {count} against {by_hand} by hand")
                yield row | {"peak_mb": peak_mb()}
        yield from lists.rows(home)


def made(place: Path, users: int, events: int) -> Home:
    """The home of so many people and events, made if it is not there yet."""
    done = place / "made.json"
    size = json.dumps([users, events, declaration_hash()])
    if not done.is_file() or done.read_text() != size:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        alone(world.write, place, users, events)
        done.write_text(size)
    return Home(place)


def _timed(work: Callable[[], int | None]) -> tuple[float, float, int | None]:
    """Milliseconds of the clock and of the processor, and what came out."""
    work()
    spent, used = [], []
    for _ in range(RUNS):
        start, before = perf_counter(), process_time()
        count = work()
        spent.append((perf_counter() - start) * 1e3)
        used.append((process_time() - before) * 1e3)
    return round(median(spent), 1), round(median(used), 1), count


def _counted(desk: Desk, document: Any) -> int | None:
    return size(desk, parse(document)).people


def _asked(desk: Desk, query: Callable[[Desk], str]) -> int:
    return int(desk.connection.execute(query(desk)).fetchall()[0][0])


def _tags_by_hand(desk: Desk) -> str:
    path = desk.newest.folder / "portraits.parquet"
    return f"""
        SELECT count(*) FROM read_parquet('{path}')
        WHERE geo__tier IN ('3', '4', '5') AND life__r_days <= 300 AND life__m_365 > 20
          AND (life__stage IN ('growing', 'mature') OR soc__role = 'sharer')
          AND {c.USER} NOT IN (FROM refusing)
    """


def _event_by_hand(desk: Desk) -> str:
    files = sorted(str(one) for one in desk.home.events.glob("day=*/*.parquet"))[-31:]
    return f"""
        SELECT count(DISTINCT {c.USER}) FROM read_parquet({files})
        WHERE {c.EVENT} = 'Order Completed' AND {c.AT} >= {desk.as_of_us - 30 * DAY_US}
          AND {c.USER} NOT IN (FROM refusing)
    """


BY_HAND = {"five tags": _tags_by_hand, "one event": _event_by_hand}
"""Queries that somebody would write for one segment."""
