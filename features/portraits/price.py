"""Price level within categories: dear socks and cheap phones may be one person's."""

import numpy as np

from features.counters import Key, Sensitivity
from features.portraits.tag import RANK_AND_SEGMENT, Kind, Tag
from features.portraits.values import FAINT, Words, ratio, settled
from features.references import References
from features.subjects import Subjects, sums

BANDS = {
    "1": ("低价", "lowest fifth"),
    "2": ("偏低", "lower fifth"),
    "3": ("中等", "middle fifth"),
    "4": ("偏高", "higher fifth"),
    "5": ("高价", "highest fifth"),
}


def band(people: Subjects, references: References) -> Words:
    """The fifth of prices that a person moves in, meant over categories by the acts in each.

    In each category the mean log price of what was viewed or bought is placed among the prices of
    units sold; a level on a cut counts half to either side.
    """
    table = people.keyed[Key.CATEGORY]
    cuts = settled(references.cuts(table.names))[table.codes]
    acts = table.values["category.priced_90"]
    kept = (settled(acts) >= FAINT) & np.isfinite(cuts).all(axis=1)
    owners, acts, cuts = table.owners[kept], acts[kept], cuts[kept]
    level = settled(table.values["category.price_90"][kept] / acts)[:, None]
    fifth = 1.0 + ((cuts < level).sum(axis=1) + (cuts <= level).sum(axis=1)) / 2.0
    mean = ratio(sums(owners, acts * fifth, len(people)), sums(owners, acts, len(people)))
    nearest = np.floor(settled(mean) + 0.5)
    return Words.first({word: nearest == int(word) for word in BANDS})


TAGS = (
    Tag(
        "price.band", "价格带", "price band",
        "fifth of the prices of units sold within each leaf category, meant over the categories "
        "viewed and bought, half-life 90 days", Kind.ENUM, band,
        ("category.price_90", "category.priced_90"), words=BANDS,
        sensitivity=Sensitivity.PERSONAL, usable_in=RANK_AND_SEGMENT,
    ),
)  # fmt: skip
