import numpy as np
import pytest

from recsys.candidates.matrix.recommender import Lists
from training.retrieval.pool import normalised, unite


def lists(*rows: list[tuple[int, float]], width: int = 3) -> Lists:
    codes = np.full((len(rows), width), -1, dtype=np.int32)
    scores = np.full((len(rows), width), -np.inf, dtype=np.float32)
    for place, row in enumerate(rows):
        for at, (code, score) in enumerate(row):
            codes[place, at], scores[place, at] = code, score
    return Lists(codes, scores)


BOTH = {
    "one": lists([(5, 9.0), (2, 7.0), (1, 5.0)], []),
    "two": lists([(2, 0.3), (8, 0.1)], [(4, 1.0)]),
}


def test_scores_run_from_the_last_of_a_list_to_the_mean_of_its_head():
    assert normalised(BOTH["one"])[0] == pytest.approx([2.0, 1.0, 0.0])
    assert normalised(BOTH["one"])[1].tolist() == [0, 0, 0]


def test_every_item_stands_once_with_what_each_source_said():
    pool = unite(BOTH, 10)
    assert pool.starts.tolist() == [0, 4, 5]
    assert pool.codes.tolist() == [1, 2, 5, 8, 4]
    assert pool.ranks.tolist() == [[2, 3], [1, 0], [0, 3], [3, 1], [3, 0]]
    assert pool.of(["two"]).scores[:4, 0].tolist() == [0, 2, 0, 0]


def test_what_sources_agree_on_stays():
    assert unite(BOTH, 2).codes.tolist() == [2, 5, 4]


def test_ranking_is_by_score_then_code():
    pool = unite(BOTH, 10)
    ranked = pool.ranked(np.array([1.0, 3.0, 3.0, 0.0, 7.0]), 3)
    assert ranked.tolist() == [[2, 5, 1], [4, -1, -1]]


def test_some_of_the_people_are_the_people():
    pool = unite(BOTH, 10).people(np.array([False, True]))
    assert (pool.starts.tolist(), pool.codes.tolist()) == ([0, 1], [4])
