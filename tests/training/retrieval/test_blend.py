"""Two sources, one of which knows; who should be believed is visible."""

import numpy as np
import pytest

from recsys.candidates.matrix.recommender import Lists
from training.metrics import Relevant, ndcg_at_k
from training.retrieval import blend
from training.retrieval.pool import Pool, unite

PEOPLE, ITEMS = 200, 30


def drawn(rng: np.random.Generator, knows: np.ndarray, wanted: np.ndarray) -> Lists:
    """Random lists of ten, with the wanted item on top for those whom the source knows."""
    codes = np.stack([rng.permutation(ITEMS)[:10] for _ in range(PEOPLE)]).astype(np.int32)
    for person in np.flatnonzero(knows):
        rest = codes[person][codes[person] != wanted[person]][:9]
        codes[person, : len(rest) + 1] = [wanted[person], *rest]
        codes[person, len(rest) + 1 :] = -1
    scores = np.tile(np.arange(10, 0, -1.0), (PEOPLE, 1)).astype(np.float32)
    return Lists(codes, np.where(codes < 0, -np.inf, scores).astype(np.float32))


def setting(knows: np.ndarray) -> tuple[Pool, Relevant, blend.People]:
    rng = np.random.default_rng(0)
    wanted = rng.integers(ITEMS, size=PEOPLE).astype(np.int32)
    pool = unite({"noise": drawn(rng, ~knows, wanted), "taste": drawn(rng, knows, wanted)}, 20)
    history = np.where(knows, 3, 50)
    relevant = Relevant(np.arange(PEOPLE + 1), wanted)
    return pool, relevant, blend.People(history, np.ones(PEOPLE, dtype=np.int64))


def fitted(pool: Pool, relevant: Relevant, people: blend.People, social: bool) -> blend.Blend:
    popular = np.ones(ITEMS, dtype=np.int64)
    return blend.fit(pool, people, relevant, popular, (False, social), np.random.default_rng(1))


def test_a_source_that_knows_nothing_gets_no_weight():
    found = fitted(*setting(np.ones(PEOPLE, dtype=bool)), social=False)
    assert found.weights[1, 1] > 5 * found.weights[1, 0]
    assert found.worth > 0.95
    assert found.told["trees"] == 0


def test_ties_may_weigh_more_for_people_with_little_history():
    knows = np.arange(PEOPLE) < PEOPLE // 2
    found = fitted(*setting(knows), social=True)
    assert found.little == pytest.approx(26.5)
    assert found.weights[0, 1] > found.weights[1, 1]
    assert found.told["history <= 26.5"] == {"taste": pytest.approx(found.weights[0, 1], abs=1e-3)}


def test_fast_ndcg_is_the_metric():
    pool, relevant, _ = setting(np.arange(PEOPLE) % 3 > 0)
    scores = np.random.default_rng(2).random(len(pool.codes))
    fast = blend._ndcg(pool, scores, blend._labels(pool, relevant), blend._ideal(relevant.counts))
    assert fast == pytest.approx(np.mean(ndcg_at_k(pool.ranked(scores, 20), relevant, 20)))


def test_trees_are_kept_where_they_are_better(monkeypatch):
    """Whom to believe depends on history, which two weights without ties cannot say."""
    monkeypatch.setattr(blend, "FEWEST", 50)
    monkeypatch.setattr(
        blend, "TREES", blend.LambdaMartConfig(rounds=60, min_data_in_leaf=5, threads=1)
    )
    found = fitted(*setting(np.arange(PEOPLE) < PEOPLE // 2), social=False)
    assert found.told["trees"] > 0
    assert found.worth > 0.9
