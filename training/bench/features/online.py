"""The same counters kept up to date event by event, through the online store."""

import random
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep

import pyarrow as pa
import pyarrow.parquet as pq

from features.clock import BusinessZone
from features.events import Event
from features.history import History
from features.home import Home
from features.store import Store, open_store
from training.bench.machine import peak_mb
from training.bench.report import Row

CALL = 50
"""Events of one call while the store is filled as fast as it can."""

RATE = 200.0
"""Events a second, one a call, while latencies are measured."""

PACED_S = 5.0
READS = 2_000
TIMEOUT_S = 600.0


def measure(root: Path, events: int, scratch: Path) -> Row:
    """Fill a new store, then ask it at leisure.

    Parameters
    ----------
    root : Path
        A home with canonical tables; its first events are used.
    events : int
        How many to apply as fast as possible.
    scratch : Path
        A new directory for the store.

    Returns
    -------
    mapping
        ``events_per_s`` accepted and applied; ``ack_p99_ms`` until one event is durable and
        ``apply_p99_ms`` until reads contain it, at 200 events a second; ``read_us``, the median of
        one person's state.
    """
    paced = int(RATE * PACED_S)
    drawn = first_events(Home(root), events + paced)
    store = open_store(Home(scratch), BusinessZone("Asia/Shanghai"), place="embedded")
    try:
        taken = _fill(store, drawn[:-paced])
        acknowledged, applied = _pace(store, drawn[-paced:])
        return {
            "method": "online",
            "events": len(drawn) - paced,
            "seconds": round(taken, 3),
            "peak_mb": round(peak_mb(), 1),
            "events_per_s": round((len(drawn) - paced) / taken),
            "ack_p99_ms": round(1e3 * _p99(acknowledged), 2),
            "apply_p99_ms": round(1e3 * _p99(applied), 2),
            "read_us": round(1e6 * _read(store, [one.user_id for one in drawn]), 1),
        }
    finally:
        store.close()


def first_events(home: Home, count: int) -> list[Event]:
    """The first rows of a history as events, file by file."""
    found: list[Event] = []
    for path in History(home).files("events"):
        batches = pq.ParquetFile(path).iter_batches(batch_size=10_000)
        for rows in batches:
            found += _events(pa.Table.from_batches([rows]).slice(0, count - len(found)))
            if len(found) >= count:
                return found
    return found


def _events(rows: pa.Table) -> list[Event]:
    told = rows.select([name for name in rows.column_names if name in Event.__struct_fields__])
    return [Event(**row) for row in told.to_pylist()]


def _fill(store: Store, events: Sequence[Event]) -> float:
    start = perf_counter()
    left = iter(events)
    last = 0
    while call := list(islice(left, CALL)):
        last = store.append(call).last_seq
    if not store.wait_applied(last, TIMEOUT_S):
        raise TimeoutError(f"{len(events):,} events were not applied within {TIMEOUT_S:.0f} s")
    return perf_counter() - start


def _pace(store: Store, events: Sequence[Event]) -> tuple[list[float], list[float]]:
    """Seconds of each event until it was acknowledged, and until it was applied."""
    acknowledged, applied = [], []
    begun = perf_counter()
    for place, event in enumerate(events):
        sleep(max(begun + place / RATE - perf_counter(), 0.0))
        start = perf_counter()
        done = store.append([event])
        acknowledged.append(perf_counter() - start)
        store.wait_applied(done.last_seq, TIMEOUT_S)
        applied.append(perf_counter() - start)
    return acknowledged, applied


def _read(store: Store, users: Sequence[str]) -> float:
    """Median seconds of reading one person's state; people as often as they act."""
    dice = random.Random(1)
    asked = dice.choices(users, k=READS)
    return median(_seconds(lambda user=user: store.state(user)) for user in asked)  # type: ignore[misc]


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _p99(values: Sequence[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[-1]
