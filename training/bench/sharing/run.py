"""The rows of ``huoren bench sharing``.

The files become the canonical tables of a home made for the purpose; from there on everything is
the product's own way: counters, candidates, rows and ranker are those that train and serve.

Protocol: the shares before ``test_from`` teach, with the openings known by then; nothing is fitted
on later ones. Each share of the test is asked about at its own time, with the counters that serving
would hold then, earlier shares of the test included; those whom an item may suit are known as of
the start of the business day, as a bundle of that day holds them. What is measured is one row for
each (share, opener): MRR@5, Hit@5 and NDCG@5 of the opener's place.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from features import columns as c
from features import snapshot
from features.clock import BusinessZone
from features.errors import InputError
from features.home import Home
from features.ingest.run import ingest_table
from training import evaluate, fit
from training.bench.sharing import tables
from training.circles import Circles
from training.config import TrainConfig
from training.examples import sharing
from training.past import Past
from training.split import Window
from training.steps.sharing import fit_sharing

OURS = "huoren"


def rows(
    shares: Path, users: Path | None, items: Path | None, test_from_us: int, seed: int = 0
) -> Iterator[dict[str, Any]]:
    """Learn from what came before, ask about what came after; one row for each method.

    Parameters
    ----------
    shares, users, items : Path
        As ``tables.read`` takes them.
    test_from_us : int
        Where the test begins.
    seed : int
        Of the ranker and of resampling.

    Raises
    ------
    InputError
        When nothing was shared before or after.
    """
    given = tables.read(shares, users, items)
    with tempfile.TemporaryDirectory(prefix="huoren-bench-") as folder:
        home, zone = Home(Path(folder)), BusinessZone()
        for name, table in given.items():
            if table.num_rows:
                ingest_table(table, name, home, source=str(shares), unknown_items="keep")
        end_us = int(pc.max(given["events"][c.AT]).as_py() or 0) + 1
        connection, facts = snapshot.connect_facts(home, end_us, zone)
        with connection:
            past = Past(connection, zone)
            yield from _judged(past, facts, test_from_us, end_us, TrainConfig(seed=seed))


def _judged(
    past: Past, facts: Any, test_from_us: int, end_us: int, config: TrainConfig
) -> Iterator[dict[str, Any]]:
    before = sharing.shares(past, Window(0, test_from_us), known_us=test_from_us)
    later = sharing.shares(past, Window(test_from_us, end_us))
    if not len(before.queries) or not len(later.queries):
        raise InputError(
            "nothing to learn from or nothing to ask about",
            expected="opened shares before and after the time",
            got=f"{len(before.queries)} before, {len(later.queries)} after",
            next_step="give another --test-from",
        )
    ground = fit.Ground(past, facts, fit.settings(past, config), config)
    items, circles = fit.catalogue(ground, test_from_us), Circles(past)
    taught = before.newest(config.shares, config.shares_each)
    ranker = fit_sharing(circles, items, taught, config)
    judged = evaluate.evaluate_sharing(ranker, later, circles, items)
    rng = np.random.default_rng(config.seed)
    best, ratio, low, high = judged.ratio(rng)
    for name, row in judged.table(rng).items():
        if name == "full":
            yield {
                "method": OURS, **row, "openings": len(judged.gained[name]), "best_baseline": best,
                "ratio": ratio, "ratio_low": low, "ratio_high": high,
            }  # fmt: skip
        else:
            yield {"method": name, **row}
