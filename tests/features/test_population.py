import ibis
import numpy as np
import pyarrow as pa
import pytest

from features import events as e
from features.clock import DAY_US
from features.population import FEW_UNITS, NOTHING_SOLD, Sold, beta_prior, cuts, sold


def units(**prices: list[float]) -> Sold:
    rows = [(name, price) for name, listed in prices.items() for price in listed]
    names = np.array([name for name, _ in rows], dtype=object)
    return Sold(names, np.log([price for _, price in rows]), np.ones(len(rows)))


def test_many_units_make_their_own_cuts():
    prices = [float(n) for n in range(1, 1001)]
    _, by_category = cuts(units(shoes=prices))
    assert np.exp(by_category.read(["shoes"], 0.0)[0]) == pytest.approx([200, 400, 600, 800])


def test_few_units_keep_their_middle_and_borrow_the_spread():
    many = [float(n) for n in range(1, 1001)]
    _, by_category = cuts(units(shoes=many, rings=[9000.0, 9000.0, 9000.0]))
    rings = by_category.read(["rings"], 0.0)[0]
    assert rings[1] < np.log(9000) < rings[2]
    shoes = by_category.read(["shoes"], 0.0)[0]
    borrowed = FEW_UNITS / (FEW_UNITS + 3)
    spread = (rings - np.log(9000)) / borrowed
    assert spread == pytest.approx(shoes - np.log(500), abs=0.02)


def test_units_weigh():
    one = Sold(np.array(["a", "a"], dtype=object), np.array([0.0, 1.0]), np.array([1.0, 99.0]))
    assert cuts(one)[0] == (1.0, 1.0, 1.0, 1.0)


def test_nothing_sold_gives_no_cuts():
    whole, by_category = cuts(NOTHING_SOLD)
    assert np.isnan(whole).all()
    assert len(by_category) == 0


def test_a_prior_finds_the_spread_of_simulated_rates():
    rng = np.random.default_rng(3)
    n = rng.integers(1, 30, 20_000).astype(float)
    k = rng.binomial(n.astype(int), rng.beta(2.0, 6.0, 20_000)).astype(float)
    assert beta_prior(k, n) == pytest.approx((2.0, 6.0), rel=0.1)


@pytest.mark.parametrize("k", [[], [0.0], [1.0], [1.0, 1.0]])
def test_few_people_make_a_weak_prior(k: list[float]):
    a, b = beta_prior(np.array(k), np.ones(len(k)))
    assert a + b == pytest.approx(4)
    assert 0 < a < 4


def test_units_sold_are_those_of_the_last_90_days():
    at = 100 * DAY_US
    rows = [
        (e.ORDERED, at - 1, "c", 1.0, 2.0),
        (e.ORDERED, at - 2, "c", 1.0, None),
        (e.ORDERED, at, "c", 1.0, 1.0),
        (e.ORDERED, at - 91 * DAY_US, "c", 1.0, 1.0),
        (e.VIEWED, at - 1, "c", 1.0, 1.0),
        (e.ORDERED, at - 1, None, 1.0, 1.0),
        (e.ORDERED, at - 1, "c", None, 1.0),
    ]
    names = ["event", "at_us", "category", "log_price", "quantity"]
    table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    found = Sold.of(sold(ibis.memtable(table), at).to_pyarrow())
    assert (list(found.categories), found.units.tolist()) == (["c"], [3.0])
