"""What is clicked falls with the place: trees that learned it answer for the first place alone."""

import numpy as np
import pytest

from features.errors import InputError
from recsys import boosting
from recsys.ranking import native
from recsys.ranking.fixing import fixed

COLUMNS = ["a", "b", "position"]


@pytest.fixture(scope="module")
def grown():
    rng = np.random.default_rng(0)
    rows = rng.random((4_000, 3)).astype(np.float32)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[:, 2] = rng.integers(8, size=len(rows))
    came = rng.random(len(rows)) < np.nan_to_num(rows[:, 0]) / (1.0 + rows[:, 2])
    engine = boosting.lightgbm()
    given = {"objective": "regression", "num_leaves": 15, "verbosity": -1, "num_threads": 1}
    given |= {"monotone_constraints": [0, 0, -1]}
    return rows, engine.train(given, engine.Dataset(rows, came * 1.0, feature_name=COLUMNS), 30)


@pytest.mark.parametrize("place", [0.0, 3.0, 99.0])
def test_the_answers_are_those_of_rows_at_that_place(grown, place):
    rows, trees = grown
    there = rows.copy()
    there[:, 2] = place
    found = boosting.lightgbm().Booster(model_str=fixed(trees.model_to_string(), place))
    assert np.array_equal(found.predict(rows[:, :2]), trees.predict(there))
    assert found.feature_name() == ["a", "b"]


def test_what_is_left_compiles_and_is_smaller(grown):
    rows, trees = grown
    text = trees.model_to_string()
    short = boosting.lightgbm().Booster(model_str=fixed(text, 0.0)).model_to_string()
    score = native.of_text(short)
    there = np.where(np.arange(3) == 2, np.float32(0.0), rows)
    assert np.array_equal(score(rows[:, :2]), trees.predict(there))
    assert len(short) < len(text)


def test_a_tree_of_nothing_else_becomes_one_leaf():
    engine, place = boosting.lightgbm(), np.arange(200, dtype=np.float32) % 8
    rows = np.stack([np.zeros(200, np.float32), place], axis=1)
    given = {"objective": "regression", "verbosity": -1, "num_threads": 1}
    trees = engine.train(given, engine.Dataset(rows, 1.0 / (1.0 + place)), 3)
    found = engine.Booster(model_str=fixed(trees.model_to_string(), 0.0))
    assert found.predict(np.zeros((1, 1)))[0] == trees.predict(np.zeros((1, 2)))[0]


def test_categories_are_refused():
    with pytest.raises(InputError, match="numerical splits alone"):
        fixed("tree\nmax_feature_idx=1\n\nTree=0\nnum_cat=1\n", 0.0)
