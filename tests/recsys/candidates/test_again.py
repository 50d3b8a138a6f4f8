"""What one may come back for."""

from recsys.candidates.again import Again
from tests.recsys.moments import acts, moment


def test_the_latest_and_strongest_first():
    now = moment(acts((1, 1.0, 0.0), (2, 4.0, 7.0), (3, 1.0, 14.0), (1, 1.0, 0.0)))
    found = Again().propose(now, 10)
    assert found.codes.tolist() == [1, 2, 3]
    assert found.scores["again"].tolist() == [2.0, 2.0, 0.25]
    assert Again().propose(now, 1).codes.tolist() == [1]


def test_what_was_given_back_is_not_wanted_again():
    now = moment(acts((5, -8.0, 0.0), (5, 8.0, 0.1), (6, 1.0, 0.0)))
    assert Again().propose(now, 10).codes.tolist() == [6]


def test_a_stranger_has_nothing_to_come_back_for():
    assert len(Again().propose(moment(), 10)) == 0
