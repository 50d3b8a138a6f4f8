import numpy as np
import pytest

from training.world.ragged import at_least, draw_between, rank_within, running, top_within

NONE = np.zeros(0, dtype=np.int64)


def test_nothing_in_nothing_out() -> None:
    assert rank_within(NONE).size == 0
    assert top_within(NONE, np.zeros(0), NONE).size == 0
    assert at_least(NONE, NONE, np.zeros(0)).size == 0


def test_draws_follow_the_weights_within_the_range() -> None:
    u = np.random.default_rng(0).random(40_000)
    low, high = np.full(u.size, 1), np.full(u.size, 4)
    drawn = draw_between(running(np.array([9.0, 1.0, 0.0, 3.0, 9.0])), low, high, u)
    share = np.bincount(drawn, minlength=5) / u.size
    assert share == pytest.approx([0, 0.25, 0, 0.75, 0], abs=0.01)


def test_three_of_four_even_chances() -> None:
    chance = at_least(np.array([3]), np.zeros(4, dtype=np.int64), np.full(4, 0.5))
    assert chance == pytest.approx([5 / 16])
