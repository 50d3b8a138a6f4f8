"""How good the feed and the share targets are, on a later time, against simple baselines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from features.clock import Int64s
from features.items import Items
from recsys.bundle import Parts
from recsys.ranking import heuristic
from recsys.ranking.lambdamart import LambdaMart
from training import metrics
from training.circles import Circles
from training.examples import feed, sharing
from training.slices import Slices, means

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
    slices : Slices
        Told apart beside the history.
    """

    ranked: Mapping[str, npt.NDArray[np.int32]]
    asked: feed.Asked
    popularity: Int64s
    slices: Slices = field(default_factory=lambda: Slices({}, {}))

    def table(self, rng: np.random.Generator) -> dict[str, dict[str, Any]]:
        """Metrics by method: overall with intervals, and NDCG by slice."""
        return {name: self._row(codes, rng) for name, codes in self.ranked.items()}

    def values(self, method: str) -> dict[str, dict[str, Floats]]:
        """NDCG@20 of every query of a method, by property and slice."""
        codes = self.ranked[method]
        ndcg = metrics.ndcg_at_k(codes, self.asked.relevant, K)
        return self.slices.values(codes, self.asked, K, ndcg)

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
            **{
                f"ndcg@20_by_{name}": means(one)
                for name, one in self.slices.values(codes, self.asked, K, ndcg).items()
            },
        }


def evaluate_feed(
    parts: Parts, asked: feed.Asked, proposed: list[feed.Proposed], rows: npt.NDArray[np.float32],
    popularity: Int64s, slices: Slices | None = None,
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
        {name: np.stack(lists) for name, lists in found.items()},
        asked,
        popularity,
        slices or Slices({}, {}),
    )


@dataclass(frozen=True)
class SharingEvaluation:
    """How early each method named each opener of each share.

    Parameters
    ----------
    gained : mapping of str to ndarray, float64, shape (openings,)
        Method → 1 / place of the opener, 0 where not among the first five; the same openings in the
        same order for every method.
    """

    gained: Mapping[str, Floats]

    def table(self, rng: np.random.Generator) -> dict[str, dict[str, float]]:
        """MRR@5 with its interval, Hit@5 and NDCG@5 by method."""
        return {name: _row(values, rng) for name, values in self.gained.items()}

    def ratio(self, rng: np.random.Generator) -> tuple[str, float, float, float]:
        """The best baseline, and how ``full`` stands to it: ratio of MRR@5 with its interval.

        Openings are resampled in pairs.
        """
        best = max(BASELINES, key=lambda name: float(self.gained[name].mean()))
        ours, theirs = self.gained["full"], self.gained[best]
        draws = rng.integers(len(ours), size=(RESAMPLES, len(ours)))
        ratios = ours[draws].mean(axis=1) / np.maximum(theirs[draws].mean(axis=1), 1e-12)
        low, high = np.quantile(ratios, [0.025, 0.975])
        return best, float(ours.mean() / max(theirs.mean(), 1e-12)), float(low), float(high)


RESAMPLES = 400

BASELINES = ("most_frequent", "most_recent", "half_life", "half_life_reverse")
"""Ways to name former openers by counting."""


def evaluate_sharing(
    ranker: LambdaMart | None, asked: sharing.Shares, circles: Circles, items: Items
) -> SharingEvaluation:
    """Ask about every share, and see how early each opener was named.

    Baselines name former openers: the most frequent, the most recent, openings with a half-life of
    30 days, and the same with half the weight of the reverse direction. ``full`` is the ranker.
    """
    size = len(asked.queries)
    parts: dict[str, list[Floats]] = {}
    for start in range(0, size, sharing.AT_ONCE):
        some = asked.part(start, start + sharing.AT_ONCE)
        found = sharing.candidates(circles, items, some)
        for name, values in gains(ranker, some, found).items():
            parts.setdefault(name, []).append(values)
    return SharingEvaluation({name: np.concatenate(one) for name, one in parts.items()})


def gains(
    ranker: LambdaMart | None, asked: sharing.Shares, found: sharing.Candidates
) -> dict[str, Floats]:
    """1 / place of every opener by each method, as in ``SharingEvaluation``."""
    return {name: _gained(scores, asked, found) for name, scores in _scores(ranker, found).items()}


def _scores(ranker: LambdaMart | None, found: sharing.Candidates) -> dict[str, Floats]:
    raw = found.raw
    reverse = 0.5 * raw["pair.opened_30"]
    counted = (
        raw["pair.opened_by"],
        np.nan_to_num(raw["pair.last_opened_by"]),
        raw["pair.opened_by_30"],
        raw["pair.opened_by_30"] + reverse,
    )
    methods = {name: _known(one) for name, one in zip(BASELINES, counted, strict=True)}
    return methods if ranker is None else methods | {"full": ranker.score(found.rows)}


def _known(scores: Floats) -> Floats:
    """Scores with −∞ where a baseline knows nothing of a candidate: it does not name it."""
    return np.where(scores > 0, scores, -np.inf)


def _gained(scores: Floats, asked: sharing.Shares, found: sharing.Candidates) -> Floats:
    """1 / place of every opener, 0 after the fifth; openers that were no candidates stand last."""
    query = found.query
    order = np.lexsort((found.peers.astype(str), -scores, query))
    starts = np.searchsorted(query, query[order])
    place = np.empty(len(query), dtype=np.int64)
    place[order] = np.arange(len(query)) - starts
    inside = found.opened & (place < 5) & np.isfinite(scores)
    gained = np.where(inside, 1.0 / (place + 1), 0.0)
    rows = np.zeros(sum(len(people) for people in asked.opened_by))
    rows[: int(found.opened.sum())] = gained[found.opened]
    return rows


def _row(gained: Floats, rng: np.random.Generator) -> dict[str, float]:
    if not len(gained):
        return dict.fromkeys(("mrr@5", "hit@5", "ndcg@5", "low", "high"), 0.0)
    low, high = metrics.bootstrap_interval(gained, rng)
    hit = gained > 0
    return {
        "mrr@5": float(gained.mean()),
        "hit@5": float(hit.mean()),
        "ndcg@5": float(np.where(hit, 1 / np.log2(1 / np.where(hit, gained, 1.0) + 1), 0.0).mean()),
        "low": low,
        "high": high,
    }
