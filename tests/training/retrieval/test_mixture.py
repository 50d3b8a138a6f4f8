import numpy as np
import pytest
from scipy import sparse

from training.retrieval import mixture

LEFT = sparse.csr_matrix(np.array([[0, 8.0, 0], [0, 0, 8.0], [0, 0, 0]], dtype="f4"))
RIGHT = sparse.csr_matrix(np.array([[0, 0, 0.1], [0, 0, 0], [0.1, 0, 0]], dtype="f4"))
BOTH = {"left": LEFT, "right": RIGHT}


def test_quiet_and_loud_matrices_weigh_the_same():
    found = mixture.mixed(BOTH, {"left": 1.0, "right": 1.0}, 2).toarray()
    assert found == pytest.approx(np.array([[0, 8, 8], [0, 0, 8], [8, 0, 0]]), rel=1e-5)


def test_a_part_joins_only_where_it_adds():
    both = mixture.choose(BOTH, lambda one: float((one.toarray() > 0).sum()), 2)
    assert both == {"left": 1.0, "right": 0.3}
    alone = mixture.choose(BOTH, lambda one: -float(one.nnz) - one.sum(), 2)
    assert alone == {"right": 1.0}


def test_the_strongest_of_the_sum_stay():
    found = mixture.mixed(BOTH, {"left": 1.0, "right": 3.0}, 1).toarray()
    assert np.argmax(found[0]) == 2
    assert (found > 0).sum(axis=1).max() == 1
