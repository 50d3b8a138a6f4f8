"""Popularity: what never fails."""

import numpy as np

from recsys.candidates import popular
from recsys.candidates.popular import Popular
from tests.recsys.moments import acts, moment


def test_the_most_popular_first_and_nothing_without_a_count():
    found = Popular.fit([3.0, 0.0, 7.0, 3.0]).propose(moment(), 10)
    assert found.codes.tolist() == [2, 0, 3]
    assert found.scores["popular"].tolist() == [7.0, 3.0, 3.0]


def test_everybody_gets_the_same():
    fitted = Popular.fit([1.0, 2.0, 3.0])
    one, other = moment(acts((0, 1.0, 0.0))), moment(acts((2, 9.0, 0.0)))
    assert (
        fitted.propose(one, 2).codes.tolist() == fitted.propose(other, 2).codes.tolist() == [2, 1]
    )


def test_only_the_head_is_kept(monkeypatch):
    monkeypatch.setattr(popular, "KEPT", 2)
    assert Popular.fit([1.0, 2.0, 3.0]).codes.tolist() == [2, 1]


def test_popularity_by_a_counter():
    counters = {"item.orders_7": np.array([0, 5], dtype=np.float32)}
    assert Popular.of_counters(counters, "item.orders_7").codes.tolist() == [1]


def test_opened_equals_saved(tmp_path):
    Popular.fit([1.0, 2.0]).save(tmp_path)
    opened = Popular.open(tmp_path)
    assert (opened.codes.tolist(), opened.scores.tolist()) == ([1, 0], [2.0, 1.0])
