"""Two clubs: who has what one club has is shown what else it has."""

import numpy as np
import pytest
from scipy import sparse

from recsys.candidates.alike import Alike, AlikeConfig
from tests.recsys.candidates.test_similar import moment

CLUBS = sparse.csr_matrix(
    np.array([[1, 1, 1, 0, 0, 1], [1, 1, 1, 0, 0, 1], [0, 0, 0, 1, 1, 1]], dtype="f4")
)


def test_people_with_the_same_taste_vote_and_own_items_stay_out():
    slate = Alike.fit(CLUBS).propose(moment(0, 1), 6)
    assert slate.codes.tolist() == [2, 5]
    assert Alike.fit(CLUBS).propose(moment(3), 1).codes.tolist() == [4]


def test_a_rare_thing_in_common_counts_more_than_what_everybody_has():
    slate = Alike.fit(CLUBS, AlikeConfig(neighbours=2)).propose(moment(0, 5), 6)
    assert set(slate.codes.tolist()) == {1, 2}


@pytest.mark.parametrize("one", [moment(), moment(0, weight=-1.0)])
def test_nobody_is_like_somebody_who_did_nothing(one):
    assert len(Alike.fit(CLUBS).propose(one, 5)) == 0


def test_popular_items_can_be_held_down():
    crowd = sparse.csr_matrix(np.array([[1, 1, 1], [1, 1, 0], [0, 1, 0], [0, 1, 0]], dtype="f4"))
    plain, fair = (
        Alike.fit(crowd, AlikeConfig(popularity=power)).propose(moment(0), 3).codes[0]
        for power in (0.0, 2.0)
    )
    assert (plain, fair) == (1, 2)


def test_rows_are_bounded():
    found = Alike.fit(CLUBS, AlikeConfig(people=2, items=1)).arrays
    assert np.diff(found["whose"]).max() == 2
    assert np.diff(found["whats"]).tolist() == [1, 1, 1]


def test_what_was_saved_says_the_same(tmp_path):
    fitted = Alike.fit(CLUBS, AlikeConfig(neighbours=2, power=1.5))
    assert Alike.open(tmp_path) is None
    fitted.save(tmp_path)
    opened = Alike.open(tmp_path)
    assert opened.config == fitted.config
    before, after = (one.propose(moment(0), 4).codes.tolist() for one in (fitted, opened))
    assert before == after
