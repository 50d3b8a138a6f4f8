"""Which item each initiator filled a group for, ranked among all items that are new to them.

A fifth of the initiators that also failed is held out: their success, and who joined it, are hidden
from every method alike. The item that filled is ranked among all items without those the initiator
failed with or joined; Recall and NDCG at 10 and 20, equal scores placed at their mean.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.candidates.launches import LaunchConfig, Launches
from recsys.candidates.matrix.ease import Ease, EaseConfig
from recsys.candidates.matrix.factors import Factors
from recsys.candidates.matrix.popularity import Popularity
from recsys.candidates.matrix.recommender import Recommender, blocks
from training.bench.groupbuy.tables import HELD, Ints, Launched
from training.metrics import bootstrap_interval

Floats = npt.NDArray[np.float64]
Scores = Callable[[Ints], npt.NDArray[np.float32]]

CUTS = (10, 20)
BLOCK = 500

STRENGTHS = (100.0, 300.0, 1_000.0, 3_000.0)
TRIED = (1.0, 3.0, 10.0)
"""What the validation chooses from."""

BASELINES: dict[str, Callable[[], Recommender]] = {
    "popularity": Popularity,
    "als": Factors,
    "ease": lambda: Ease(EaseConfig(l2=100.0, dropout=0.0)),
}
"""Fitted on one matrix of everything that training shows: launches, failures, participations."""


def rows(launched: Launched, methods: tuple[str, ...] | None = None) -> Iterator[dict[str, Any]]:
    """One row for each method.

    Parameters
    ----------
    launched : Launched
        Everything, and who is held out.
    methods : tuple of str, optional
        Which; all when left out.
    """
    filled, failed, joined = launched.without(launched.held)
    seen = sparse.csr_matrix(((filled + failed + joined) > 0).astype(np.float32))
    target = launched.target(launched.held)
    for name, make in BASELINES.items():
        if methods is None or name in methods:
            start = perf_counter()
            model = make().fit(seen)
            found = ranks(model.scores, launched.held, target, seen)
            yield _row(name, found, start)
    start = perf_counter()
    config = choose(launched)
    ours = Launches(config).fit(filled, failed, joined)
    found = ranks(lambda who: ours.scores(failed[who], joined[who]), launched.held, target, seen)
    yield _row("huoren", found, start) | {
        "chosen": f"strength {config.strength:.0f}, tried {config.tried:.0f}"
    }
    fills = np.asarray(filled.sum(axis=0), dtype=np.float32).ravel()
    start = perf_counter()
    found = ranks(lambda who: np.tile(fills, (len(who), 1)), launched.held, target, seen)
    yield _row("huoren:what_fills", found, start)


def choose(launched: Launched) -> LaunchConfig:
    """Choose a configuration on a fifth of the initiators that may be learned from."""
    tried = np.intersect1d(launched.filled[0], launched.failed[0])
    free = np.setdiff1d(tried, launched.held)
    asked = np.sort(np.random.default_rng(0).choice(free, int(HELD * len(free)), replace=False))
    filled, failed, joined = launched.without(np.union1d(launched.held, asked))
    seen = sparse.csr_matrix(((filled + failed + joined) > 0).astype(np.float32))
    target = launched.target(asked)
    worth = {}
    for strength in STRENGTHS:
        for weight in TRIED:
            config = replace(LaunchConfig(), strength=strength, tried=weight)
            model = Launches(config).fit(filled, failed, joined)

            def scores(who: Ints, model: Launches = model) -> npt.NDArray[np.float32]:
                return model.scores(failed[who], joined[who])

            worth[config] = float(ndcg(ranks(scores, asked, target, seen), CUTS[-1]).mean())
    return max(worth, key=lambda config: worth[config])


def ranks(scores: Scores, people: Ints, target: Ints, seen: sparse.csr_matrix) -> Floats:
    """Place of each person's target among all items new to them, from 0; float64, shape (n,)."""
    found, start = [], 0
    for who in blocks(people, BLOCK):
        given = np.array(scores(who), dtype=np.float32)
        own = seen[who]
        given[np.repeat(np.arange(len(who)), np.diff(own.indptr)), own.indices] = -np.inf
        mine = given[np.arange(len(who)), target[start : start + len(who)]][:, None]
        equal = (given == mine).sum(axis=1) - 1
        found.append((given > mine).sum(axis=1) + equal / 2)
        start += len(who)
    return np.concatenate(found)


def ndcg(places: Floats, k: int) -> Floats:
    """NDCG at ``k`` of single targets.

    Examples
    --------
    >>> ndcg(np.array([0.0, 1.0, 30.0]), 20).round(3).tolist()
    [1.0, 0.631, 0.0]
    """
    return np.where(places < k, 1.0 / np.log2(places + 2.0), 0.0)


def _row(method: str, places: Floats, start: float) -> dict[str, Any]:
    row: dict[str, Any] = {"task": "launch", "method": method}
    for k in CUTS:
        row |= {
            f"recall@{k}": float((places < k).mean()),
            f"ndcg@{k}": float(ndcg(places, k).mean()),
        }
    low, high = bootstrap_interval(ndcg(places, CUTS[-1]), np.random.default_rng(0))
    return row | {
        "ndcg@20_low": low,
        "ndcg@20_high": high,
        "people": len(places),
        "seconds": round(perf_counter() - start, 2),
    }
