import math
from collections import Counter

import numpy as np
import pytest

from features import events as e
from features.lookups import Lookup
from features.portraits.affinity import COMMON, PRIOR_ACTS
from tests.features.portraits.people import act, known, order, portrait, value

SHARES = known({"share.category": Lookup.of(["shoes", "bags"], [0.9, 0.1])})


def test_a_taste_is_compared_with_everyone():
    events = [act(0, item="shoes"), act(0, item="bags")]
    assert [name for name, _ in value(events, "aff.cat_top", 1, SHARES)] == ["bags", "shoes"]


def test_a_taste_read_word_for_word():
    rng = np.random.default_rng(7)
    acts = [
        (float(day), str(name))
        for day, name in zip(
            rng.uniform(0, 60, 40), rng.choice(["shoes", "bags", "hats"], 40), strict=True
        )
    ]
    liked: Counter[str] = Counter()
    for day, name in acts:
        liked[name] += 2.0 ** (-(60 - day) / 30)
    expected = {}
    for name, mine in liked.items():
        everyone = {"shoes": 0.9, "bags": 0.1, "hats": 0.0}[name]
        share = (mine + PRIOR_ACTS * everyone) / (liked.total() + PRIOR_ACTS)
        expected[name] = 100 * (share + COMMON) / (everyone + COMMON)
    events = [act(day, item=name) for day, name in sorted(acts)]
    assert dict(value(events, "aff.cat_top", 60, SHARES)) == pytest.approx(expected)


def test_an_unknown_category_is_one_that_nobody_else_likes():
    assert value([act(0, item="new")], "aff.cat_top", 1, SHARES)[0][1] > 100


def test_equal_tastes_stand_in_the_order_of_their_names():
    events = [act(0, item=name) for name in ("hats", "bags", "caps")]
    assert [name for name, _ in value(events, "aff.cat_top", 1)] == ["bags", "caps", "hats"]


def test_brands_and_shops_have_their_own_lists():
    events = [act(0, item="shoes"), act(0, item="bags"), act(0, item="hats")]
    assert [name for name, _ in value(events, "aff.brand_top", 1)] == ["nike", "coach"]
    assert [name for name, _ in value(events, "aff.shop_top", 1)] == ["shop"]


def test_a_list_holds_ten():
    events = [act(0, item=f"c{n:02}") for n in range(12)]
    names = [name for name, _ in value(events, "aff.cat_top", 1)]
    assert names == [f"c{n:02}" for n in range(10)]


def test_what_was_sent_back_is_no_taste():
    refund = act(1, e.REFUNDED, order_id="o", total_fen=100)
    assert value([order(0), refund], "aff.cat_top", 2) is None
    assert value([refund], "aff.cat_top", 2) is None


def test_tastes_fade():
    assert value([act(0)], "aff.cat_top", 129) is not None
    assert value([act(0)], "aff.cat_top", 130) is None


def test_now_lasts_half_an_hour():
    assert value([act(0)], "aff.now_cat", 10 / 1440) == [("shoes", pytest.approx(0.5))]
    assert value([act(0)], "aff.now_cat", 30 / 1440) == [("shoes", pytest.approx(0.125))]
    assert value([act(0)], "aff.now_cat", 31 / 1440) is None


def test_breadth_is_the_entropy_of_what_was_bought():
    references = known({"share.category": Lookup.of("abcd", [0.25] * 4)})
    bought = [order(0, item="a"), order(0, item="b")]
    assert value(bought, "aff.breadth", 1, references) == pytest.approx(0.5)
    assert value(bought[:1], "aff.breadth", 1, references) == 0
    assert value([act(0)], "aff.breadth", 1, references) is None
    uneven = [*bought, bought[0]]
    expected = -(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)) / math.log(4)
    assert value(uneven, "aff.breadth", 1, references) == pytest.approx(expected)


def test_evidence_names_the_strongest_three():
    events = [act(0, item=name) for name in "aabbbcd"]
    found = portrait(events, 0.001)["aff.cat_top"]
    assert list(found.evidence["category.interest_30"]) == ["b", "a", "c"]
    assert found.because == ("近期最关注品类：b、a、c", "most interest in b, a, c")
