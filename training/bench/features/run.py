"""``huoren bench features``: every method on one history after the other."""

import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from features.engines.spark import require_spark
from features.errors import InputError, UnknownName
from training.bench import history
from training.bench.features import aggregate, online
from training.bench.features.aggregate import Taken
from training.bench.features.compare import max_rel_diff, missing
from training.bench.machine import alone, apart
from training.bench.report import Row

_LOG = logging.getLogger(__name__)

SIZES = (1_000_000, 5_000_000)
SLOPE = (1_000_000, 5_000_000, 20_000_000, 50_000_000)

IN_TURN = ("huoren", "hand_written_sql")
"""Measured in turn, so that whatever else the machine does befalls both."""

RUNS = 3
"""Runs that count, after a first one that does not."""

OFTEN_TO = 20_000_000
"""Events beyond which a single run counts."""

SPARK_WARM_TO = 1_000_000
"""Up to here Spark is measured like the others, beyond in its first run alone."""

ONLINE_EVENTS = 20_000
"""Events that the online store is filled with."""

METHODS = (*aggregate.METHODS, "online")


def rows(sizes: Sequence[int], methods: Sequence[str] | None = None) -> Iterator[Row]:
    """Measure.

    Parameters
    ----------
    sizes : sequence of int
        Rows of each history; ``spark`` and ``online`` are measured on the first.
    methods : sequence of str, optional
        Which of ``METHODS``; all when left out. Spark is passed over, with a word about it, where
        it cannot run.

    Yields
    ------
    mapping
        ``method``, ``events``, ``seconds``, ``peak_mb``, ``cpu_s``, ``runs``; ``growth``, the power
        of the number of events by which seconds grew from the size before; ``ratio`` of ours to the
        rival's seconds; ``max_rel_diff`` from our values. ``job`` is the whole of
        ``huoren features``: ties, references and portraits too. For ``online`` see
        ``training.bench.features.online``.

    Raises
    ------
    InputError
        When there are fewer than 1,000 events.
    UnknownName
        When there is no such method.
    """
    for method in methods or ():
        if method not in METHODS:
            raise UnknownName.among("method", method, METHODS)
    if min(sizes) < 1_000:
        raise InputError(
            "too few events to measure", expected="--events 1000 or more", got=str(min(sizes))
        )
    chosen = [name for name in METHODS if name in (methods or METHODS)]
    once = [name for name in chosen if name == "online" or (name == "spark" and _spark_runs())]
    before: dict[str, Row] = {}
    for events in sorted(set(sizes)):
        everywhere = [name for name in chosen if name not in ("spark", "online")]
        for row in _of_size(events, everywhere + (once if not before else [])):
            method = str(row["method"])
            yield {**row, **_growth(before.get(method), row)}
            before[method] = row


def _of_size(events: int, methods: Sequence[str]) -> Iterator[Row]:
    with TemporaryDirectory(prefix="huoren-bench-") as place:
        folder = Path(place)
        _LOG.info("making up %s events", f"{events:,}")
        home = alone(history.write, folder / "home", events).root
        paired = [method for method in methods if method in IN_TURN]
        told = {"events": events}
        for row in _in_turn(home, folder, paired, RUNS if events <= OFTEN_TO else 1):
            yield {**row, **told}
        for method in methods:
            if method in ("job", "spark"):
                yield {**_by_itself(method, home, folder, events), **told}
            elif method == "online":
                yield alone(online.measure, min(events, ONLINE_EVENTS), folder / "online")


def _in_turn(home: Path, folder: Path, methods: Sequence[str], runs: int) -> Iterator[Row]:
    taken: dict[str, list[Taken]] = {method: [] for method in methods}
    with ExitStack() as stack:
        processes = {method: stack.enter_context(apart()) for method in methods}
        for turn in range(runs + 1):
            for method, run in processes.items():
                made = folder / method
                (one,) = run(aggregate.measure, method, home, history.END_US, made)
                _LOG.info("%s: %.1f s, %.1f s of processor", method, one.seconds, one.cpu_s)
                taken[method] += [one] if turn else []
    found = {method: _row(method, some) for method, some in taken.items()}
    if len(found) == len(IN_TURN):
        ours, rival = (float(str(found[method]["seconds"])) for method in IN_TURN)
        found["huoren"]["ratio"] = round(ours / rival, 3)
        by_hand = alone(max_rel_diff, folder / "huoren", folder / "hand_written_sql", some=True)
        found["hand_written_sql"]["max_rel_diff"] = by_hand
        if lacking := alone(missing, folder / "huoren", folder / "hand_written_sql"):
            found["hand_written_sql"]["missing"] = lacking
    yield from found.values()


def _by_itself(method: str, home: Path, folder: Path, events: int) -> Row:
    warm = method == "spark" and events <= SPARK_WARM_TO
    made = folder / method
    times = RUNS + 1 if warm else 1
    taken = alone(aggregate.measure, method, home, history.END_US, made, times)
    row = _row(method, taken[1:] or taken)
    if method == "spark" and (folder / "huoren").exists():
        row["max_rel_diff"] = _apart(folder, method)
    return row


def _apart(folder: Path, method: str) -> float:
    return alone(max_rel_diff, folder / "huoren", folder / method)


def _row(method: str, taken: Sequence[Taken]) -> dict[str, object]:
    return {
        "method": method,
        "events": 0,
        "seconds": round(median(one.seconds for one in taken), 3),
        "peak_mb": round(max(one.peak_mb for one in taken), 1),
        "cpu_s": round(median(one.cpu_s for one in taken), 2),
        "runs": len(taken),
    }


def _growth(before: Row | None, row: Row) -> dict[str, float]:
    if before is None:
        return {}
    more = float(str(row["events"])) / float(str(before["events"]))
    slower = float(str(row["seconds"])) / float(str(before["seconds"]))
    return {"growth": round(math.log(slower) / math.log(more), 2)}


def _spark_runs() -> bool:
    try:
        require_spark()
    except InputError as error:
        _LOG.warning("no row for spark: %s", error)
        return False
    return True
