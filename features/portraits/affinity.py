"""Tastes: categories, brands and shops a person likes more than others do."""

import numpy as np

from features.counters import Key
from features.population import TASTES
from features.portraits.tag import Kind, Tag
from features.portraits.values import FAINT, Numbers, Ranked, settled
from features.references import References
from features.subjects import Subjects, sums

MOST = 10
"""Entries of a list."""

PRIOR_ACTS = 8.0
"""Interest that a person is lent at the population's shares: that of one order."""

COMMON = 0.2
"""Added to both shares before they are divided, so that one view of a rare brand is no passion."""

NOW = 2.0**-3
"""A view half an hour old, at a half-life of ten minutes; what is fainter is not now."""


def tastes(key: Key, people: Subjects, references: References) -> Ranked:
    """What a person likes of one kind, by target group index: 100 is like everyone.

    The person's share of interest is shrunk to the population's and both are moved together:
    ``100 * (share + COMMON) / (population share + COMMON)``.
    """
    table = people.keyed[key]
    liked = table.values[TASTES[key]]
    kept = settled(liked) >= FAINT
    owners, codes, liked = table.owners[kept], table.codes[kept], liked[kept]
    everyone = references.share(key, table.names)[codes]
    total = sums(owners, liked, len(people))[owners]
    share = (liked + PRIOR_ACTS * everyone) / (total + PRIOR_ACTS)
    index = 100.0 * (share + COMMON) / (everyone + COMMON)
    return Ranked.top(len(people), owners, table.names, codes, index, MOST)


def now(people: Subjects, _: References) -> Ranked:
    """Categories of the last half hour by decayed interest."""
    table = people.keyed[Key.CATEGORY]
    liked = table.values["category.interest_now"]
    kept = settled(liked) >= NOW
    return Ranked.top(
        len(people), table.owners[kept], table.names, table.codes[kept], liked[kept], MOST
    )


def breadth(people: Subjects, references: References) -> Numbers:
    """Entropy of the categories bought, divided by that of buying all categories alike."""
    table = people.keyed[Key.CATEGORY]
    bought = table.values["category.orders"]
    kept = bought > 0
    owners, bought = table.owners[kept], bought[kept]
    total = sums(owners, bought, len(people))
    part = bought / total[owners]
    entropy = sums(owners, -part * np.log(part), len(people))
    most = np.log(max(references.size("share.category"), 2))
    return Numbers(np.where(total > 0, np.clip(entropy / most, 0.0, 1.0), np.nan))


TAGS = (
    Tag(
        "aff.cat_top", "偏好品类", "favourite categories",
        "ten categories by share of decayed interest, against everyone's share; 100 is like "
        "everyone", Kind.LIST,
        lambda people, references: tastes(Key.CATEGORY, people, references),
        ("category.interest_30",),
    ),
    Tag(
        "aff.brand_top", "偏好品牌", "favourite brands",
        "ten brands by share of decayed interest, against everyone's share; 100 is like everyone",
        Kind.LIST, lambda people, references: tastes(Key.BRAND, people, references),
        ("brand.interest_30",),
    ),
    Tag(
        "aff.shop_top", "偏好店铺", "favourite shops",
        "ten shops by share of decayed interest, against everyone's share; 100 is like everyone",
        Kind.LIST, lambda people, references: tastes(Key.SHOP, people, references),
        ("shop.interest_30",),
    ),
    Tag(
        "aff.now_cat", "当前品类", "categories now",
        "categories of the last half hour by interest, half-life ten minutes", Kind.LIST, now,
        ("category.interest_now",),
    ),
    Tag(
        "aff.breadth", "品类广度", "breadth of categories",
        "entropy of the categories bought: 0 is a single one, 1 all alike", Kind.FLOAT, breadth,
        ("category.orders",),
    ),
)  # fmt: skip
