"""The one trainer, on a small shop: what it learns is known only later, and is calibrated."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features import events as e
from features.clock import DAY_US
from features.errors import GateRefused, InputError, MissingStep, UnknownName
from tests.training.conftest import END, Shop
from training import calibration, persons
from training.predictions import card, fit, scores
from training.predictions.cohort import Asked, cohort, outcomes
from training.predictions.goals import Goal

GOAL = Goal("orders", "下单", "orders within 7 days", (e.ORDERED,), 7)


@pytest.fixture(scope="module")
def fitted(shop: Shop) -> fit.Fitted:
    few = replace(fit.TREES, rounds=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "TREES", few)
        patch.setattr("training.predictions.gates.FEWEST", 50)
        return fit.fit(shop.past, GOAL, END)


def test_the_back_test_lies_behind_what_it_learned_from(fitted: fit.Fitted):
    assert fitted.backtest.asked.at_us == END - 7 * DAY_US
    told = card.backtest(fitted)
    assert told["auc_low"] < told["auc"] < told["auc_high"]
    assert told["band"] in {"poor", "fair", "good", "excellent"}


def test_scores_are_chances_of_everybody_asked(fitted: fit.Fitted):
    assert len(fitted.probability) == len(fitted.asked.users) > 200
    assert 0 < fitted.probability.min() < fitted.probability.max() < 1


def test_outcomes_lie_within_the_window(shop: Shop):
    at_us = END - 7 * DAY_US
    asked = cohort(shop.past, GOAL, at_us)
    did = outcomes(shop.past, GOAL, asked)
    rows = shop.past.connection.execute(
        "SELECT DISTINCT user_id FROM facts WHERE event = 'Order Completed' AND at_us >= ? "
        "AND at_us < ?", [at_us, END],
    ).fetchall()  # fmt: skip
    assert {u for u, d in zip(asked.users, did, strict=True) if d} == {u for (u,) in rows} & set(
        asked.users
    )
    assert (outcomes(shop.past, replace(GOAL, absent=True), asked) == ~did).all()


def test_a_cohort_is_who_did_and_who_was_idle(shop: Shop):
    everyone = set(cohort(shop.past, GOAL, END).users)
    buyers = set(cohort(shop.past, replace(GOAL, did=(e.ORDERED,), did_days=7), END).users)
    idle = set(cohort(shop.past, replace(GOAL, idle_days=7), END).users)
    assert buyers
    assert idle
    assert buyers | idle <= everyone
    assert not buyers & idle


def test_high_value_is_the_top_of_those_who_paid(shop: Shop):
    asked = cohort(shop.past, GOAL, END - 7 * DAY_US)
    rich = outcomes(shop.past, replace(GOAL, top_percent=10), asked)
    paid = outcomes(shop.past, GOAL, asked)
    assert 0 < rich.sum() <= np.ceil(0.1 * paid.sum()) + 1
    assert not (rich & ~paid).any()


def test_a_cohort_of_nobody_has_no_outcomes(shop: Shop):
    assert outcomes(shop.past, GOAL, Asked([], END)).shape == (0,)


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        (replace(GOAL, days=14), "42 days of history"),
        (replace(GOAL, events=(e.REPORTED,)), "100 people who did"),
        (replace(GOAL, events=(e.SHOWN, e.VIEWED)), "100 people who did not"),
    ],
)
def test_goals_without_history_or_contrast_are_refused(shop: Shop, goal: Goal, said: str):
    with pytest.raises(GateRefused, match=said):
        fit.fit(shop.past, goal, END)


def test_scores_are_kept_with_their_card(shop: Shop, fitted: fit.Fitted):
    told = card.card(fitted, END)
    kept = scores.write(shop.home, "orders", scores.of_fitted(fitted), told)
    assert scores.opened(shop.home, "orders").card["people"] == len(fitted.asked.users)
    asked = [fitted.asked.users[3], "stranger", fitted.asked.users[0]]
    rows = kept.of(asked)
    assert rows["user_id"].to_pylist() == asked
    assert rows["probability"].to_pylist()[1] is None
    assert rows["probability"].to_pylist()[2] == fitted.probability[0]
    for bad in ([], ["stranger"]):
        with pytest.raises(InputError):
            kept.of(bad)
    with pytest.raises(UnknownName, match="use one of: orders"):
        scores.opened(shop.home, "order")


def test_a_home_without_scores_says_so(tmp_path: Path, shop: Shop):
    with pytest.raises(MissingStep, match="huoren score churn"):
        scores.opened(replace(shop.home, root=tmp_path), "churn")


def test_probabilities_come_true_as_often_as_they_say():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6_000, len(persons.columns())))
    did = rng.random(6_000) < 1 / (1 + np.exp(-2 * rows[:, 0]))
    people, now = [f"u{i}" for i in range(3_000)], np.arange(3_000) < 1_500
    model = fit.Calibrated.fit(rows[:3_000], did[:3_000], people, now)
    assert calibration.error(model.probability(rows[3_000:]), did[3_000:]) < 0.04


def test_platt_finds_the_line_that_made_the_outcomes():
    rng = np.random.default_rng(0)
    odds = rng.normal(size=20_000)
    did = rng.random(20_000) < 1 / (1 + np.exp(-(0.5 * odds - 1)))
    found = calibration.Platt.fit(odds, did)
    assert (found.slope, found.shift) == pytest.approx((0.5, -1), abs=0.05)
