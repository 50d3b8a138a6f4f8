"""BG/NBD and Gamma-Gamma find the parameters that made a shop, and foretell it."""

from dataclasses import astuple

import numpy as np
import pytest

from features.errors import InputError
from training.predictions.lifetime import Customers, Frequency, Money

TRUE = Frequency(0.8, 4.0, 0.9, 2.5)
SPEND = Money(6.0, 4.0, 15.0)
"""A shop; weeks and dollars."""

WEEKS, AHEAD = 40.0, 20.0


def shop(n: int, seed: int = 0) -> tuple[Customers, np.ndarray]:
    """Customers by their first 40 weeks, and how often they ordered in the 20 after."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(TRUE.r, 1 / TRUE.alpha, n)
    leaves = rng.beta(TRUE.a, TRUE.b, n)
    usual = SPEND.p / rng.gamma(SPEND.q, 1 / SPEND.v, n)
    at, alive = np.zeros(n), np.ones(n, bool)
    repeats, recency, later = np.zeros(n), np.zeros(n), np.zeros(n)
    while alive.any():
        at = at + rng.exponential(1 / rate)
        alive &= at < WEEKS + AHEAD
        known = alive & (at < WEEKS)
        repeats, recency = repeats + known, np.where(known, at, recency)
        later += alive & ~known
        alive &= rng.random(n) > leaves
    total = np.where(repeats > 0, rng.gamma(SPEND.p * np.maximum(repeats, 1), usual / SPEND.p), 0)
    spent = np.divide(total, repeats, out=np.zeros(n), where=repeats > 0)
    return Customers(repeats, recency, np.full(n, WEEKS), spent), later


PEOPLE, LATER = shop(20_000)


@pytest.fixture(scope="module")
def frequency() -> Frequency:
    return Frequency.fit(PEOPLE)


def test_the_fit_is_at_least_as_likely_as_the_truth(frequency: Frequency):
    assert frequency.log_likelihood(PEOPLE) >= TRUE.log_likelihood(PEOPLE)
    assert astuple(frequency) == pytest.approx(astuple(TRUE), rel=0.25)


def test_expected_orders_are_those_that_came(frequency: Frequency):
    expected = frequency.expected(PEOPLE, AHEAD)
    assert expected.sum() == pytest.approx(LATER.sum(), rel=0.03)
    often = expected >= np.quantile(expected, 0.9)
    assert expected[often].mean() == pytest.approx(LATER[often].mean(), rel=0.05)


def test_who_came_just_now_lives_and_who_stayed_away_does_not():
    two = Customers(np.array([5.0, 5, 0]), np.array([39.0, 8, 0]), np.full(3, 40.0), np.ones(3))
    alive = TRUE.alive(two)
    assert alive[0] > 0.7 > 0.2 > alive[1]
    assert alive[2] == 1


def test_money_is_shrunk_to_the_mean_the_less_is_known():
    money = Money.fit(PEOPLE)
    assert money.p * money.v / (money.q - 1) == pytest.approx(6 * 15 / 3, rel=0.05)
    rich = Customers(np.array([1.0, 9]), np.array([1.0, 9]), np.full(2, 40.0), np.full(2, 90.0))
    once, often = money.expected(rich)
    assert 30 < once < often < 90


def test_published_parameters_of_cdnow_give_the_published_forecast():
    one = Frequency(0.243, 4.414, 0.793, 2.426)
    known = Customers(np.array([2.0]), np.array([30.43]), np.array([38.86]), np.ones(1))
    assert one.expected(known, 39.0)[0] == pytest.approx(1.226, abs=0.001)


def test_too_few_who_came_back_teach_nothing():
    few = Customers(np.zeros(500), np.zeros(500), np.full(500, 40.0), np.zeros(500))
    for model in (Frequency, Money):
        with pytest.raises(InputError, match=r"too few came back.*got 0 of 500"):
            model.fit(few)


@pytest.mark.parametrize(("recency", "said"), [(41.0, "after the end"), (0.0, "without a day")])
def test_numbers_that_contradict_each_other_are_refused(recency: float, said: str):
    with pytest.raises(InputError, match=said):
        Customers(np.ones(1), np.array([recency]), np.full(1, 40.0), np.ones(1))
