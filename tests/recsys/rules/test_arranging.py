"""Pages of ten items: three shops, two categories; i0 is the best."""

import numpy as np
import pytest

from features.clock import DAY_US
from features.ids import IdMap
from features.items import NEVER_US
from recsys.policy import PLAIN, Boost, FeedPolicy, of
from recsys.rules.arranging import Arranger
from tests.serving import shops

NOW = 1_780_000_000_000_000
CODES = np.arange(10, dtype=np.int32)
SCORES = 10.0 - np.arange(10)


def items(shop="aaaaaabbcc", category="tttttttttc", listed=(), sold=()):
    found = shops.parts().items
    for column, letters in (("shop", shop), ("category", category)):
        found.names = {**found.names, column: IdMap.of(sorted(set(letters)))}
        found.coded[column][:] = found.names[column].codes(list(letters))
    for code in listed:
        found.listed_us[code] = NOW - DAY_US
    found.counters["item.orders_180"][:] = np.isin(CODES, sold)
    return found


def page(policy: FeedPolicy, k=5, rng=None, **more) -> list[int]:
    return Arranger(items(**more), policy, NOW).arrange(CODES, SCORES, k, NOW, rng).places.tolist()


def test_without_a_policy_the_best_come_first():
    assert page(PLAIN) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("k", "length"), [(0, 0), (3, 3), (10_000, 10)])
def test_a_page_is_as_long_as_it_can_be(k, length):
    assert len(page(FeedPolicy(), k=k)) == length


def test_no_shop_fills_more_than_its_part():
    assert page(FeedPolicy(most_of_shop=0.4)) == [0, 1, 6, 7, 8]


def test_who_is_held_back_by_a_cap_is_named():
    made = Arranger(items(), FeedPolicy(most_of_shop=0.4), NOW).arrange(CODES, SCORES, 5, NOW)
    assert made.held_back["cap:shop"].tolist() == [2, 3, 4, 5]


def test_a_page_is_not_left_short_for_a_cap():
    assert page(FeedPolicy(most_of_shop=0.4), shop="aaaaaaaaaa") == [0, 1, 2, 3, 4]


def test_diversity_brings_the_other_category_up():
    assert 9 not in page(PLAIN)
    assert page(of({"diversity": 12.0, "most_of_shop": 1.0}), shop="abcdefghij").index(9) <= 2


def test_a_boost_lifts_but_never_beyond_its_share_of_the_page():
    boost = Boost("shop", "c", 0.5)
    assert page(FeedPolicy(most_of_shop=1.0, boosts=(boost,), boosted_share=0.2))[4] == 8
    assert 9 not in page(FeedPolicy(most_of_shop=1.0, boosts=(boost,), boosted_share=0.2))
    assert page(FeedPolicy(most_of_shop=1.0, boosts=(boost,), boosted_share=0.0)) == [0, 1, 2, 3, 4]


def test_the_long_tail_has_its_part_at_the_end_of_the_page():
    policy = FeedPolicy(most_of_shop=1.0, tail_share=0.4, head_share=1.0)
    assert page(policy, sold=(0, 1, 2, 3, 4, 5, 6)) == [0, 1, 2, 7, 8]


def test_new_shops_have_their_part():
    policy = FeedPolicy(most_of_shop=1.0, new_shop_share=0.2)
    assert page(policy, listed=(8, 9)) == [0, 1, 2, 3, 8]


def test_exploring_places_are_drawn_as_often_as_their_propensity_says():
    policy = FeedPolicy(most_of_shop=1.0, explore_every=5, explore_chance=0.3)
    arranger, rng = Arranger(items(listed=(7, 8, 9)), policy, NOW), np.random.default_rng(0)
    pages = [arranger.arrange(CODES, SCORES, 5, NOW, rng) for _ in range(3_000)]
    shown = np.array([one.places[4] for one in pages])
    told = {int(one.places[4]): one.propensity[4] for one in pages}
    assert told == pytest.approx({4: 0.7, 7: 0.1, 8: 0.1, 9: 0.1})
    for code, propensity in told.items():
        assert np.mean(shown == code) == pytest.approx(propensity, abs=0.02)
    assert all(one.propensity[:4].tolist() == [1.0] * 4 for one in pages)


def test_what_has_no_listing_date_is_not_new():
    policy = FeedPolicy(explore_every=1, explore_chance=1.0)
    assert (items().listed_us == NEVER_US).all()
    assert page(policy, rng=np.random.default_rng(0)) == [0, 1, 6, 7, 8]
