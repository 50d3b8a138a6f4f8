"""The ranker learns an order that is plain to see."""

from dataclasses import replace

import numpy as np
import pytest

from features.errors import InputError
from recsys.ranking.lambdamart import UNPLACED, Groups, LambdaMart, LambdaMartConfig, ndcg

COLUMNS = ["item.good", "item.noise"]
SMALL = LambdaMartConfig(rounds=20, min_data_in_leaf=5, num_leaves=4, threads=1)


def lists(seed: int, queries: int = 60, size: int = 8, by: int = 0) -> Groups:
    """In every query the row with the largest first column, or another one, is the right one."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(queries, size, 2)).astype(np.float32)
    labels = (rows[:, :, by] == rows[:, :, by].max(axis=1, keepdims=True)).astype(np.int64)
    return Groups(rows.reshape(-1, 2), labels.ravel(), np.full(queries, size))


@pytest.fixture(scope="module")
def ranker() -> LambdaMart:
    return LambdaMart.fit(lists(0), lists(1), COLUMNS, SMALL)


def test_an_obvious_order_is_learned(ranker):
    rows = np.array([[-2, 9], [0, 0], [2.5, -9]], dtype=np.float32)
    assert np.argsort(-ranker.score(rows))[0] == 2
    assert next(iter(ranker.importance)) == "item.good"


def test_unknown_values_are_ranked_too(ranker):
    assert np.isfinite(ranker.score(np.full((2, 2), np.nan, dtype=np.float32))).all()


def test_no_rows_have_no_scores(ranker):
    assert ranker.score(np.zeros((0, 2), dtype=np.float32)).shape == (0,)


def test_opened_scores_equal_saved_ones(ranker, tmp_path):
    ranker.save(tmp_path / "model.txt")
    opened = LambdaMart.open(tmp_path / "model.txt")
    rows = lists(2).rows
    assert opened.columns == tuple(COLUMNS)
    assert opened.score(rows).tolist() == ranker.score(rows).tolist()


def test_the_same_seed_grows_the_same_trees(ranker):
    again = LambdaMart.fit(lists(0), lists(1), COLUMNS, SMALL)
    assert again.booster.model_to_string() == ranker.booster.model_to_string()


def test_validation_stops_what_no_longer_helps():
    config = LambdaMartConfig(rounds=300, patience=3, min_data_in_leaf=5, num_leaves=4, threads=1)
    assert LambdaMart.fit(lists(0), lists(1), COLUMNS, config).booster.num_trees() < 300


def test_it_grows_without_validation_too():
    assert LambdaMart.fit(lists(0), None, COLUMNS, SMALL).booster.num_trees() == SMALL.rounds


def test_without_a_positive_row_there_is_nothing_to_learn():
    given = lists(0)
    nothing = Groups(given.rows, np.zeros_like(given.labels), given.sizes)
    with pytest.raises(InputError, match=r"nothing to learn.*got 60 queries, no positive row"):
        LambdaMart.fit(nothing, None, COLUMNS, SMALL)


def test_more_trees_learn_what_has_changed(ranker):
    now = ranker.continued(lists(2, by=1), lists(3, by=1), SMALL)
    asked = lists(4, by=1)
    assert now.rounds > ranker.rounds
    assert ndcg(now.score(asked.rows), asked, 20) > ndcg(ranker.score(asked.rows), asked, 20)


def test_trees_that_help_nobody_are_not_added(ranker):
    few = replace(SMALL, rounds=3, learning_rate=1.0)
    assert ranker.continued(lists(2, by=1), lists(3), few) is ranker


def test_rows_that_were_shown_stand_beside_those_that_were_not():
    plain, shown = lists(1, 2), replace(lists(2, 3), places=np.arange(24, dtype=np.int32) % 8)
    assert plain.with_(plain).places is None
    together = plain.with_(shown)
    assert together.places.tolist() == [UNPLACED] * 16 + [*range(8)] * 3
    assert together.weights is None
    assert plain.with_(replace(shown, weights=np.full(24, 2.0))).weights.tolist() == (
        [1.0] * 16 + [2.0] * 24
    )
