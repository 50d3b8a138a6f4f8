"""A budget goes to whom it changes most."""

import numpy as np
import pytest

from features.errors import InputError
from training.uplift.plan import ORDER, Quadrant, quadrants, spend

EFFECT = np.array([0.3, 0.1, 0.0, -0.2])


def test_nobody_is_paid_to_do_less():
    plan = spend(EFFECT, np.ones(4), budget=100)
    assert plan.people.tolist() == [0, 1]
    assert plan.told == {
        "people": 2, "cost": 2.0, "gained": 0.4, "random": pytest.approx(0.1),
        "cost_per_gained": 5.0,
    }  # fmt: skip


def test_dear_people_wait():
    assert spend(EFFECT, np.array([9.0, 1.0, 1.0, 1.0]), budget=5).people.tolist() == [1]


def test_no_budget_treats_nobody():
    assert spend(EFFECT, np.ones(4), 0).told["people"] == 0


@pytest.mark.parametrize(
    ("cost", "budget", "said"),
    [
        (1.0, -1.0, "a budget below nothing"),
        (1.0, float("nan"), "a budget below nothing"),
        (0.0, 1.0, "costs nothing"),
    ],
)
def test_impossible_sums_are_refused(cost: float, budget: float, said: str):
    with pytest.raises(InputError, match=said):
        spend(EFFECT, np.full(4, cost), budget)


def test_small_effects_are_none():
    found = quadrants(np.array([0.1, 0.9, 0.1, 0.5]), EFFECT, slack=0.15)
    assert [ORDER[i] for i in found] == [
        Quadrant.PERSUADABLE, Quadrant.SURE, Quadrant.LOST, Quadrant.DISTURBED
    ]  # fmt: skip
