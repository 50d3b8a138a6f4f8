"""A checkerboard: even people like even items, odd people odd ones."""

import numpy as np
import pytest
from implicit.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys.candidates.als import Als, AlsConfig
from tests.recsys.moments import acts, moment

PEOPLE, ITEMS = 40, 20
SMALL = AlsConfig(factors=2, iterations=10, half_life_days=60.0)  # two colours, two factors


def board() -> sparse.csr_matrix:
    """Everybody likes the items of their colour, but for the one with their own number."""
    likes = np.indices((PEOPLE, ITEMS)).sum(axis=0) % 2 == 0
    likes[np.arange(PEOPLE), np.arange(PEOPLE) % ITEMS] = False
    return sparse.csr_matrix(likes.astype(np.float32))


@pytest.fixture(scope="module")
def als() -> Als:
    return Als.fit(board(), SMALL)


@pytest.mark.parametrize("colour", [0, 1])
def test_the_item_left_out_is_of_ones_own_colour(als, colour):
    seen = acts(*[(code, 1.0, 0.0) for code in range(colour, ITEMS - 2, 2)])
    found = als.propose(moment(seen), ITEMS // 2)
    assert set(found.codes.tolist()) == set(range(colour, ITEMS, 2))
    assert np.diff(found.scores["als"]).max() <= 0


def test_folding_in_is_implicits_own_solution(als):
    likes = sparse.csr_matrix(board()[3])
    model = AlternatingLeastSquares(factors=2, regularization=SMALL.regularization)
    model.item_factors = als.vectors
    confidence = likes.copy()
    confidence.data = 1 + SMALL.alpha * np.log1p(likes.data)
    with threadpool_limits(1, "blas"):
        expected = model.recalculate_user(0, confidence)
    seen = acts(*[(code, 1.0, 0.0) for code in likes.indices])
    assert als.person(seen) == pytest.approx(expected, abs=1e-5)


def test_items_solved_from_people_solved_from_their_acts_are_the_fitted_items():
    matrix = board()
    als = Als.fit(matrix, AlsConfig(factors=4, iterations=100))

    def solved(model: Als, rows: sparse.csr_matrix) -> np.ndarray:
        touched = (row.indices for row in rows)
        return np.stack([model.person(acts(*[(i, 1.0, 0.0) for i in one])) for one in touched])

    people = Als(solved(als, matrix), als.config)
    assert solved(people, matrix.T.tocsr()) == pytest.approx(als.vectors, abs=5e-3)


def test_many_small_acts_are_one_larger(als):
    once, thrice = acts((0, 3.0, 0.0)), acts((0, 1.0, 0.0), (0, 1.0, 0.0), (0, 1.0, 0.0))
    assert als.person(thrice) == pytest.approx(als.person(once), abs=1e-6)


def test_an_act_a_half_life_ago_weighs_half(als):
    assert als.person(acts((0, 2.0, 60.0))) == pytest.approx(als.person(acts((0, 1.0, 0.0))))


def test_what_was_given_back_attracts_nobody(als):
    kept = acts((0, 8.0, 0.0))
    returned = acts((1, -8.0, 0.0), (0, 8.0, 0.0), (1, 8.0, 0.0))
    assert als.person(returned) == pytest.approx(als.person(kept))


def test_somebody_without_acts_gets_nothing(als):
    assert len(als.propose(moment(), 5)) == 0
    assert als.person(acts()) == pytest.approx(np.zeros(2))


def test_items_nobody_touched_have_no_vector():
    matrix = board().tolil()
    matrix[:, 7] = 0
    als = Als.fit(matrix.tocsr(), SMALL)
    assert not als.vectors[7].any()
    assert als.vectors[8].any()


def test_the_same_seed_gives_the_same_vectors():
    one, other = (Als.fit(board(), SMALL, seed=3) for _ in range(2))
    assert (one.vectors == other.vectors).all()


def test_an_opened_model_proposes_what_the_saved_one_did(als, tmp_path):
    als.save(tmp_path)
    opened = Als.open(tmp_path)
    assert opened.config == als.config
    seen = moment(acts((2, 1.0, 0.0)))
    assert opened.propose(seen, 5).codes.tolist() == als.propose(seen, 5).codes.tolist()
