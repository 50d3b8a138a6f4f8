"""Compiled trees say what LightGBM says, to the last bit."""

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.ranking import kernel, native, trees
from recsys.ranking.trees import NotCompiled, Tree

WIDTH = 4


def grown(seed: int, **more: object) -> lightgbm.Booster:
    """Trees over rows with missing values and few distinct numbers."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(400, WIDTH)).round(1).astype(np.float32)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    labels = (np.nan_to_num(rows[:, 0]) * np.nan_to_num(rows[:, 1]) > 0).astype(int)
    if more.get("objective") == "regression":
        labels = rng.normal(size=400)
    said = {"objective": "lambdarank", "num_leaves": 8, "min_data_in_leaf": 3, "verbosity": -1,
            "num_threads": 1, "deterministic": True}  # fmt: skip
    data = lightgbm.Dataset(rows, labels, group=[20] * 20)
    return lightgbm.train(said | more, data, 12)


@pytest.fixture(scope="module")
def booster() -> lightgbm.Booster:
    return grown(0)


def said(text: str, rows: np.ndarray) -> list[float]:
    return native.of_text(text)(rows).tolist()


def hard(booster: lightgbm.Booster) -> np.ndarray:
    """Rows at, just below and just above every bound, at both ends, and without values."""
    _, forest = trees.read(booster.model_to_string())
    bounds = np.array([bound for tree in forest for bound in tree.threshold])
    near = bounds.astype(np.float32)
    up, down = np.float32(np.inf), np.float32(-np.inf)
    ends = np.array([np.nan, up, down, 0.0, -0.0, 1e-40, -1e-40, 3e38, -3e38], dtype=np.float32)
    values = np.concatenate([near, np.nextafter(near, up), np.nextafter(near, down), ends])
    return np.random.default_rng(1).choice(values, (2_000, WIDTH))


MANY = {"objective": "regression", "num_leaves": 300, "min_data_in_leaf": 1}
"""Several words of leaves in a tree."""


@pytest.mark.parametrize("more", [{}, {"use_missing": False}, {"num_leaves": 2}, MANY])
def test_scores_equal_lightgbm_to_the_last_bit(more: dict[str, object]) -> None:
    booster = grown(1, **more)
    rows = hard(booster)
    assert said(booster.model_to_string(), rows) == booster.predict(rows).tolist()
    _, forest = trees.read(booster.model_to_string())
    assert (max(len(tree.leaves) for tree in forest) > 2 * trees.WORD) == (more is MANY)


def test_a_row_more_than_a_block_and_none_at_all(booster: lightgbm.Booster) -> None:
    for size in (1, kernel.BLOCK, kernel.BLOCK + 1):
        rows = hard(booster)[:size]
        assert said(booster.model_to_string(), rows) == booster.predict(rows).tolist()
    assert said(booster.model_to_string(), rows[:0]) == []


def test_a_tree_without_a_split_is_its_leaf() -> None:
    leaf = Tree((), (), (), (), (), (0.25,))
    score = native.load(trees.pack([leaf, leaf]), 2)
    assert score(np.zeros((3, 2), dtype=np.float32)).tolist() == [0.5] * 3


@settings(deadline=None)
@given(st.floats(allow_nan=False), st.floats(width=32, allow_nan=False))
def test_a_float_is_below_both_bounds_or_neither(bound: float, value: float) -> None:
    seen = value if abs(value) > trees.TINY else 0.0
    assert (seen <= bound) == (value <= trees.at_most(bound))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("objective=lambdarank", "objective=binary sigmoid:1"),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=3"),
        ("num_cat=0", "num_cat=1"),
        ("is_linear=0", "is_linear=1"),
        ("label_index=0", "label_index=0\naverage_output"),
        ("decision_type=", "decision_type=4 "),
    ],
)
def test_what_is_not_translated_is_refused(booster: lightgbm.Booster, old: str, new: str) -> None:
    text = booster.model_to_string()
    assert old in text
    with pytest.raises((NotCompiled, ValueError)):
        trees.read(text.replace(old, new))


def test_rows_of_another_width_are_refused(booster: lightgbm.Booster) -> None:
    score = native.of_text(booster.model_to_string())
    with pytest.raises(ValueError, match="expected rows of 4 columns"):
        score(np.zeros((2, WIDTH + 1), dtype=np.float32))
