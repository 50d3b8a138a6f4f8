"""Every learner finds the young."""

import numpy as np
import pytest

from features.errors import UnknownName
from recsys.boosting import TreesConfig
from tests.training.uplift.people import trial
from training.uplift.learners import LEARNERS, fit

SMALL = TreesConfig("regression", rounds=20, num_leaves=4)


@pytest.mark.parametrize("name", LEARNERS)
def test_effects_are_larger_where_the_treatment_helps(name: str):
    effect = fit(name, trial(), SMALL)(np.array([[20.0, 0.0], [50.0, 0.0]]))
    assert effect[0] > 0.2
    assert abs(effect[1]) < 0.15


@pytest.mark.parametrize("name", LEARNERS)
def test_unknown_values_are_taken(name: str):
    one = trial()
    one.rows[::7, 1] = np.nan
    assert np.isfinite(fit(name, one, SMALL)(one.rows)).all()


def test_an_unknown_learner_names_the_others():
    with pytest.raises(UnknownName, match="unknown learner 'r'"):
        fit("r", trial())
