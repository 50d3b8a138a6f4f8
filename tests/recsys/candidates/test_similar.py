import numpy as np
import pytest
from scipy import sparse

from recsys.candidates.similar import FriendsTaste, Similar
from recsys.moment import Acts, FriendItems, Moment

WEIGHTS = sparse.csr_matrix(
    np.array([[0, 0.5, 0.2, 0], [0, 0, 0.4, 0.1], [0] * 4, [0] * 4]), dtype="f4"
)


def moment(*codes: int, weight: float = 1.0, age: float = 0.0) -> Moment:
    size = len(codes)
    acts = Acts(
        np.array(codes, np.int32), np.full(size, weight), np.ones(size, bool), np.full(size, age)
    )
    return Moment(0, acts, FriendItems.of([]), np.zeros(0, np.int32))


def test_weights_of_what_was_done_add_up_and_own_items_stay_out():
    slate = Similar.of(WEIGHTS).propose(moment(0, 1), 5)
    assert slate.codes.tolist() == [2, 3]
    assert slate.scores["similar"] / np.log(2) == pytest.approx([0.6, 0.1], abs=1e-6)


def test_an_old_act_says_less():
    fresh, old = (
        Similar.of(WEIGHTS, 30).propose(moment(0, age=age), 1).scores["similar"] for age in (0, 30)
    )
    assert old / fresh == pytest.approx([np.log1p(0.5) / np.log1p(1)], abs=1e-6)


@pytest.mark.parametrize("one", [moment(), moment(2), moment(0, weight=-1.0)])
def test_nothing_comes_of_nothing(one):
    assert len(Similar.of(WEIGHTS).propose(one, 5)) == 0


def test_what_was_saved_says_the_same(tmp_path):
    Similar.of(WEIGHTS, 45.0).save(tmp_path)
    again = Similar.open(tmp_path)
    assert again.half_life_days == 45.0
    assert again.propose(moment(0), 9).codes.tolist() == [1, 2]


def test_what_friends_have_speaks_for_its_neighbours():
    friend = Acts(np.array([1], np.int32), np.ones(1), np.ones(1, bool), np.zeros(1))
    now = Moment(0, moment(3).acts, FriendItems.of([(1.0, friend)]), np.zeros(0, np.int32))
    taste = FriendsTaste(Similar.of(WEIGHTS))
    assert taste.propose(now, 5).codes.tolist() == [2]
    assert len(taste.propose(moment(3), 5)) == 0
