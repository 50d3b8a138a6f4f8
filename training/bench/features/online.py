"""The same counters kept up to date event by event, through the embedded online store."""

import gc
import random
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import pyarrow as pa
import pyarrow.parquet as pq

from features.clock import BusinessZone
from features.events import Event
from features.history import History
from features.home import Home
from features.online import encode
from features.store import Item, Store, open_store
from training.bench import history
from training.bench.features.paced import latencies
from training.bench.machine import peak_mb
from training.bench.report import Row

ZONE = BusinessZone("Asia/Shanghai")

CALL = 50
"""Events of one call while the store takes them as fast as it can."""

RATE = 2_000.0
"""Events a second, from two writers, while latencies are measured."""

PACED_S = 5.0
READS = 2_000
HEAVY = 20
"""So many people with the largest states are read apart."""

TIMEOUT_S = 600.0


def measure(events: int, scratch: Path) -> Row:
    """Let a store that knows its people take events, send at leisure, and read.

    Parameters
    ----------
    events : int
        How many are taken as fast as possible; twice as many were taken before them.
    scratch : Path
        A new directory for a history and the store.

    Returns
    -------
    mapping
        ``events_per_s`` accepted and applied, and ``per_cpu_s`` the same for a second of processor
        time; ``ack_p99_ms`` until a call's events are durable and ``apply_p99_ms`` until reads
        contain them, at 2,000 events a second from two other processes; ``read_us``, the median of
        reading one person's state, people as often as they act; ``read_heavy_us`` and ``heavy_kb``,
        the median of the largest states.
    """
    paced = int(RATE * PACED_S)
    made = history.write(scratch / "made", 3 * events + paced)
    drawn = first_events(made, 3 * events + paced)
    home = Home(scratch / "home")
    with closing(open_store(home, ZONE, place="embedded")) as store:
        store.put_items(_items(made))
        _fill(store, drawn[: 2 * events])
        gc.collect()
        gc.freeze()  # as every worker does after its warm-up
        start, cpu = perf_counter(), process_time()
        _fill(store, drawn[2 * events : 3 * events])
        taken, worked = perf_counter() - start, process_time() - cpu
        acknowledged, applied = latencies(store, ZONE, home.root, drawn[-paced:], RATE)
        users = [one.user_id for one in drawn]
        heavy = _heaviest(store, users)
        return {
            "method": "online",
            "events": events,
            "seconds": round(taken, 3),
            "peak_mb": round(peak_mb(), 1),
            "events_per_s": round(events / taken),
            "per_cpu_s": round(events / worked),
            "ack_p99_ms": round(1e3 * acknowledged, 2),
            "apply_p99_ms": round(1e3 * applied, 2),
            "read_us": round(1e6 * _read(store, random.Random(1).choices(users, k=READS)), 1),
            "read_heavy_us": round(1e6 * _read(store, [*heavy] * (READS // HEAVY)), 1),
            "heavy_kb": round(median(heavy.values()) / 1024, 1),
        }


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


def _items(home: Home) -> list[Item]:
    names = [name for name in Item.__struct_fields__ if name != "valid_from_us"]
    rows = History(home).items()
    return [
        Item(**row) for row in rows.select([n for n in names if n in rows.column_names]).to_pylist()
    ]


def _fill(store: Store, events: Sequence[Event]) -> None:
    left = iter(events)
    last = 0
    while call := list(islice(left, CALL)):
        last = store.append(call).last_seq
    if not store.wait_applied(last, TIMEOUT_S):
        raise TimeoutError(f"{len(events):,} events were not applied within {TIMEOUT_S:.0f} s")


def _heaviest(store: Store, users: Sequence[str]) -> dict[str, int]:
    """People with the largest states, and the states' bytes."""
    sizes = {user: len(encode(state)) for user, state in store.states(users).items()}
    return dict(sorted(sizes.items(), key=lambda one: -one[1])[:HEAVY])


def _read(store: Store, asked: Sequence[str]) -> float:
    """Median seconds of reading one person's state."""
    return median(_seconds(lambda user=user: store.state(user)) for user in asked)  # type: ignore[misc]


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start
