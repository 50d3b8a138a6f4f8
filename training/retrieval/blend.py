"""Several sources, one score: weights found on what was held back.

Weights of normalised scores by coordinate ascent (Metzler & Croft, "Linear feature-based models for
information retrieval", 2007), those of social sources apart for people with little history; beside
them LambdaMART over the same columns, as loud as is best for people it has not seen: a linear score
and trees err differently, and together are better than either.
"""

import logging
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.errors import InputError
from recsys.ranking.lambdamart import Groups, LambdaMart, LambdaMartConfig
from training import metrics
from training.metrics import Relevant
from training.retrieval.pool import Pool

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

K = 20

WEIGHTS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
"""What a weight may become, beside half as much again and two thirds of what it was."""

PASSES = 4

MIXES = (0.25, 0.5, 1.0, 2.0, 4.0, 16.0)
"""How loud trees may be beside weights."""

FEWEST = 300
"""People with a hit among their candidates, without whom no trees are grown."""

TREES = LambdaMartConfig(
    rounds=500, patience=40, num_leaves=24, min_data_in_leaf=200, learning_rate=0.05,
    feature_fraction=0.6, lambda_l2=10.0, truncation=25, eval_at=K,
)  # fmt: skip


@dataclass(frozen=True)
class People:
    """What is known of those who ask.

    Parameters
    ----------
    history : ndarray, int64, shape (people,)
        How much each did.
    ties : ndarray, int64, shape (people,)
        How many each knows.
    """

    history: Ints
    ties: Ints

    def take(self, chosen: npt.NDArray[np.bool_]) -> "People":
        """Some of them."""
        return People(self.history[chosen], self.ties[chosen])


@dataclass
class Blend:
    """A fitted blend.

    Parameters
    ----------
    sources : tuple of str
        What it reads, in order.
    social : tuple of bool
        Which of them know ties.
    weights : ndarray, float64, shape (2, sources)
        For people with little history, and for the others.
    little : float
        History up to which somebody has little.
    trees : LambdaMart, optional
        Where they help.
    mix : float
        How loud they are beside the weights.
    worth : float
        NDCG@20 on people that the loudness was chosen by.
    """

    sources: tuple[str, ...]
    social: tuple[bool, ...]
    weights: Floats
    little: float
    trees: LambdaMart | None = None
    mix: float = 0.0
    worth: float = 0.0

    def score(self, pool: Pool, people: People, popularity: Ints) -> Floats:
        """Score of every candidate.

        Parameters
        ----------
        pool : Pool
            With the same sources.
        people : People
            Who asks.
        popularity : ndarray, int64, shape (items,)
            Interactions of each item.
        """
        plain = self._plain(pool, people)
        if self.trees is None:
            return plain
        grown = self.trees.score(_rows(pool, people, popularity, plain, self.social))
        return _loud(plain) + self.mix * _loud(grown)

    def _plain(self, pool: Pool, people: People) -> Floats:
        side = np.where(people.history <= self.little, 0, 1)[pool.person]
        return np.asarray((pool.scores * self.weights[side]).sum(axis=1), dtype=np.float64)

    @property
    def told(self) -> dict[str, object]:
        """Weights by source, and how loud trees are beside them; 0 where they did not help."""
        usual, few = self.weights[1], self.weights[0]
        found: dict[str, object] = {
            name: round(float(weight), 3)
            for name, weight in zip(self.sources, usual, strict=True)
            if weight > 0
        }
        differing = {
            name: round(float(few[i]), 3)
            for i, name in enumerate(self.sources)
            if few[i] != usual[i]
        }
        if differing:
            found[f"history <= {self.little:g}"] = differing
        return found | {"trees": self.mix}


def fit(
    pool: Pool, people: People, relevant: Relevant, popularity: Ints, social: tuple[bool, ...],
    rng: np.random.Generator,
) -> Blend:  # fmt: skip
    """Find weights, grow trees, keep what is better.

    Parameters
    ----------
    pool : Pool
        Candidates of people with something held back.
    people, relevant : People, Relevant
        Who they are; what was held back.
    popularity : ndarray, int64, shape (items,)
        Interactions of each item in what was fitted on.
    social : tuple of bool
        Which sources know ties.
    rng : numpy.random.Generator
        Draws the people that decide.
    """
    count = len(pool.starts) - 1
    drawn = rng.permutation(count)
    decides, stops = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    decides[drawn[: max(1, count // 5)]] = True
    stops[drawn[max(1, count // 5) : max(1, count // 3)]] = True
    labels = _labels(pool, relevant)
    little = float(np.median(people.history)) if count else 0.0
    weights = _ascend(pool, people, relevant, labels, little, social, ~decides)
    plain = Blend(pool.sources, social, weights, little)
    part, asked = pool.people(decides), people.take(decides)
    wanted = _of(relevant, decides)

    def worth(blend: Blend) -> float:
        ranked = part.ranked(blend.score(part, asked, popularity), K)
        return float(np.nanmean(metrics.ndcg_at_k(ranked, wanted, K)))

    trees = _grown(plain, pool, people, labels, popularity, ~decides & ~stops, stops)
    mixes = () if trees is None else MIXES
    every = [plain, *(replace(plain, trees=trees, mix=mix) for mix in mixes)]
    for one in every:
        one.worth = worth(one)
    log.info("blend: %s", ", ".join(f"trees × {one.mix:g} {one.worth:.4f}" for one in every))
    return max(every, key=lambda one: one.worth)


def _loud(scores: Floats) -> Floats:
    """As loud as any other scores, so that a mix means the same on any data."""
    return scores / max(float(scores.std()), 1e-12)


def _labels(pool: Pool, relevant: Relevant) -> npt.NDArray[np.int64]:
    span = 1 + max(int(pool.codes.max(initial=0)), int(relevant.codes.max(initial=0)))
    wanted = np.repeat(np.arange(len(relevant.counts)), relevant.counts) * span + relevant.codes
    return np.isin(pool.person * span + pool.codes, wanted).astype(np.int64)


def _of(relevant: Relevant, chosen: npt.NDArray[np.bool_]) -> Relevant:
    counts = relevant.counts
    kept = np.repeat(chosen, counts)
    return Relevant(np.concatenate([[0], np.cumsum(counts[chosen])]), relevant.codes[kept])


def _ascend(
    pool: Pool, people: People, relevant: Relevant, labels: Ints, little: float,
    social: tuple[bool, ...], chosen: npt.NDArray[np.bool_],
) -> Floats:  # fmt: skip
    """Weights, one at a time, each to where NDCG@20 of the chosen people is best."""
    part, asked = pool.people(chosen), people.take(chosen)
    hit, ideal = labels[chosen[pool.person]], _ideal(relevant.counts[chosen])
    side = np.where(asked.history <= little, 0, 1)[part.person]
    width = len(part.sources)
    alone = [_ndcg(part, part.scores[:, i].astype(np.float64), hit, ideal) for i in range(width)]
    best = np.zeros((2, width))
    best[:, int(np.argmax(alone))] = 1.0
    value = max(alone)
    total = (part.scores * best[side]).sum(axis=1)
    for _ in range(PASSES):
        before = value
        for source in np.argsort(alone)[::-1]:
            for sides in ((0, 1), (0,)) if social[source] else ((0, 1),):
                where = np.isin(side, sides)
                now = best[sides[0], source]
                for weight in {*WEIGHTS, now * 1.5, now / 1.5} - {now}:
                    moved = (
                        total
                        + np.where(where, (weight - best[side, source]), 0.0)
                        * (part.scores[:, source])
                    )
                    found = _ndcg(part, moved, hit, ideal)
                    if found > value + 1e-6:
                        value, better = found, weight
                        best[list(sides), source] = better
                        total = (part.scores * best[side]).sum(axis=1)
        if value - before < 1e-5:
            break
    return best


def _ideal(counts: Ints) -> Floats:
    gains = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, K + 2)))])
    return np.asarray(gains[np.minimum(counts, K)])


def _ndcg(pool: Pool, scores: Floats, hit: Ints, ideal: Floats) -> float:
    """NDCG@20, faster than by lists: a hit's place is how many others score as high or higher."""
    wide = int(np.diff(pool.starts).max(initial=1))
    grid = np.full((len(pool.starts) - 1, wide), -np.inf)
    inside = np.arange(len(scores)) - pool.starts[pool.person]
    grid[pool.person, inside] = scores
    rows = pool.person[hit > 0]
    place = (grid[rows] >= scores[hit > 0][:, None]).sum(axis=1) - 1
    gain = np.where(place < K, 1 / np.log2(place + 2.0), 0.0)
    return float(np.mean(np.bincount(rows, gain, len(ideal)) / ideal))


def _grown(
    blend: Blend, pool: Pool, people: People, labels: Ints, popularity: Ints,
    grows: npt.NDArray[np.bool_], stops: npt.NDArray[np.bool_],
) -> LambdaMart | None:  # fmt: skip
    rows = _rows(pool, people, popularity, blend._plain(pool, people), blend.social)
    learn, watch = (_groups(pool, rows, labels, one) for one in (grows, stops))
    if len(learn.sizes) < FEWEST:
        return None
    try:
        return LambdaMart.fit(learn, watch, _columns(pool), TREES)
    except InputError:
        return None


def _groups(
    pool: Pool, rows: npt.NDArray[np.float32], labels: Ints, chosen: npt.NDArray[np.bool_]
) -> Groups:
    """Rows of the chosen people who have a hit among their candidates."""
    hit = np.bincount(pool.person, labels, len(chosen)) > 0
    kept = (chosen & hit)[pool.person]
    return Groups(rows[kept], labels[kept], np.diff(pool.starts)[chosen & hit])


def _columns(pool: Pool) -> list[str]:
    return [
        "blend", "popularity", "history", "ties", "agreeing",
        *(f"score.{name}" for name in pool.sources), *(f"rank.{name}" for name in pool.sources),
    ]  # fmt: skip


def _rows(
    pool: Pool, people: People, popularity: Ints, plain: Floats, social: tuple[bool, ...]
) -> npt.NDArray[np.float32]:
    person = pool.person
    ties = people.ties if any(social) else np.zeros_like(people.ties)
    own = [
        plain,
        np.log1p(popularity[pool.codes]),
        np.log1p(people.history)[person],
        np.log1p(ties)[person],
        (pool.scores > 0).sum(axis=1),
    ]
    return np.column_stack([*own, pool.scores, np.log1p(pool.ranks)]).astype(np.float32)
