"""Scores of likeness to a seed, and what they are worth on seeds that were held out.

Two members, each blind where the other sees: a classifier of the seed against a sample of everybody
else (positive and unlabelled: Elkan & Noto, KDD 2008), and the cosine to the nearest of a few
centres of the seed, added to that to its mean. Their ranks are averaged, as Pinterest found best at
every size of seed (deWet & Ou, "Finding users who act alike", KDD 2019).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.errors import GateRefused
from recsys.boosting import Trees, TreesConfig
from training.lookalike.people import People

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LEAST = 500
"""People that a seed needs, so that nobody can be told from it."""

BACKGROUND = 50_000
"""Others that the classifier sees at most, and at most ``EACH`` for each of the seed."""

EACH = 10
CENTRES = 12
HELD = 0.2
SPLITS = 3
SHARES = (0.01, 0.05, 0.10)
CURVE = (0.005, 0.01, 0.02, 0.05, 0.10, 0.20, 0.30, 0.50)

TREES = TreesConfig(
    "binary", rounds=120, num_leaves=15, min_data_in_leaf=20, learning_rate=0.06,
    feature_fraction=0.5, bagging_fraction=0.8, lambda_l2=10.0, threads=2,
)  # fmt: skip

SAME = 0.99
"""AUC of one column alone beyond which a seed is hardly more than a rule on it."""


@dataclass(frozen=True)
class Found:
    """Who is like a seed.

    Parameters
    ----------
    similarity : ndarray, float64, shape (n,)
        0 to 1: the part of everybody outside the seed who is less like it.
    inside : ndarray, bool, shape (n,)
        Who is of the seed.
    told : dict
        Recall, lift, placebo, curve, warnings, drivers.
    """

    similarity: Floats
    inside: Bools
    told: dict[str, Any]


def fit(
    people: People, seed_ids: set[str], *, least: int = LEAST, seed: int = 0,
    step: Callable[[float, str], Any] = lambda *_: None,
) -> Found:  # fmt: skip
    """Find them, and judge the finding.

    Parameters
    ----------
    people : People
        Everybody.
    seed_ids : set of str
        The seed; strangers among them are counted.
    least : int
        People of the seed that must be known.
    seed : int
        Of samples and splits.
    step : callable
        Told how much is done.

    Raises
    ------
    GateRefused
        When too few of the seed are known, or hardly anybody is left beside it.
    """
    inside = np.array([one in seed_ids for one in people.users], dtype=np.bool_)
    known = int(inside.sum())
    _check(known, len(seed_ids), len(people.users), least)
    rng = np.random.default_rng(seed)
    recalls: dict[str, list[dict[float, float]]] = {}
    curves = []
    for split in range(SPLITS):
        step(0.1 + 0.6 * split / SPLITS, f"held-out seeds, {split + 1} of {SPLITS}")
        learn, held = _split(inside, rng)
        members = _members(people, learn, rng, seed + split)
        judged = ~learn
        members["most_active"] = people.active.astype(np.float64)
        for name, score in members.items():
            recalls.setdefault(name, []).append(_recall(score[judged], held[judged], SHARES))
        curves.append(_recall(members["ensemble"][judged], held[judged], CURVE))
    step(0.7, "placebo")
    placebo = _placebo(people, known, rng, seed)
    step(0.85, "everybody")
    members = _members(people, inside, rng, seed)
    similarity = _ranks(members["ensemble"], ~inside)
    told = {
        "seed": known, "strangers": len(seed_ids) - known, "people": len(people.users),
        "recall": {name: _mean(found) for name, found in recalls.items()},
        "lift": {
            name: {share: value / float(share) for share, value in _mean(found).items()}
            for name, found in recalls.items()
        },
        "placebo_lift": {share: value / float(share) for share, value in placebo.items()},
        "curve": _curve(curves, similarity[~inside]),
        "warnings": _warnings(people, inside),
    }  # fmt: skip
    step(1.0, "done")
    return Found(similarity, inside, told)


def _check(known: int, given: int, everybody: int, least: int) -> None:
    if known < least:
        raise GateRefused(
            "the seed is too small" if given < least else "the seed is mostly strangers",
            expected=f"{least} known people or more, so that nobody can be told from the result",
            got=f"{known} known of {given}",
            next_step="use a larger segment, or look at how ids are written in this home",
        )
    if everybody - known < least:
        raise GateRefused(
            "hardly anybody is left beside the seed", expected=f"{least} others",
            got=f"{everybody - known}",
        )  # fmt: skip


def _split(inside: Bools, rng: np.random.Generator) -> tuple[Bools, Bools]:
    who = rng.permutation(np.flatnonzero(inside))
    held = np.zeros(len(inside), dtype=np.bool_)
    held[who[: max(round(HELD * len(who)), 1)]] = True
    return inside & ~held, held


def _members(
    people: People, learn: Bools, rng: np.random.Generator, seed: int
) -> dict[str, Floats]:
    """Scores of everybody by each member, and by both."""
    found = {
        "classifier": _classified(people, learn, rng, seed),
        "embedding": _alike(people, learn, seed),
    }
    found["ensemble"] = np.mean([_ranks(one, ~learn) for one in found.values()], axis=0)
    return found


def _classified(people: People, learn: Bools, rng: np.random.Generator, seed: int) -> Floats:
    others = np.flatnonzero(~learn)
    many = min(len(others), BACKGROUND, max(EACH * int(learn.sum()), 2_000))
    taken = np.concatenate([np.flatnonzero(learn), rng.choice(others, many, replace=False)])
    half = rng.permutation(len(taken)) % 2
    rows = np.hstack([people.rows, people.vectors])
    # Whoever the trees saw as background would score lower for it: two halves score each other.
    score = np.zeros(len(learn))
    seen = np.zeros(len(learn))
    for side in (0, 1):
        own = taken[half != side]
        trees = Trees.fit(rows[own], learn[own], config=TREES, seed=seed)
        unseen = np.ones(len(learn), dtype=np.bool_)
        unseen[own] = False
        score[unseen] += trees.score(rows[unseen])
        seen[unseen] += 1
    return np.asarray(score / np.maximum(seen, 1))


def _alike(people: People, learn: Bools, seed: int) -> Floats:
    from sklearn.cluster import KMeans

    own = people.vectors[learn]
    different = len(np.unique(own, axis=0))
    centres = min(CENTRES, max(int(len(own) ** 0.5 / 4), 1), different)
    clusters = KMeans(centres, n_init=3, random_state=seed).fit(own)
    nearest = (people.vectors @ _unit(clusters.cluster_centers_).T).max(axis=1)
    mean = people.vectors @ _unit(own.mean(axis=0, keepdims=True)).T
    return np.asarray(nearest + mean.ravel(), dtype=np.float64)


def _unit(rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-9), dtype=np.float32)


def _ranks(score: Floats, among: Bools) -> Floats:
    """Part of some people whose score is lower, equal ones by half; float64, shape (n,)."""
    ordered = np.sort(score[among])
    low = np.searchsorted(ordered, score, side="left")
    high = np.searchsorted(ordered, score, side="right")
    return np.asarray((low + high) / 2 / max(len(ordered), 1))


def _recall(score: Floats, held: Bools, shares: tuple[float, ...]) -> dict[float, float]:
    """Part of the held-out seed among the highest shares; ties count by their part."""
    ranks = 1.0 - _ranks(score, np.ones(len(score), dtype=np.bool_))
    return {share: float((ranks[held] < share).mean()) for share in shares}


def _placebo(people: People, size: int, rng: np.random.Generator, seed: int) -> dict[str, float]:
    """Recall of a seed drawn by lot: as large as its share, if nothing leaks."""
    found = []
    for split in range(SPLITS):
        drawn = np.zeros(len(people.users), dtype=np.bool_)
        drawn[rng.choice(len(drawn), size, replace=False)] = True
        learn, held = _split(drawn, rng)
        score = _members(people, learn, rng, seed + split)["ensemble"]
        found.append(_recall(score[~learn], held[~learn], SHARES))
    return _mean(found)


def _mean(found: list[dict[float, float]]) -> dict[str, float]:
    return {f"{share:g}": float(np.mean([one[share] for one in found])) for share in found[0]}


def _curve(curves: list[dict[float, float]], similarity: Floats) -> list[Mapping[str, float]]:
    """What each size brings: people, similarity at the cut, recall of held-out seeds, lift."""
    return [
        {
            "share": share,
            "people": round(share * len(similarity)),
            "similarity": float(np.quantile(similarity, 1 - share)),
            "recall": float(np.mean([one[share] for one in curves])),
            "lift": float(np.mean([one[share] for one in curves])) / share,
        }
        for share in CURVE
    ]


def _warnings(people: People, inside: Bools) -> list[str]:
    """Columns that alone tell the seed from everybody: it is hardly more than a rule on them."""
    from training.predictions.quality import auc

    told = []
    rng = np.random.default_rng(0)
    others = np.flatnonzero(~inside)
    taken = np.concatenate([
        rng.choice(np.flatnonzero(inside), min(int(inside.sum()), 5_000), replace=False),
        rng.choice(others, min(len(others), 5_000), replace=False),
    ])
    for place, name in enumerate(people.columns):
        values = np.nan_to_num(people.rows[taken, place].astype(np.float64), nan=-1e9)
        if np.ptp(values) == 0:
            continue
        found = auc(values, inside[taken])
        if max(found, 1 - found) > SAME:
            told.append(f"{name} alone tells the seed from everybody; a rule on it does as well")
    return told
