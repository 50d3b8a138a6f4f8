"""Goods find people through people."""

from recsys.candidates.friends import Friends
from tests.recsys.moments import acts, moment

NEAR, FAR = 2.0, 0.1


def test_the_nearer_friend_and_the_stronger_deed_come_first():
    now = moment(friends=((NEAR, acts((1, 4.0, 0.0), (2, 8.0, 0.0))), (FAR, acts((3, 8.0, 0.0)))))
    found = Friends().propose(now, 10)
    assert found.codes.tolist() == [2, 1, 3]
    assert Friends().propose(now, 2).codes.tolist() == [2, 1]


def test_old_deeds_fade():
    now = moment(friends=((1.0, acts((1, 4.0, 0.0), (2, 4.0, 30.0))),))
    assert Friends().propose(now, 10).scores["friends"].tolist() == [4.0, 2.0]


def test_what_a_friend_gave_back_is_no_advice():
    now = moment(friends=((1.0, acts((1, -8.0, 0.0), (1, 8.0, 1.0), (2, 3.0, 0.0))),))
    assert Friends().propose(now, 10).codes.tolist() == [2]


def test_nobody_without_friends_gets_advice():
    assert len(Friends().propose(moment(), 10)) == 0
