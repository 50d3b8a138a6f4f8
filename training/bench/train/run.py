"""``huoren bench train``: a whole run, step by step, and its engines beside themselves bare."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from features import snapshot
from features.clock import BusinessZone
from features.errors import InputError
from training import fit
from training.bench import history
from training.bench.machine import alone
from training.bench.report import Row
from training.bench.train import bare
from training.config import TrainConfig
from training.examples import feed
from training.run import Course, Steps, go
from training.shelf import Shelf

SIZES = (1_000_000,)
SLOPE = (1_000_000, 3_000_000, 10_000_000)

ITEMS_PER_EVENT = 0.01
"""100,000 items for 10 million events, which 200,000 people made."""


def rows(sizes: Sequence[int]) -> Iterator[Row]:
    """Measure runs with the default settings on histories of several sizes.

    Parameters
    ----------
    sizes : sequence of int
        Events of each.

    Yields
    ------
    mapping
        ``step``, ``method`` (``huoren`` or ``bare``), ``events``, ``seconds``, ``peak_mb`` (of the
        process until then); ``step`` is ``features`` (the snapshot, which comes before a run),
        each step of a run, ``train`` (their sum; ``growth`` is the power of the number of events by
        which it grew from the size before), and ``als alone`` and ``ranker alone`` with the
        ``ratio`` to the bare engine.

    Raises
    ------
    InputError
        When there are too few events for a run.
    """
    if min(sizes) < 100_000:
        raise InputError("too few events to measure a run", expected="--events 100000 or more")
    before: tuple[int, float] | None = None
    for events in sorted(set(sizes)):
        found = alone(measure, events)
        for row in found:
            if row["step"] == "train":
                now = (events, float(row["seconds"]))
                if before:
                    power = math.log(now[1] / before[1]) / math.log(now[0] / before[0])
                    row["growth"] = round(power, 2)
                before = now
            yield row


def measure(events: int) -> list[dict[str, Any]]:
    """One history, one run, both engines; in a process of its own."""
    config = TrainConfig()
    with TemporaryDirectory(prefix="huoren-bench-") as folder:
        home = history.write(Path(folder), events, items=int(events * ITEMS_PER_EVENT))
        before = Steps()
        with before.run("features", Shelf(home.work), "", 0):
            snapshot.publish(home, history.END_US, BusinessZone())
        steps, course = Steps(), Course(home, config)
        go(course, steps)
        found = [_row(one, events) for one in (*before.done, *steps.done)]
        total = sum(one["seconds"] for one in steps.done)
        peak = max(one["peak_mb"] for one in steps.done)
        found.append(_row({"name": "train", "seconds": total, "peak_mb": peak}, events))
        chosen = course.chosen
        items = fit.catalogue(chosen, course.as_of_us)
        matrix = fit.interactions(chosen.past, items, course.as_of_us)
        found += _beside("als alone", bare.als(matrix, config.als), events)
        taught = feed.together([one.value for one in course.examples[:-1]])
        spent = bare.ranker(taught, course.examples[-1].value, config.feed)
        found += _beside("ranker alone", spent, events)
    return found


def _row(step: dict[str, Any], events: int) -> dict[str, Any]:
    return {
        "step": step["name"], "method": "huoren", "events": events,
        "seconds": round(step["seconds"], 2), "peak_mb": step["peak_mb"],
    }  # fmt: skip


def _beside(step: str, spent: dict[str, float], events: int) -> list[dict[str, Any]]:
    ratio = round(spent["huoren"] / spent["bare"], 3)
    return [
        {"step": step, "method": name, "events": events, "seconds": round(seconds, 2)}
        | ({"ratio": ratio} if name == "huoren" else {})
        for name, seconds in spent.items()
    ]
