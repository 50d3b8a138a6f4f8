"""What may be shown: one rule, one reason."""

from dataclasses import replace

import pytest

from recsys.query import FeedQuery
from recsys.rules.eligibility import AskedFor, Available, NotBought, NotExcluded
from recsys.slate import Slate
from tests.recsys.moments import moment
from tests.serving import shops

QUERY = FeedQuery("u", k=3, at_us=100)


@pytest.fixture
def items():
    """i0 … i9; even ones are tea, odd ones cups; each costs 1000 fen."""
    return shops.parts().items


def kept(rule, items, query=QUERY, now=None) -> list[str]:
    codes = items.ids.codes(shops.ITEMS)
    slate = Slate.of(codes, [0.0] * len(codes), "all")
    mask = rule.apply(slate, query, now or moment(at_us=100), items)
    return [name for name, stays in zip(shops.ITEMS, mask, strict=True) if stays]


def test_what_cannot_be_had_is_not_shown(items):
    sold, late, gone = items.ids.codes(["i1", "i2", "i3"])
    items.on_sale[sold] = False
    items.listed_us[late] = 101
    items.expires_us[gone] = 100
    assert kept(Available(), items) == ["i0", "i4", "i5", "i6", "i7", "i8", "i9"]


def test_what_the_request_excludes(items):
    query = replace(QUERY, exclude=frozenset({"i0", "ghost"}))
    assert kept(NotExcluded(), items, query) == shops.ITEMS[1:]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, shops.ITEMS),
        ({"category": frozenset({"cups"})}, shops.ITEMS[1::2]),
        ({"category": frozenset({"cups", "tea"})}, shops.ITEMS),
        ({"category": frozenset({"ghost"})}, []),
        ({"kind": frozenset({"lot"})}, []),
        ({"price_max_fen": 1_000}, shops.ITEMS),
        ({"price_max_fen": 999}, []),
    ],
)
def test_filters_of_the_request(items, filters, names):
    assert kept(AskedFor(), items, replace(QUERY, **filters)) == names


def test_an_unknown_attribute_passes_no_filter(items):
    code = items.ids.code("i0")
    items.price_fen[code] = -1
    items.coded["category"][code] = -1
    assert "i0" not in kept(AskedFor(), items, replace(QUERY, price_max_fen=10**9))
    assert "i0" not in kept(AskedFor(), items, replace(QUERY, category=frozenset({"tea"})))
    assert "i0" in kept(AskedFor(), items)


@pytest.mark.parametrize(("repeats", "there"), [(False, False), (True, True)])
def test_what_was_bought_comes_again_only_where_purchases_repeat(items, repeats, there):
    now = moment(bought=(items.ids.code("i4"),))
    assert ("i4" in kept(NotBought(repeats), items, now=now)) is there
