"""Price level within categories: dear socks and cheap phones may be one person's."""

import numpy as np

from features import population
from features.counters import Key, Sensitivity
from features.portraits.tag import RANK_AND_SEGMENT, Kind, Tag
from features.portraits.values import (
    FAINT,
    Numbers,
    Ranked,
    Words,
    best,
    ratio,
    settled,
    shrunk,
)
from features.references import References
from features.subjects import Floats, Ints, Subjects, sums

MOST = 10
"""Entries of a list."""

BANDS = {
    "1": ("低价", "lowest fifth"),
    "2": ("偏低", "lower fifth"),
    "3": ("中等", "middle fifth"),
    "4": ("偏高", "higher fifth"),
    "5": ("高价", "highest fifth"),
}


def _fifths(people: Subjects, references: References) -> tuple[Ints, Ints, Floats, Floats]:
    """Owner, category, acts and fifth of each category in which prices were seen."""
    table = people.keyed[Key.CATEGORY]
    cuts = settled(references.cuts(table.names))[table.codes]
    acts = table.values["category.priced_90"]
    kept = (settled(acts) >= FAINT) & np.isfinite(cuts).all(axis=1)
    acts, cuts = acts[kept], cuts[kept]
    level = settled(table.values["category.price_90"][kept] / acts)[:, None]
    fifth = 1.0 + ((cuts < level).sum(axis=1) + (cuts <= level).sum(axis=1)) / 2.0
    return table.owners[kept], table.codes[kept], acts, fifth


def band(people: Subjects, references: References) -> Words:
    """The fifth of prices that a person moves in, meant over categories by the acts in each.

    In each category the mean log price of what was viewed or bought is placed among the prices of
    units sold; a level on a cut counts half to either side.
    """
    owners, _, acts, fifth = _fifths(people, references)
    mean = ratio(sums(owners, acts * fifth, len(people)), sums(owners, acts, len(people)))
    nearest = np.floor(settled(mean) + 0.5)
    return Words.first({word: nearest == int(word) for word in BANDS})


def bands(people: Subjects, references: References) -> Ranked:
    """The fifth of each of the ten categories with most acts."""
    owners, codes, acts, fifth = _fifths(people, references)
    names = people.keyed[Key.CATEGORY].names
    starts, rows = best(len(people), owners, names, codes, acts, MOST)
    return Ranked(starts, names, codes[rows], np.floor(fifth[rows] + 0.5))


def compare(people: Subjects, references: References) -> Numbers:
    """Product pages opened for each cart, one cart being lent at everyone's rate."""
    views, carts = people.number("user.views_30"), people.number("user.carts_30")
    usual = references.number("looks")
    known = settled(views + carts) >= FAINT
    return Numbers(np.where(known, (views + usual) / (carts + 1.0), np.nan))


def deal_rate(people: Subjects, references: References) -> Floats:
    """Share of orders at a discount, shrunk to everyone's; NaN without orders."""
    k, n = population.tried(people, "dealt")
    return shrunk(k, n, references.prior("dealt"))


def sensitivity(people: Subjects, references: References) -> Numbers:
    """The person's rate of discounts less that of what the person buys."""
    table = people.keyed[Key.CATEGORY]
    usual = references.lookup("deal.category", table.names, references.number("deal_rate"))
    bought = np.maximum(table.values["category.orders"], 0.0)
    total = sums(table.owners, bought, len(people))
    whole = sums(table.owners, bought * usual[table.codes], len(people))
    anyway = np.where(total > 0, ratio(whole, total), references.number("deal_rate"))
    return Numbers(deal_rate(people, references) - anyway)


def coupons(people: Subjects, references: References) -> Numbers:
    """Coupons used for each order, shrunk to everyone's."""
    k, n = population.tried(people, "coupon")
    return Numbers(shrunk(k, n, references.prior("coupon")))


def saved(people: Subjects, _: References) -> Numbers:
    """Share that discounts took off what a year's orders would have cost."""
    off = people.number("user.saved_365")
    return Numbers(np.clip(ratio(off, off + people.number("user.spent_365")), 0.0, 1.0))


TAGS = (
    Tag(
        "price.band", "价格带", "price band",
        "fifth of the prices of units sold within each leaf category, meant over the categories "
        "viewed and bought, half-life 90 days", Kind.ENUM, band,
        ("category.price_90", "category.priced_90"), words=BANDS,
        sensitivity=Sensitivity.PERSONAL, usable_in=RANK_AND_SEGMENT,
    ),
    Tag(
        "price.band_by_cat", "分品类价格带", "price band by category",
        "fifth of the prices of units sold, for each of the ten categories with most views and "
        "purchases, half-life 90 days", Kind.GRADES, bands,
        ("category.price_90", "category.priced_90"), words=BANDS,
        sensitivity=Sensitivity.PERSONAL, usable_in=RANK_AND_SEGMENT,
    ),
    Tag(
        "price.compare", "比价程度", "pages compared",
        "product pages opened for each one put into the cart, half-life 30 days, one cart being "
        "lent at everyone's rate", Kind.FLOAT, compare, ("user.views_30", "user.carts_30"),
        unit="views",
    ),
    Tag(
        "promo.sensitivity", "优惠敏感度", "sensitivity to discounts",
        "share of the orders of 365 days with a tenth or more taken off, shrunk, less the share "
        "usual in the categories bought", Kind.FLOAT, sensitivity,
        ("user.dealt_365", "user.orders_365", "category.orders"),
        sensitivity=Sensitivity.PERSONAL, usable_in=RANK_AND_SEGMENT,
    ),
    Tag(
        "promo.redeem_rate", "用券率", "coupons per order",
        "share of the orders of 365 days with a coupon, shrunk to everyone's", Kind.FLOAT, coupons,
        ("user.coupons_365", "user.orders_365"),
    ),
    Tag(
        "promo.saved_share", "节省比例", "share saved",
        "discounts of 365 days over what the orders would have cost without", Kind.FLOAT, saved,
        ("user.saved_365", "user.spent_365"),
    ),
)  # fmt: skip
