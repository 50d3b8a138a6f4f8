import numpy as np
import pytest
from scipy import sparse

from recsys.candidates.matrix.compiled import top_rows
from recsys.candidates.matrix.ease import Ease, EaseConfig
from recsys.candidates.matrix.graph import around, top_dense
from recsys.candidates.matrix.recommender import best
from recsys.candidates.matrix.sparse_ease import SparseEase, SparseEaseConfig


def test_best_are_in_order_and_unknown_ones_padded():
    scores = np.array([[0.0, 2.0, -1.0, 3.0, 0.5], [1.0, 0.0, 0.0, 0.0, 0.0]], dtype=np.float32)
    seen = sparse.csr_matrix(np.array([[0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]))
    lists = best(scores, seen, 4)
    assert lists.codes.tolist() == [[1, 4, 2, -1], [0, -1, -1, -1]]
    assert lists.scores[0, :3].tolist() == [2.0, 0.5, -1.0]


def test_equal_scores_come_by_code():
    scores = np.ones((1, 6), dtype=np.float32)
    assert best(scores, sparse.csr_matrix((1, 6)), 6).codes.tolist() == [[0, 1, 2, 3, 4, 5]]


def test_truncation_keeps_the_strongest():
    rng = np.random.default_rng(0)
    dense = rng.random((5, 9)).astype(np.float32)
    for short in (top_dense(dense, 3), top_rows(sparse.csr_matrix(dense), 3)):
        assert np.diff(short.indptr).tolist() == [3] * 5
        least = np.sort(dense, axis=1)[:, -3]
        assert ((short.toarray() > 0) == (dense >= least[:, None])).all()


def test_friends_of_friends_are_no_friends():
    path = np.zeros((4, 4), dtype=np.float32)
    for left, right in ((0, 1), (1, 2), (0, 2), (2, 3)):
        path[left, right] = path[right, left] = 1
    far = around(sparse.csr_matrix(path), 2).toarray()
    assert np.argwhere(far > 0).tolist() == [[0, 3], [1, 3], [3, 0], [3, 1]]
    assert far.sum(axis=1)[[0, 1, 3]] == pytest.approx(1)


def test_the_sparse_inverse_is_the_dense_one_where_everything_is_a_neighbour():
    rng = np.random.default_rng(1)
    known = sparse.csr_matrix((rng.random((80, 15)) < 0.5).astype(np.float32))
    dense = Ease(EaseConfig(l2=5.0, dropout=0.5)).fit(known).scores(np.arange(80))
    near = SparseEase(SparseEaseConfig(l2=5.0, dropout=0.5, neighbours=15)).fit(known)
    assert near.scores(np.arange(80)) == pytest.approx(dense, abs=1e-4)
