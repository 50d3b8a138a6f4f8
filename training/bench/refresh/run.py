"""Ten periods, one after the other: each way to keep a bundle answers for people of the next one.

    retrained   everything is learned anew at the start of each period
    refreshed   learned once, then ``huoren train --refresh`` at the start of each
    sources     the same without more trees: sources of now under the first ranker
    first       learned once and left as it is; what it reads of people is live all the same

A bundle knows what came before its period and is asked about people who come within it, as
``huoren train`` asks about its last window; every way is asked about the same people.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import numpy.typing as npt

from features import snapshot
from features.catalogue import CATALOGUE
from features.clock import DAY_US, BusinessZone, Refresh
from features.errors import InputError
from features.home import Home
from recsys.bundle import Bundle, Parts
from training import fit, metrics, refresh
from training.bench.feed_quality.sets import opened
from training.bench.report import Row
from training.config import TrainConfig
from training.evaluate import K, evaluate_feed
from training.past import Past
from training.past import opened as open_past
from training.run import Steps, train
from training.split import Window
from training.steps.judging import put

Floats = npt.NDArray[np.float64]

WAYS = ("retrained", "refreshed", "sources", "first")


@dataclass
class Judged:
    """What one way has come to.

    Parameters
    ----------
    seconds : list of float
        Of bringing the bundle up, by period.
    ndcg : list of ndarray, float64, shape (queries,)
        NDCG@20 of the people of each period.
    """

    seconds: list[float] = field(default_factory=list)
    ndcg: list[Floats] = field(default_factory=list)


def rows(
    source: str, path: Path | None, config: TrainConfig, periods: int, days: int
) -> Iterator[Row]:
    """Rows by period and way, then one for each way over all periods.

    Parameters
    ----------
    source, path : str, Path
        A set, as ``feed_quality.sets.opened`` takes it.
    config : TrainConfig
        Of every full run.
    periods, days : int
        How many at the end of the history, and how long each.

    Yields
    ------
    mapping
        ``period``, ``way``, ``seconds``, ``queries``, ``ndcg@20``; in the last rows with the 95 %
        bootstrap interval over people, and ``of_retrained``: the difference to the first way person
        by person, with its interval.

    Raises
    ------
    InputError
        When the history is too short.
    """
    if periods < 1 or days < 1:
        raise InputError("no period", expected="--periods and --days of 1 or more")
    zone = BusinessZone()
    with TemporaryDirectory(prefix="huoren-refresh-") as folder:
        data = opened(source, path, Path(folder), zone)
        end = int(zone.floor(data.at_us, Refresh.DAY))
        starts = [end - n * days * DAY_US for n in range(periods, -1, -1)]
        whole, _ = open_past(data.home, data.at_us, zone, clean=config.clean)
        kept = Kept(data.home, config, zone)
        found = {way: Judged() for way in WAYS}
        for period, (start, later) in enumerate(pairwise(starts), 1):
            window = Window(start, later)
            for way, made in kept.of(start):
                parts = replace(made, settings=kept.bundles["first"].settings)  # one question
                found[way].seconds.append(kept.spent)
                found[way].ndcg.append(ndcg(whole, parts, kept.which(way), window, config))
                yield _row(period, way, found[way])
        yield from totals(found)


@dataclass
class Kept:
    """The bundles of every way.

    Parameters
    ----------
    home : Home
        With the whole history; a bundle of an instant reads what came before it.
    config : TrainConfig
        Of every full run.
    zone : BusinessZone
        Where days begin.

    Attributes
    ----------
    spent : float
        Seconds that the last one took.
    """

    home: Home
    config: TrainConfig
    zone: BusinessZone
    bundles: dict[str, Bundle] = field(default_factory=dict)
    spent: float = 0.0

    def of(self, at_us: int) -> Iterator[tuple[str, Parts]]:
        """Bring each way up to an instant; its parts."""
        snapshot.publish(self.home, at_us, self.zone)
        first = not self.bundles
        begun = perf_counter()
        fresh = train(self.home, self.config, Steps()).bundle
        self.spent = perf_counter() - begun
        if first:
            self.bundles = dict.fromkeys(WAYS, fresh)
        self.bundles["retrained"] = fresh
        yield "retrained", fresh.parts
        begun = perf_counter()
        if not first:
            made = refresh.refresh(self.home, self.bundles["refreshed"], Steps())
            self.bundles["refreshed"] = made.bundle
        self.spent = perf_counter() - begun
        now = self.bundles["refreshed"].parts
        yield "refreshed", now
        ranker = self.bundles["first"].parts.feed
        yield "sources", replace(now, feed=ranker)
        self.spent = 0.0
        yield "first", self.bundles["first"].parts

    def which(self, way: str) -> str:
        """The counter that popularity means to a way."""
        return str(self.bundles["first" if way == "sources" else way].manifest["popularity"])


def ndcg(past: Past, parts: Parts, which: str, window: Window, config: TrainConfig) -> Floats:
    """NDCG@20 of each person who came within a period; float64, shape (queries,)."""
    rng = np.random.default_rng([config.seed, window.start_us])
    asked, proposed, seen = put(past, parts, window, CATALOGUE[which], config.queries, rng)
    counts = fit.counts_before(past, parts.items, window.start_us, parts.settings.target)
    codes = evaluate_feed(parts, asked, proposed, seen, counts).ranked["full"]
    return metrics.ndcg_at_k(codes, asked.relevant, K)


def totals(found: dict[str, Judged]) -> Iterator[Row]:
    """One row for each way over all periods."""
    first = np.concatenate(found[WAYS[0]].ndcg)
    for way, one in found.items():
        values = np.concatenate(one.ndcg)
        low, high = metrics.bootstrap_interval(values, np.random.default_rng(0))
        row: dict[str, object] = {
            "period": "all", "way": way, "seconds": round(float(np.sum(one.seconds)), 1),
            "queries": int(np.count_nonzero(~np.isnan(values))),
            "ndcg@20": round(float(np.nanmean(values)), 5),
            "ndcg@20_low": round(low, 5), "ndcg@20_high": round(high, 5),
        }  # fmt: skip
        gap = values - first
        if way != WAYS[0] and not np.isnan(gap).all():
            low, high = metrics.bootstrap_interval(gap, np.random.default_rng(0))
            row |= {
                "of_retrained": round(float(np.nanmean(gap)), 5),
                "of_retrained_low": round(low, 5),
                "of_retrained_high": round(high, 5),
            }
        yield row


def _row(period: int, way: str, one: Judged) -> Row:
    values = one.ndcg[-1]
    return {
        "period": period, "way": way, "seconds": round(one.seconds[-1], 1),
        "queries": int(np.count_nonzero(~np.isnan(values))),
        "ndcg@20": round(float(np.nanmean(values)), 5) if not np.isnan(values).all() else None,
    }  # fmt: skip
