"""Two writers at a steady rate: how soon what they send is durable, and how soon reads hold it."""

from bisect import bisect_left
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path
from statistics import quantiles
from threading import Event as Signal
from threading import Thread
from time import perf_counter, sleep
from typing import NamedTuple

from features.clock import BusinessZone
from features.events import Event
from features.home import Home
from features.store import Store, open_store

WRITERS = 2
CALL = 10
"""Events of one call: what an app's SDK sends together."""

LOOK_S = 0.0005
"""How often it is looked how far reads have come."""

TIMEOUT_S = 60.0


class Call(NamedTuple):
    """One call of a writer; instants in seconds of the machine's monotonic clock."""

    due_s: float
    acknowledged_s: float
    last_seq: int


def latencies(
    store: Store, zone: BusinessZone, root: Path, events: Sequence[Event], rate: float
) -> tuple[float, float]:
    """The 99th percentiles, in seconds, of acknowledging and of applying, under a steady rate.

    Each writer is a process of its own that does not apply. A latency counts from when a call was
    due, so that a writer that falls behind is not excused.

    Parameters
    ----------
    store : Store
        Of this process, which applies.
    zone : BusinessZone
        As of the store.
    root : Path
        The store's home.
    events : sequence of Event
        Sent in order, every second one by the same writer.
    rate : float
        Events a second of all writers together.
    """
    with ProcessPoolExecutor(WRITERS, mp_context=get_context("spawn")) as pool:
        for ready in [pool.submit(sleep, 0.5) for _ in range(WRITERS)]:
            ready.result()  # both are up
        start = perf_counter() + 2.0
        with _Watch(store) as watch:
            sent = [
                pool.submit(_write, root, zone, events[n::WRITERS], start, rate / WRITERS)
                for n in range(WRITERS)
            ]
            calls = [call for one in sent for call in one.result()]
            store.wait_applied(max(call.last_seq for call in calls), TIMEOUT_S)
    acknowledged = [call.acknowledged_s - call.due_s for call in calls]
    applied = [watch.reached(call.last_seq) - call.due_s for call in calls]
    return p99(acknowledged), p99(applied)


def p99(values: Sequence[float]) -> float:
    """The 99th percentile.

    Examples
    --------
    >>> p99([float(n) for n in range(101)])
    99.0
    """
    return quantiles(values, n=100, method="inclusive")[-1]


def _write(
    root: Path, zone: BusinessZone, events: Sequence[Event], start: float, rate: float
) -> list[Call]:
    """Send at a steady rate, whatever becomes of it; in a process of its own."""
    calls = []
    with closing(open_store(Home(root), zone, applies=False, place="embedded")) as store:
        for place in range(0, len(events), CALL):
            due = start + place / rate
            sleep(max(due - perf_counter(), 0.0))
            done = store.append(events[place : place + CALL])
            calls.append(Call(due, perf_counter(), done.last_seq))
    return calls


class _Watch:
    """Notes when the states of a store reached which seq."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seen: list[tuple[int, float]] = []
        self._stop = Signal()
        self._thread = Thread(target=self._look, daemon=True)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._note()

    def _look(self) -> None:
        while not self._stop.wait(LOOK_S):
            self._note()

    def _note(self) -> None:
        seq = self.store.applied_seq
        if not self.seen or seq > self.seen[-1][0]:
            self.seen.append((seq, perf_counter()))

    def reached(self, seq: int) -> float:
        """When reads contained an entry."""
        return self.seen[bisect_left(self.seen, seq, key=itemgetter(0))][1]
