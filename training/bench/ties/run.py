"""``huoren bench ties``: tie models, communities, fakes; on simulated worlds and Taobao sharing."""

import logging
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from features import graph, risk, snapshot
from features.clock import DAY_US, BusinessZone, parse_instant
from features.counters import Days
from features.history import History
from features.home import Home
from features.ingest.run import ingest, ingest_table
from training import ties
from training.bench.report import Row
from training.bench.ties import models
from training.examples.ties import HORIZON
from training.loaders import load
from training.past import Past
from training.world import simulate
from training.world.presets import PRESETS
from training.world.truth import Truth

_LOG = logging.getLogger(__name__)

END_US = parse_instant("2026-06-01T12:00:00+08:00")
"""When the simulated worlds end."""

MONTH = Days(30)
"""Step on Taobao sharing, where few share within a week."""

STEPS = 6

FRAUD = {"brush": "brush", "coupon_farm": "farm", "fake_help": "help"}
"""Flag → what the rings of the simulated world do."""

ZONE = BusinessZone()


def rows(seed: int = 1) -> Iterator[Row]:
    """Measure.

    Parameters
    ----------
    seed : int
        Of the simulated worlds.

    Yields
    ------
    mapping
        ``data``, ``method``; of tie models ``auc``, ``average_precision``, ``gain`` over the
        decayed sum with a 95 % interval; of communities ``nmi``; of fakes ``precision`` and
        ``recall``.
    """
    with TemporaryDirectory(prefix="huoren-bench-") as place:
        folder = Path(place)
        world = _world(folder, "demo", seed)
        yield from _models("simulated", world, END_US, HORIZON)
        yield _communities(world, folder / "demo")
        shared = Path(os.environ.get("HUOREN_BENCH_DATA", "../shared/data")) / "taobao_share"
        if shared.is_dir():
            home = Home(folder / "taobao")
            for name, table in load("taobao-share", shared).items():
                ingest_table(table, name, home, source="taobao-share")
            yield from _models("taobao_share", home, _last_us(home), MONTH)
        else:
            _LOG.warning("Taobao sharing is passed over: there is no %s", shared)
        yield from _fakes("fraud", _world(folder, "fraud", seed), folder / "fraud")
        yield from _fakes("demo", world, folder / "demo")


def _world(folder: Path, preset: str, seed: int) -> Home:
    simulate(PRESETS[preset], folder / preset, seed, end_us=END_US)
    home = Home(folder / f"{preset}-home")
    ingest(folder / preset, home)
    return home


def _last_us(home: Home) -> int:
    with History(home).connect() as connection:
        (last,) = connection.execute("SELECT max(at_us) FROM events").fetchall()[0]
    return int(ZONE.day_start(int(ZONE.day(int(last)))) + DAY_US)


def _models(data: str, home: Home, at_us: int, horizon: Days) -> Iterator[Row]:
    rng = np.random.default_rng(0)
    connection, _ = snapshot.connect_facts(home, at_us, ZONE)
    with closing(connection):
        weeks = ties.gather(Past(connection, ZONE), at_us, rng, horizon, steps=STEPS, most=10**9)
    yield from models.compare(data, weeks, rng)


def _communities(home: Home, world: Path) -> Row:
    """Communities found beside those that were planted; 1 is the same."""
    from sklearn.metrics import normalized_mutual_info_score

    published = snapshot.publish(home, END_US, ZONE)
    start = perf_counter()
    placed = graph.Graph.of(published.strength).measures()
    seconds = perf_counter() - start
    truth = Truth(world).table("users")
    found = placed.read(truth["user_id"].to_pylist(), graph.UNPLACED)[:, 0]
    known = np.isfinite(found)
    planted = truth["community"].to_numpy()[known]
    return {
        "data": "simulated", "method": "communities", "people": int(known.sum()),
        "nmi": float(normalized_mutual_info_score(planted, found[known])), "seconds": seconds,
    }  # fmt: skip


def _fakes(data: str, home: Home, world: Path) -> Iterator[Row]:
    """Flags beside what was planted; a world without fraud tells the false alarms."""
    start = perf_counter()
    with History(home).connect(end_us=END_US) as connection:
        found = risk.find(connection, END_US)
    seconds = perf_counter() - start
    planted = (world / "truth" / "_fraud.parquet").exists()
    told = Truth(world).table("fraud").to_pylist() if planted else []
    rings = {row["user_id"]: row["kind"] for row in told}
    for flag, kind in FRAUD.items():
        flagged = {one.user_id for one in found.flags if one.flag == flag}
        yield _fake(data, flag, flagged, {user for user, one in rings.items() if one == kind})
    yield {**_fake(data, "any", set(found.people), {*rings}), "seconds": seconds}


def _fake(data: str, flag: str, flagged: set[str], planted: set[str]) -> Row:
    hit = len(flagged & planted)
    return {
        "data": data, "method": f"fakes: {flag}", "flagged": len(flagged), "planted": len(planted),
        "precision": hit / len(flagged) if flagged else None,
        "recall": hit / len(planted) if planted else None,
    }  # fmt: skip
