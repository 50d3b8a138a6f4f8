"""Learn from a set, ask about its last days, print every method by slice."""

import logging
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from features.clock import BusinessZone
from training import metrics
from training.bench.feed_quality import judge
from training.bench.feed_quality.ground import Learned, learn
from training.bench.feed_quality.sets import opened
from training.bench.machine import peak_mb
from training.bench.report import Row
from training.config import TrainConfig
from training.evaluate import K

log = logging.getLogger(__name__)

NO_SOURCE = ("blend", "most_bought", "oracle")
"""Methods that are no source of the feed."""


def rows(source: str, path: Path | None, config: TrainConfig) -> Iterator[Row]:
    """Rows of one set.

    Parameters
    ----------
    source : str
        ``simulated`` or a set that ``huoren load`` knows.
    path : Path, optional
        Its folder.
    config : TrainConfig
        How to learn, as ``huoren train`` does.

    Yields
    ------
    mapping
        By method and slice; ``best_source`` is the source that does best on the test itself, which
        nobody could have known before.

    Raises
    ------
    UnknownName, InputError
        When there is no such set, or not in this folder.
    """
    zone = BusinessZone()
    with TemporaryDirectory(prefix="huoren-feed-quality-") as folder:
        data = opened(source, path, Path(folder), zone)
        learned = learn(data, config, zone)
        found = judge.lists(learned, data.oracle)
        alone = [
            name for name in found if name not in NO_SOURCE and not name.startswith(judge.OURS)
        ]
        best = max(alone, key=lambda name: _ndcg(learned, found[name]))
        log.info("best source: %s", best)
        found["best_source"] = found[best]
        names = [
            judge.OURS, "best_source", "blend", "popularity", "most_bought",
            f"{judge.OURS}:ranker", *(("oracle",) if data.oracle else ()),
            *(name for name in alone if name != "popularity"),
        ]  # fmt: skip
        for row in judge.rows(learned, found, names):
            more: dict[str, object] = {"source": source}
            if row["method"] == "best_source":
                more["which"] = best
            if row["method"] == judge.OURS and row["slice"] == "all":
                more["peak_mb"] = round(peak_mb())
            yield {**row, **more}


def _ndcg(learned: Learned, codes: judge.Codes) -> float:
    return float(np.nanmean(metrics.ndcg_at_k(codes, learned.test.asked.relevant, K)))
