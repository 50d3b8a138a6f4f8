import numpy as np
import pytest

from features import lifetimes
from features.lifetimes import USUAL_DAYS, USUAL_ORDERS, USUAL_SPEND

BUYERS = (np.array([0.0, 3.0, 3.0, 1e6]), np.array([0.0, 60.0, 60.0, 900.0]),
          np.array([80.0, 61.0, 400.0, 900.0001]))  # fmt: skip


def test_nobody_gives_what_is_usual():
    none = np.zeros(0)
    assert lifetimes.fit_orders(none, none, none) == pytest.approx(USUAL_ORDERS)
    assert lifetimes.fit_spend(none, none) == pytest.approx(USUAL_SPEND, rel=1e-3)
    days = np.zeros(0, np.int64)
    assert lifetimes.fit_days(days, days, days) == pytest.approx(USUAL_DAYS)


def test_the_rate_of_buyers_who_never_leave_is_found():
    rng = np.random.default_rng(1)
    rate, seen = rng.gamma(2.0, 1 / 40.0, 4_000), 365.0
    repeats = rng.poisson(rate * seen).astype(float)
    last = np.where(repeats > 0, seen * rng.beta(np.maximum(repeats, 1), 1.0), 0.0)
    r, alpha, a, b = lifetimes.fit_orders(repeats, last, np.full(4_000, seen))
    assert r / alpha == pytest.approx(2.0 / 40.0, rel=0.1)
    assert a / (a + b) < 0.02


def test_the_longer_the_silence_the_smaller_the_chance():
    alive = lifetimes.alive(USUAL_ORDERS, *BUYERS)
    assert alive[0] == 1
    assert alive[1] > 0.7 > 0.3 > alive[2]
    chance = lifetimes.order_chance(USUAL_ORDERS, *BUYERS, 30.0)
    assert ((chance >= 0) & (chance <= alive)).all()


def test_expected_orders_are_finite_even_for_a_million():
    orders = lifetimes.orders_within(USUAL_ORDERS, *BUYERS, 365.0)
    assert np.isfinite(orders).all()
    assert orders[3] == max(orders)


def test_quiet_days_agree_with_a_coin():
    """Without leaving, days are draws of one chance: k of n told, m more to come."""
    never = (2.0, 3.0, 1e-3, 400.0)
    told = lifetimes.quiet_chance(never, np.array([4]), np.array([10]), np.array([10]), 2)
    tails = (3 + 6) / (5 + 10) * (3 + 7) / (5 + 11)
    assert told[0] == pytest.approx(tails, rel=1e-3)


def test_money_of_an_order_leans_to_everyones():
    told = lifetimes.spend((2.0, 4.0, 300.0), np.array([0.0, 1.0, 1e9]), np.array([0, 900, 900]))
    assert told.tolist() == pytest.approx([200.0, (300 + 900) * 2 / 5, 900.0])
