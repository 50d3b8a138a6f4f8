"""Inner products, exactly and nearly."""

import faiss
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
    assert nearest.RECALL <= index.recall(vectors) < 1.0
    assert index.index.nprobe < index.index.nlist // 4


def test_what_is_like_nothing_is_left_out_of_a_large_one(monkeypatch, rng):
    monkeypatch.setattr(nearest, "EXACT", 1_000)
    vectors = rng.normal(size=(8_000, 8)).astype(np.float32)
    vectors[::2] = 0.0
    index = Nearest.of(vectors, rng.normal(size=(30, 8)).astype(np.float32))
    assert index.index.ntotal == 4_000
    codes, scores = index.search(vectors[1], 20)
    assert np.all(codes % 2 == 1)
    assert codes[0] == np.argmax(vectors @ vectors[1])
    assert scores == pytest.approx(vectors[codes] @ vectors[1], rel=0.05, abs=0.2)


def test_more_lists_are_looked_through_where_few_find_too_little(monkeypatch, rng):
    monkeypatch.setattr(nearest, "EXACT", 1_000)
    vectors = rng.normal(size=(8_000, 24)).astype(np.float32)  # no tastes: a hard case
    probes = []
    for recall in (0.3, 0.9):
        monkeypatch.setattr(nearest, "RECALL", recall)
        probes.append(Nearest.of(vectors).index.nprobe)
    assert probes[0] < probes[1]


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


def test_an_opened_large_index_finds_the_same_without_threads_of_its_own(
    monkeypatch, tmp_path, rng
):
    monkeypatch.setattr(nearest, "EXACT", 1_000)
    vectors = rng.normal(size=(8_000, 8)).astype(np.float32)
    index = Nearest.of(vectors)
    index.save(tmp_path / "index.faiss")
    opened = Nearest.open(tmp_path / "index.faiss")
    for vector in vectors[:20]:
        assert opened.search(vector, 50)[0].tolist() == index.search(vector, 50)[0].tolist()
    assert faiss.downcast_InvertedLists(opened.index.invlists).prefetch_nthread == 0
