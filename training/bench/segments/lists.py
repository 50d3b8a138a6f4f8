"""What is more than a count: everybody ranked for an item, everybody written into a file."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np

from features.clock import BusinessZone
from features.home import Home
from features.store import open_ledger, open_store
from recsys.boosting import Trees
from recsys.segments import suiting
from recsys.segments.activation import Handover, export
from recsys.segments.audience import Asked, Suits, audience
from recsys.segments.control import Holding
from recsys.segments.desk import open_desk
from recsys.segments.parse import parse
from training.audience import TREES
from training.bench.machine import alone, peak_mb
from training.bench.report import Row

ITEMS = ("i7", "i11", "i13")
"""Asked for one after the other; the first question of a desk makes what they share."""

EXPORTED: dict[str, Any] = {
    "one tier": {"tag": "geo.tier", "op": "in", "value": ["5"]},
    "everybody": {"all": []},
}


def rows(home: Home) -> Iterator[Row]:
    """Measure, each in a process of its own.

    Yields
    ------
    mapping
        ``work``, ``seconds``, ``cpu_s``, ``people``, ``peak_mb``.
    """
    yield from alone(_audiences, home.root)
    for name in EXPORTED:
        yield alone(_export, home.root, name)


def _audiences(place: Path) -> list[Row]:
    home = Home(place)
    _any_trees().save(home)
    found: list[Row] = []
    with open_desk(home) as desk, closing(open_ledger(home)) as ledger:
        for number, item in enumerate(ITEMS):
            start, before = perf_counter(), process_time()
            told = audience(desk, ledger, Asked(item, 1000))
            found.append({
                "work": f"audience of an item, {'a further' if number else 'the first'} question",
                "seconds": perf_counter() - start, "cpu_s": process_time() - before,
                "people": told["considered"],
                "peak_mb": peak_mb(),
            })  # fmt: skip
    return found


def _any_trees() -> Suits:
    """Trees of the size that a fit grows, of which nothing but the time is asked."""
    rng = np.random.default_rng(0)
    made = rng.exponential(size=(20_000, len(suiting.COLUMNS)))
    took = rng.random(20_000) < 0.1 * made.mean(axis=1)
    return Suits(Trees.fit(made, took, suiting.COLUMNS, TREES), 1.0, 0.0, {"curve": []})


def _export(place: Path, name: str) -> Row:
    home, start, before = Home(place), perf_counter(), process_time()
    with (
        TemporaryDirectory(prefix="huoren-bench-") as folder,
        open_desk(home) as desk,
        closing(open_store(home, BusinessZone("UTC"))) as store,
        closing(open_ledger(home)) as ledger,
    ):
        given = Handover(name, Holding("bench"), "sms", ("life.stage", "geo.tier", "life.m_365"))
        path = Path(folder) / "out.csv"
        done = export(desk, store, parse(EXPORTED[name]), path, given, ledger)
        return {
            "work": f"export of {name} as CSV with three tags",
            "seconds": perf_counter() - start, "cpu_s": process_time() - before,
            "people": done.target + done.control,
            "peak_mb": peak_mb(),
        }  # fmt: skip
