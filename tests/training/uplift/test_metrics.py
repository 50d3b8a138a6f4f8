"""Qini and its neighbours, counted by hand."""

import numpy as np
import pytest

from tests.training.uplift.people import trial
from training.uplift import metrics as m
from training.uplift.trial import Trial

FAN = 50
"""Copies of each person below, because a trial needs a hundred in each arm."""

ORDER = np.repeat([3.0, 2.0, 1.0, 0.0], 2 * FAN)
ARMS = np.tile([True, False], 4 * FAN)


def four(rates: list[tuple[float, float]]) -> Trial:
    """Four groups, half treated; everyone of an arm has its rate as the outcome."""
    outcome = np.concatenate([np.tile(pair, FAN) for pair in rates])
    return Trial(np.zeros((8 * FAN, 0)), (), ARMS, outcome)


PERFECT = four([(1, 0), (0.5, 0.5), (0.5, 0.5), (0, 0.5)])


def test_the_curve_is_extra_outcomes_per_treated_person():
    share, gain = m.qini_curve(m.Ranked.of(ORDER, PERFECT))
    assert share.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert gain.tolist() == [0, 0.25, 0.25, 0.25, 0.125]


def test_areas_are_those_under_the_polygon():
    ranked = m.Ranked.of(ORDER, PERFECT)
    area = 0.25 * (0.125 + 0.25 + 0.25 + 0.1875)
    assert float(m.qini(ranked)) == pytest.approx(area - 0.125 / 2)
    assert float(m.auuc(ranked)) == pytest.approx(area)


def test_the_other_way_round_is_as_bad_as_it_is_good():
    good, bad = (float(m.qini(m.Ranked.of(s, PERFECT))) for s in (ORDER, -ORDER))
    assert good > 0
    assert bad == pytest.approx(-good, abs=0.02)


def test_effects_at_the_top_and_of_all():
    ranked = m.Ranked.of(ORDER, PERFECT)
    assert float(m.effect(ranked)) == pytest.approx(0.125)
    assert float(m.effect_at(ranked, 0.25)) == 1
    assert float(m.effect_at(ranked, 0.5)) == pytest.approx(0.5)
    assert float(m.effect_at(ranked, 0.1)) == 1


def test_one_score_for_all_tells_nothing():
    ranked = m.Ranked.of(np.zeros(8 * FAN), PERFECT)
    assert float(m.qini(ranked)) == 0
    assert float(m.effect_at(ranked, 0.1)) == pytest.approx(0.125)


def test_an_interval_holds_the_figure_and_a_placebo_holds_zero():
    one = trial()
    rng = np.random.default_rng(1)
    score = -one.rows[:, 0]
    value, low, high = m.bootstrapped(m.qini, score, one, rng)
    assert 0 < low < value < high
    _, low, high = m.bootstrapped(m.qini, score, one.placebo(rng), rng)
    assert low < 0 < high


def test_unequal_chances_do_not_change_what_is_estimated():
    rng = np.random.default_rng(2)
    young = rng.random(40_000) < 0.5
    chance = np.where(young, 0.8, 0.2)
    treated = rng.random(40_000) < chance
    outcome = 0.5 * young + 0.1 * treated
    one = Trial(young[:, None].astype(float), ("young",), treated, outcome, chance)
    assert float(m.effect(m.Ranked.of(np.zeros(40_000), one))) == pytest.approx(0.1, abs=0.01)


def test_true_effects_need_no_arms():
    effects = np.array([0.4, 0.2, 0.0, -0.2])
    assert m.true_qini(effects, effects) == pytest.approx(
        0.25 * (0.05 + 0.125 + 0.15 + 0.125) - 0.05
    )
    assert m.true_qini(-effects, effects) == pytest.approx(-m.true_qini(effects, effects))
