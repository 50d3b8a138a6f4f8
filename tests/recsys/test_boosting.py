"""Trees learn, tell what they used, and come back from a file as they were."""

from pathlib import Path

import numpy as np
import pytest

from recsys.boosting import Trees, TreesConfig

ROWS = np.random.default_rng(0).normal(size=(400, 2))
TREES = Trees.fit(ROWS, ROWS[:, 0] > 0, ["told", "noise"], TreesConfig(rounds=20))


def test_scores_are_chances_that_follow_the_column_that_matters():
    assert TREES.score([[2.0, 0.0], [-2.0, 0.0]]) == pytest.approx([1, 0], abs=0.2)
    assert list(TREES.importance) == ["told", "noise"]
    assert len(TREES.score(np.zeros((0, 2)))) == 0


def test_contributions_add_up_to_the_difference_of_raw_scores():
    given = np.array([[2.0, 0.0], [-2.0, 0.0]])
    shares, scores = TREES.contributions(given), TREES.score(given)
    logits = np.log(scores / (1 - scores))
    assert shares.shape == (2, 2)
    assert np.diff(shares.sum(axis=1)) == pytest.approx(np.diff(logits))


def test_a_saved_model_scores_the_same(tmp_path: Path):
    TREES.save(tmp_path / "trees.txt")
    opened = Trees.open(tmp_path / "trees.txt")
    assert np.array_equal(opened.score(ROWS), TREES.score(ROWS))
    assert opened.columns == ("told", "noise")


def test_weights_count():
    rows = np.zeros((100, 1))
    labels = np.arange(100) % 2
    heavy = Trees.fit(rows, labels, weights=np.where(labels, 3.0, 1.0))
    assert heavy.score(rows[:1])[0] == pytest.approx(0.75, abs=0.01)
