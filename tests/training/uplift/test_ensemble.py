"""The ensemble orders people, says how large effects are, and when there is nothing."""

import numpy as np
import pytest

from recsys.boosting import TreesConfig
from tests.training.uplift.people import trial
from training.uplift.ensemble import NO_EVIDENCE, Ensemble, EnsembleConfig

QUICK = EnsembleConfig(bags=4, trees=TreesConfig("regression", rounds=20, num_leaves=4))


@pytest.fixture(scope="module")
def fitted() -> Ensemble:
    return Ensemble.fit(trial(), QUICK)


def test_the_young_come_first_with_their_effect(fitted: Ensemble):
    rows = np.array([[20.0, 0.0], [50.0, 0.0]])
    score, effect = fitted.score(rows), fitted.effect(rows)
    assert score[0] > score[1]
    assert effect == pytest.approx([0.4, 0.0], abs=0.12)


def test_it_says_that_the_order_holds(fitted: Ensemble):
    assert fitted.holds
    assert fitted.verdict != NO_EVIDENCE
    assert fitted.average == pytest.approx(0.2, abs=0.05)


def test_a_placebo_has_no_evidence_and_one_effect_for_all():
    fake = Ensemble.fit(trial(seed=1, helped=0.0), QUICK)
    assert fake.verdict == NO_EVIDENCE
    effects = fake.effect(trial().rows)
    assert np.ptp(effects) < 0.1
    assert abs(fake.average) < 0.05


def test_the_same_seed_gives_the_same_order(fitted: Ensemble):
    again = Ensemble.fit(trial(), QUICK)
    assert np.array_equal(again.outside, fitted.outside)
