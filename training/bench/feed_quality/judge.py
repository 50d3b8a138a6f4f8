"""Lists of every method for the queries of the test, and rows of measures by slice."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.items import Items
from recsys.policy import PLAIN, USUAL
from recsys.rules.arranging import Arranger
from training import fit, metrics, slices
from training.bench.feed_quality.ground import Asked, Learned
from training.bench.report import Row
from training.evaluate import K
from training.examples import feed

Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

OURS = "huoren"


def lists(learned: Learned, oracle: Mapping[str, Sequence[str]] | None) -> dict[str, Codes]:
    """Method → best codes; int32, shape (queries, K)."""
    parts, test = learned.parts, learned.test
    assert parts.feed is not None
    scores = parts.feed.score(test.rows)
    found = of_sources(test)
    found["blend"] = blended(test, weights(learned.valid))
    found["most_bought"] = most_bought(learned)
    assert parts.outcomes is not None
    ends = test.ends
    worth = np.concatenate([
        parts.outcomes.utility(test.rows[low:high], scores[low:high], USUAL.worth)
        for low, high in pairwise(ends)
    ])
    for name, policy, given in ((OURS, USUAL, worth), (f"{OURS}:ranker", PLAIN, scores)):
        arranger = Arranger(parts.items, policy, learned.window.start_us)
        found[name] = _pages(test, given, arranger)
    if oracle:
        found["oracle"] = of_oracle(test, parts.items, oracle)
    return found


def of_sources(asked: Asked) -> dict[str, Codes]:
    """Each source alone, after the rules; ``popular`` is called popularity."""
    names = list(dict.fromkeys(n for one in asked.proposed for n in one.slate.ranks))
    return {
        "popularity" if name == "popular" else name: np.stack([
            feed.ranked(one.slate, -one.slate.ranks[name], K)
            if name in one.slate.ranks
            else np.full(K, -1, dtype=np.int32)
            for one in asked.proposed
        ])
        for name in names
    }


def weights(valid: Asked) -> dict[str, float]:
    """How much each source says in the blend: its NDCG on the window that chooses."""
    found = of_sources(valid)
    return {
        name: float(np.nanmean(metrics.ndcg_at_k(codes, valid.asked.relevant, K)))
        for name, codes in found.items()
    }


def blended(asked: Asked, weight: Mapping[str, float]) -> Codes:
    """Weighted reciprocal rank fusion: the union of sources without a learned ranker."""
    found = []
    for one in asked.proposed:
        total = np.zeros(len(one.slate))
        for name, ranks in one.slate.ranks.items():
            said = weight["popularity" if name == "popular" else name]
            total += said * np.nan_to_num(1.0 / (20.0 + ranks))
        found.append(feed.ranked(one.slate, total, K))
    return np.stack(found)


def most_bought(learned: Learned) -> Codes:
    """What this person bought most often, the latest first among equals."""
    found = []
    for one in learned.test.proposed:
        bought = one.moment.purchases
        page = np.full(K, -1, dtype=np.int32)
        if bought is not None:
            can = learned.parts.items.available(bought.codes, one.moment.at_us)
            best = np.lexsort((bought.ages, -bought.times))
            best = best[can[best]][:K]
            page[: len(best)] = bought.codes[best]
        found.append(page)
    return np.stack(found)


def of_oracle(asked: Asked, items: Items, told: Mapping[str, Sequence[str]]) -> Codes:
    """What somebody who knew the true tastes would have shown; −1 for whom it was not asked."""
    pages = np.full((len(asked.proposed), K), -1, dtype=np.int32)
    for i, user in enumerate(asked.asked.queries.users):
        codes = items.ids.codes(list(told.get(user, ()))[:K])
        codes = codes[codes >= 0]
        pages[i, : len(codes)] = codes
    return pages


def _pages(asked: Asked, scores: Floats, arranger: Arranger) -> Codes:
    pages = np.full((len(asked.proposed), K), -1, dtype=np.int32)
    ends = asked.ends
    for i, one in enumerate(asked.proposed):
        own = scores[ends[i] : ends[i + 1]]
        page = arranger.arrange(one.slate.codes, own, K, one.moment.at_us)
        pages[i, : len(page.places)] = one.slate.codes[page.places]
    return pages


def rows(learned: Learned, found: Mapping[str, Codes], names: Sequence[str]) -> Iterator[Row]:
    """Measures of methods by slice; the slices of accuracy, ``all`` with the rest."""
    ground, parts, test = learned.ground, learned.parts, learned.test
    target = parts.settings.target
    counts = fit.counts_before(ground.past, parts.items, learned.window.start_us, target)
    cut = slices.of(ground.past, test.asked, learned.window, counts)
    friends = np.array([len(one.moment.friends.codes) > 0 for one in test.proposed])
    cold = (test.asked.history == 0) & friends
    for name in names:
        codes = found[name]
        ndcg = metrics.ndcg_at_k(codes, test.asked.relevant, K)
        recall = metrics.recall_at_k(codes, test.asked.relevant, K)
        of_slices = cut.values(codes, test.asked, K, ndcg)
        parted = {label: one for group in of_slices.values() for label, one in group.items()}
        parted["history=0, friends known"] = np.where(cold, ndcg, np.nan)
        for label, values in parted.items():
            known = ~np.isnan(values)
            if not known.any():
                continue
            low, high = metrics.bootstrap_interval(values, np.random.default_rng(0))
            row: dict[str, object] = {
                "method": name,
                "slice": label,
                "queries": int(known.sum()),
                "ndcg@20": round(float(values[known].mean()), 5),
                "ndcg@20_low": round(low, 5),
                "ndcg@20_high": round(high, 5),
            }
            if not label.startswith("item="):  # these count some of the relevant items only
                row["recall@20"] = round(float(np.nanmean(recall[known])), 5)
            if label == "all":
                row |= beyond(codes, parts.items, counts)
                if name == OURS:
                    row["calibration_error"] = {
                        outcome: round(one, 5) for outcome, one in learned.errors.items()
                    }
            yield row


def beyond(codes: Codes, items: Items, counts: npt.NDArray[np.int64]) -> dict[str, object]:
    """Coverage, novelty, concentration of exposure, and unlikeness within lists."""
    shown = codes[codes >= 0]
    return {
        "coverage": round(metrics.coverage(codes, len(items)), 5),
        "novelty": round(metrics.novelty(codes, counts), 3),
        "gini": round(metrics.gini(np.bincount(shown, minlength=len(items))), 4),
        "diversity": round(unlikeness(codes, items.coded[c.CATEGORY]), 4),
    }


def unlikeness(codes: Codes, category: npt.NDArray[np.int32]) -> float:
    """Share of the pairs within a list that are of different categories, mean over lists.

    Examples
    --------
    >>> category = np.array([7, 7, 8], dtype=np.int32)
    >>> round(unlikeness(np.array([[0, 1, 2, -1]], dtype=np.int32), category), 3)
    0.667
    """
    found = []
    for row in codes:
        own = category[row[row >= 0]]
        if len(own) > 1:
            _, counts = np.unique(own, return_counts=True)
            same = float((counts * (counts - 1)).sum()) / (len(own) * (len(own) - 1))
            found.append(1.0 - same)
    return float(np.mean(found)) if found else float("nan")
