import numpy as np

from recsys.candidates.due import Due
from recsys.rhythm import Rhythm
from tests.recsys.moments import moment, purchases

WEEKLY = Due(Rhythm(np.full(4, 7.0, dtype=np.float32), 0.5))


def proposed(*rows):
    return WEEKLY.propose(moment(purchased=purchases(*rows)), 9).codes.tolist()


def test_what_is_due_comes_before_what_was_just_bought():
    assert proposed((0, 3.0, 1.0), (1, 3.0, 7.0)) == [1, 0]


def test_what_is_bought_often_comes_first():
    assert proposed((0, 1.0, 7.0), (1, 9.0, 7.0)) == [1, 0]


def test_what_nobody_buys_twice_is_not_due():
    never = Due(Rhythm(np.full(2, np.nan, dtype=np.float32), 1.0))
    assert len(never.propose(moment(purchased=purchases((0, 1.0, 9.0))), 9)) == 0
