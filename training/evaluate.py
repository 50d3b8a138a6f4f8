"""How good the feed and the share targets are, on a later time, against simple baselines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.clock import Int64s
from recsys.bundle import Parts
from recsys.ranking import heuristic
from recsys.ranking.lambdamart import LambdaMart
from training import metrics
from training.examples import feed, sharing

Floats = npt.NDArray[np.float64]

K = 20


@dataclass(frozen=True)
class FeedEvaluation:
    """Lists of every method for the same queries.

    Parameters
    ----------
    ranked : mapping of str to ndarray, int32, shape (queries, K)
        Method → best codes.
    asked : Asked
        The queries and what was relevant.
    popularity : ndarray, int64, shape (items,)
        How often each item had been the target.
    """

    ranked: Mapping[str, npt.NDArray[np.int32]]
    asked: feed.Asked
    popularity: Int64s

    def table(self, rng: np.random.Generator) -> dict[str, dict[str, Any]]:
        """Metrics by method: overall with intervals, and NDCG by history."""
        return {name: self._row(codes, rng) for name, codes in self.ranked.items()}

    def _row(self, codes: npt.NDArray[np.int32], rng: np.random.Generator) -> dict[str, Any]:
        relevant = self.asked.relevant
        ndcg = metrics.ndcg_at_k(codes, relevant, K)
        low, high = metrics.bootstrap_interval(ndcg, rng)
        return {
            "recall@20": float(np.nanmean(metrics.recall_at_k(codes, relevant, K))),
            "ndcg@20": float(np.nanmean(ndcg)),
            "ndcg@20_low": low,
            "ndcg@20_high": high,
            "mrr@20": float(np.nanmean(metrics.mrr_at_k(codes, relevant, K))),
            "coverage": metrics.coverage(codes, len(self.popularity)),
            "novelty": metrics.novelty(codes, self.popularity),
            "ndcg@20_by_history": metrics.by_history(ndcg, self.asked.history),
        }


def evaluate_feed(
    parts: Parts, asked: feed.Asked, proposed: list[feed.Proposed], rows: npt.NDArray[np.float32],
    popularity: Int64s,
) -> FeedEvaluation:  # fmt: skip
    """Rank every query's candidates by each method.

    Methods: ``full`` (the learned ranker), ``fusion`` (agreement of sources), and each source alone
    (``als``, ``friends``, ``again``, ``popularity``).
    """
    ends = np.cumsum([0, *(len(one.slate) for one in proposed)])
    scores = parts.feed.score(rows) if parts.feed is not None else None
    found: dict[str, list[npt.NDArray[np.int32]]] = {}
    for i, one in enumerate(proposed):
        given = {"fusion": heuristic.fuse(one.slate)} | {
            "popularity" if name == "popular" else name: -ranks
            for name, ranks in one.slate.ranks.items()
        }
        if scores is not None:
            given["full"] = scores[ends[i] : ends[i + 1]]
        for name, values in given.items():
            found.setdefault(name, []).append(feed.ranked(one.slate, values, K))
    return FeedEvaluation(
        {name: np.stack(lists) for name, lists in found.items()}, asked, popularity
    )


def evaluate_sharing(
    ranker: LambdaMart | None, asked: sharing.Shares, found: sharing.Candidates,
    rng: np.random.Generator,
) -> dict[str, dict[str, float]]:  # fmt: skip
    """MRR@5 and Hit@5 over every (share, opener), against counting former openers.

    Baselines: most frequent former opener, most recent one, openings with a half-life of 30 days,
    and the same with half the weight of the reverse direction.
    """
    raw = found.raw
    methods: dict[str, Floats] = {
        "most_frequent": _known(raw["pair.opened_by"]),
        "most_recent": _known(np.nan_to_num(raw["pair.last_opened_by"])),
        "half_life": _known(raw["pair.opened_by_30"]),
        "half_life_reverse": _known(raw["pair.opened_by_30"] + 0.5 * raw["pair.opened_30"]),
    }
    if ranker is not None:
        methods["full"] = ranker.score(found.rows)
    return {name: _reciprocal(scores, asked, found, rng) for name, scores in methods.items()}


def _known(scores: Floats) -> Floats:
    """Scores with −∞ where a baseline knows nothing of a candidate: it does not name it."""
    return np.where(scores > 0, scores, -np.inf)


def _reciprocal(
    scores: Floats, asked: sharing.Shares, found: sharing.Candidates, rng: np.random.Generator
) -> dict[str, float]:
    query = found.companions.query
    order = np.lexsort((found.companions.peers.astype(str), -scores, query))
    starts = np.searchsorted(query, query[order])
    place = np.empty(len(query), dtype=np.int64)
    place[order] = np.arange(len(query)) - starts
    inside = found.opened & (place < 5) & np.isfinite(scores)
    gained = np.where(inside, 1.0 / (place + 1), 0.0)
    openers = np.array([len(people) for people in asked.opened_by])
    rows = np.zeros(int(openers.sum()))
    rows[: int(found.opened.sum())] = gained[found.opened]  # openers that were no candidates: 0
    low, high = metrics.bootstrap_interval(rows, rng)
    return {
        "mrr@5": float(rows.mean()) if len(rows) else 0.0,
        "hit@5": float((rows > 0).mean()) if len(rows) else 0.0,
        "low": low,
        "high": high,
    }
