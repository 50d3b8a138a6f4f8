import numpy as np
from scipy import sparse

from recsys.candidates.matrix.sparse_ease import SparseEase, SparseEaseConfig


def test_an_item_stays_its_own_neighbour_whatever_the_weights():
    # Weights of 9 make every product of two items larger than what an item counts for itself.
    heavy = sparse.csr_matrix(np.full((10, 500), 9.0, dtype=np.float32))
    with np.errstate(divide="raise", invalid="raise"):
        fitted = SparseEase(SparseEaseConfig(neighbours=2)).fit(heavy)
    assert np.isfinite(fitted.near_.data).all()
