"""One method of computing every counter, timed in a process of its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

from features import batch, snapshot
from features.clock import BusinessZone
from features.counters import Key
from features.engines import Engine, open_engine
from features.engines.span import Span
from features.engines.spark import opened, session
from features.home import Home
from training.bench.features import by_hand
from training.bench.machine import peak_mb

ZONE = BusinessZone("Asia/Shanghai")

Run = Callable[[], object]


class Taken(NamedTuple):
    """What one run took; ``cpu_s`` is this process's processor time, of all threads."""

    seconds: float
    cpu_s: float
    peak_mb: float


def measure(method: str, root: Path, at_us: int, folder: Path, times: int = 1) -> list[Taken]:
    """Time from open Parquet to values written.

    Parameters
    ----------
    method : str
        One of ``METHODS``.
    root : Path
        A home with canonical tables.
    at_us : int
        The instant.
    folder : Path
        Receives one Parquet file for each kind of key.
    times : int
        How many runs, one after the other; what the method keeps running is started once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with METHODS[method](Home(root), at_us, folder) as run:
        return [_taken(run) for _ in range(times)]


def _taken(run: Run) -> Taken:
    start, cpu = perf_counter(), process_time()
    run()
    return Taken(perf_counter() - start, process_time() - cpu, peak_mb())


@contextmanager
def _huoren(home: Home, at_us: int, folder: Path) -> Iterator[Run]:
    def run() -> None:
        with open_engine("duckdb", home, at_us, ZONE) as engine:
            _write(engine, at_us, folder)

    yield run


@contextmanager
def _by_hand(home: Home, at_us: int, folder: Path) -> Iterator[Run]:
    yield lambda: by_hand.write(home, at_us, folder)


@contextmanager
def _job(home: Home, at_us: int, folder: Path) -> Iterator[Run]:
    yield lambda: snapshot.publish(home, at_us, ZONE)


@contextmanager
def _spark(home: Home, at_us: int, folder: Path) -> Iterator[Run]:
    with session() as own:

        def run() -> None:
            span = Span.before(home, at_us)
            with closing(span.connection), opened(own, home, at_us, ZONE, span) as engine:
                _write(engine, at_us, folder)

        yield run


def _write(engine: Engine, at_us: int, folder: Path) -> None:
    engine.write(
        (folder / f"{key.word}.parquet", batch.values(engine.facts, key, at_us, ZONE))
        for key in Key
    )


METHODS: dict[str, Callable[[Home, int, Path], AbstractContextManager[Run]]] = {
    "huoren": _huoren,
    "hand_written_sql": _by_hand,
    "job": _job,
    "spark": _spark,
}
"""What opens each method: leaving the context ends what it had started."""
