"""A trial knows its arms, and refuses what is none."""

from dataclasses import replace

import numpy as np
import pytest

from features.errors import InputError
from tests.training.uplift.people import trial
from training.uplift.trial import splits


def test_weights_are_inverse_chances_with_mean_one_in_each_arm():
    one = trial()
    assert np.allclose(one.weights, 1)
    chance = np.where(one.rows[:, 0] < 30, 0.8, 0.2)
    weights = replace(one, propensity=chance).weights
    young = one.treated & (one.rows[:, 0] < 30)
    old = one.treated & (one.rows[:, 0] > 30)
    assert weights[old].mean() / weights[young].mean() == pytest.approx(4)
    assert weights[one.treated].mean() == pytest.approx(1)


def test_a_placebo_keeps_people_and_deals_arms_anew():
    one = trial()
    fake = one.placebo(np.random.default_rng(0))
    assert fake.treated.sum() == one.treated.sum()
    assert (fake.treated != one.treated).mean() > 0.4
    assert not fake.effect.any()


def test_splits_keep_the_arms_and_share_nobody():
    one = trial()
    for learn, judge in splits(one, 3):
        assert sorted([*learn, *judge]) == list(range(len(one)))
        assert one.treated[judge].mean() == pytest.approx(one.treated.mean(), abs=0.002)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"treated": np.ones(2_000, dtype=bool)}, "treatment without control"),
        ({"treated": np.zeros(2_000, dtype=bool)}, "nobody was treated"),
        ({"outcome": np.ones(2_000)}, "the outcome is always the same"),
        ({"outcome": np.r_[np.nan, np.zeros(1_999)]}, "1 of 2,000 missing"),
        ({"propensity": np.ones(2_000)}, "a propensity is no chance"),
        ({"treated": np.zeros(3, dtype=bool)}, "differ in length"),
    ],
)
def test_what_is_no_trial_is_refused(changed: dict[str, object], said: str):
    with pytest.raises(InputError, match=said):
        replace(trial(), **changed)
