"""Inner products, exactly and nearly."""

import numpy as np
import pytest

from recsys.candidates import nearest
from recsys.candidates.nearest import Nearest


def test_the_nearest_of_axes_are_seen_by_eye():
    index = Nearest.of(np.array([[1, 0], [0, 1], [0.9, 0.9], [-1, -1]], dtype=np.float32))
    codes, scores = index.search(np.array([1, 0.2], dtype=np.float32), 3)
    assert codes.tolist() == [2, 0, 1]
    assert scores.tolist() == pytest.approx([1.08, 1.0, 0.2])


def test_more_wanted_than_there_are():
    codes, _ = Nearest.of(np.eye(3, dtype=np.float32)).search(np.ones(3, dtype=np.float32), 50)
    assert sorted(codes.tolist()) == [0, 1, 2]


def test_a_small_catalogue_is_searched_exactly(rng):
    vectors = rng.normal(size=(500, 8)).astype(np.float32)
    assert Nearest.of(vectors).recall(vectors) == 1.0


def test_a_large_one_nearly(monkeypatch, rng):
    monkeypatch.setattr(nearest, "EXACT", 1_000)
    tastes = rng.normal(size=(50, 8))
    vectors = tastes[rng.integers(50, size=12_000)] + 0.2 * rng.normal(size=(12_000, 8))
    vectors = vectors.astype(np.float32)
    index = Nearest.of(vectors)
    assert 0.8 < index.recall(vectors) < 1.0


def test_recall_counts_what_is_found():
    vectors = np.eye(4, dtype=np.float32)
    assert Nearest.of(vectors[::-1].copy()).recall(vectors, n=1, queries=4) == 0.0


@pytest.mark.parametrize("size", [3, 10])
def test_the_recall_of_few_vectors_is_defined(size):
    assert Nearest.of(np.eye(size, dtype=np.float32)).recall(np.eye(size, dtype=np.float32)) == 1.0


def test_an_opened_index_finds_the_same(tmp_path, rng):
    vectors = rng.normal(size=(100, 4)).astype(np.float32)
    index = Nearest.of(vectors)
    index.save(tmp_path / "index.faiss")
    opened = Nearest.open(tmp_path / "index.faiss")
    assert opened.search(vectors[7], 5)[0].tolist() == index.search(vectors[7], 5)[0].tolist()
