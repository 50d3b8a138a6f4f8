import numpy as np
import pytest

from recsys.rhythm import Rhythm


def fitted(days=(7.0,) * 40, codes=(0,) * 40):
    return Rhythm.fit(np.array(codes, np.int32), np.array(days), np.zeros(2, dtype=np.int32))


def test_the_gap_of_an_item_that_is_bought_every_week_is_a_week():
    assert fitted().gap[0] == pytest.approx(7.0)


def test_an_item_without_gaps_takes_those_of_its_category():
    assert fitted().gap[1] == pytest.approx(7.0)


def test_nothing_bought_twice_says_nothing():
    found = Rhythm.fit(np.zeros(0, np.int32), np.zeros(0), np.zeros(2, dtype=np.int32))
    assert np.isnan(found.gap).all()
    assert found.soonest(np.array([0, 1])).tolist() == [0.0, 0.0]


def test_it_comes_back_from_a_file(tmp_path):
    fitted().save(tmp_path)
    found = Rhythm.open(tmp_path)
    assert (found.gap.tolist(), found.spread) == (fitted().gap.tolist(), fitted().spread)
    assert Rhythm.open(tmp_path / "empty") is None
