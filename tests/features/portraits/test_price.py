import math

import pytest

from features.lookups import Lookup
from tests.features.portraits.people import act, known, value

CUTS = [math.log(fen) for fen in (20, 40, 60, 80)]
CHEAP = [math.log(fen) for fen in (1, 2, 3, 4)]
REFERENCES = known(
    {"cuts": Lookup.of(["shoes", "socks"], [CUTS, CHEAP])},
    cuts=tuple(math.log(n) for n in (9, 99, 999, 9999)),
)


@pytest.mark.parametrize(
    ("fen", "band"), [(10, "1"), (30, "2"), (50, "3"), (70, "4"), (90, "5"), (1_000_000, "5")]
)
def test_one_price_falls_into_its_fifth(fen, band):
    assert value([act(0, price_fen=fen)], "price.band", 1, REFERENCES) == band


def test_a_price_on_a_cut_falls_on_one_side_whatever_its_age():
    bands = {value([act(0, price_fen=40)], "price.band", day, REFERENCES) for day in range(1, 90)}
    assert bands == {"3"}  # half to each side of the second cut: 2.5, rounded up


def test_the_same_price_is_dear_for_socks_and_cheap_for_shoes():
    assert value([act(0, item="socks", price_fen=5)], "price.band", 1, REFERENCES) == "5"
    assert value([act(0, item="shoes", price_fen=5)], "price.band", 1, REFERENCES) == "1"


def test_categories_weigh_by_acts():
    events = [act(0, item="socks", price_fen=5), *[act(0, price_fen=30)] * 3]
    assert value(events, "price.band", 1, REFERENCES) == "3"  # (5 + 3 * 2) / 4 = 2.75


def test_an_unknown_category_takes_the_global_cuts():
    assert value([act(0, item="new", price_fen=500)], "price.band", 1, REFERENCES) == "3"


def test_without_sales_there_is_no_band():
    assert value([act(0, price_fen=500)], "price.band", 1) is None


def test_a_price_seen_years_ago_tells_nothing():
    assert value([act(0, price_fen=30)], "price.band", 380, REFERENCES) == "2"
    assert value([act(0, price_fen=30)], "price.band", 400, REFERENCES) is None
