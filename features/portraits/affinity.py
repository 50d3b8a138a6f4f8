"""Tastes: categories, brands and shops a person likes more than others do."""

from collections.abc import Sequence

import numpy as np

from features.catalogue import CATALOGUE
from features.clock import DAY_US
from features.counters import Key
from features.habits import NEXT
from features.population import TASTES
from features.portraits.tag import Kind, Tag
from features.portraits.values import FAINT, Numbers, Ranked, settled, shrunk
from features.references import References
from features.subjects import Floats, Ints, Subjects, sums

MOST = 10
"""Entries of a list."""

PRIOR_ACTS = 8.0
"""Interest that a person is lent at the population's shares: that of one order."""

COMMON = 0.2
"""Added to both shares before they are divided, so that one view of a rare brand is no passion."""

DUE = 0.8
"""Share of the usual gap after which something may be bought again."""

GIVEN_UP = 4.0
"""Gaps after which it is bought elsewhere or not at all."""

KEEN = 2.0
"""Interest of two fresh views, one collection faded by half, …"""

BRAND_STAGES = {
    "aware": ("认知", "aware"),
    "interested": ("兴趣", "interested"),
    "buyer": ("购买", "buyer"),
    "loyal": ("忠诚", "loyal"),
}

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


def _spread(people: Subjects, counter: str) -> tuple[Floats, Floats]:
    """How much each person bought, and the entropy of what; float64, each of shape (n,)."""
    table = people.keyed[CATALOGUE[counter].key]
    kept = table.values[counter] > 0
    owners, bought = table.owners[kept], table.values[counter][kept]
    total = sums(owners, bought, len(people))
    part = bought / total[owners]
    return total, sums(owners, -part * np.log(part), len(people))


def breadth(people: Subjects, references: References) -> Numbers:
    """Entropy of the categories bought, divided by that of buying all categories alike."""
    total, entropy = _spread(people, "category.orders")
    most = np.log(max(references.size("share.category"), 2))
    return Numbers(np.where(total > 0, np.clip(entropy / most, 0.0, 1.0), np.nan))


def loyalty(people: Subjects, _: References) -> Numbers:
    """One less the normalised entropy of the brands bought in a year; absent with one line."""
    total, entropy = _spread(people, "brand.orders_365")
    most = np.log(np.maximum(total, 2.0))
    return Numbers(np.where(total > 1, np.clip(1.0 - entropy / most, 0.0, 1.0), np.nan))


def newness(people: Subjects, references: References) -> Numbers:
    """Share of views that went to new items, shrunk, over everyone's share."""
    a, b = references.prior("fresh")
    own = shrunk(people.number("user.fresh_30"), people.number("user.views_30"), (a, b))
    return Numbers(own * (a + b) / a)


def following(people: Subjects, references: References) -> Ranked:
    """What is bought after the category bought last: chances from everyone's next orders."""
    table = people.keyed[Key.CATEGORY]
    newest = _last_bought(
        table.owners, table.values["category.last_order"], table.names, table.codes
    )
    if "next.category" not in references.lookups:
        newest = newest[:0]
    owners, here = table.owners[newest], [table.names[code] for code in table.codes[newest]]
    rows = references.lookup("next.category", here, [-1.0] * 2 * NEXT)
    places, chances = rows.reshape(len(here), 2, NEXT).transpose(1, 0, 2)
    known = places.ravel() >= 0
    codes, back = np.unique(places.ravel()[known].astype(np.int64), return_inverse=True)
    names = references.names("bought.category", codes)
    return Ranked.top(
        len(people), np.repeat(owners, NEXT)[known], names, back.astype(np.int64),
        chances.ravel()[known], NEXT,
    )  # fmt: skip


def _last_bought(owners: Ints, at_us: Floats, names: Sequence[str], codes: Ints) -> Ints:
    """Rows of each owner's latest purchase; of equal instants the first name."""
    rows = np.flatnonzero(np.isfinite(at_us))
    alphabet = np.argsort(np.argsort(np.array(names, dtype=np.str_), kind="stable"))
    order = rows[np.lexsort((alphabet[codes[rows]], -at_us[rows], owners[rows]))]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = owners[order][1:] != owners[order][:-1]
    return np.asarray(order[first], dtype=np.int64)


def due(people: Subjects, references: References) -> Ranked:
    """Categories that are used up, by the time since the last purchase over the usual gap."""
    table = people.keyed[Key.CATEGORY]
    since = (people.at_us - table.values["category.last_order"]) / DAY_US
    gap = references.lookup("gap.category", table.names, np.nan)[table.codes]
    late = settled(np.divide(since, gap, out=np.full(len(gap), np.nan), where=gap > 0))
    kept = np.nan_to_num(late) > DUE
    kept &= late <= GIVEN_UP
    return Ranked.top(
        len(people), table.owners[kept], table.names, table.codes[kept], late[kept], MOST
    )


def brand_stages(people: Subjects, _: References) -> Ranked:
    """The furthest stage reached with each brand, ten brands by stage and interest."""
    table = people.keyed[Key.BRAND]
    orders, praise = table.values["brand.orders_365"], table.values["brand.praise_365"]
    interest = settled(table.values["brand.interest_30"])
    stage = np.select(
        [(orders >= 2) | ((orders >= 1) & (praise >= 1)), orders >= 1, interest >= KEEN,
         interest >= FAINT],
        [4.0, 3.0, 2.0, 1.0], default=0.0,
    )  # fmt: skip
    kept = stage > 0
    return Ranked.graded(
        len(people), table.owners[kept], table.names, table.codes[kept], stage[kept],
        interest[kept], MOST,
    )  # fmt: skip


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
    Tag(
        "aff.brand_loyalty", "品牌忠诚度", "brand loyalty",
        "one less the entropy of the brands bought in 365 days over its greatest value: 1 is a "
        "single brand", Kind.FLOAT, loyalty, ("brand.orders_365",),
    ),
    Tag(
        "aff.newness", "尝新偏好", "taste for new items",
        "share of views on items listed less than 30 days before, half-life 30 days, shrunk, over "
        "everyone's share: 1 is like everyone", Kind.FLOAT, newness,
        ("user.fresh_30", "user.views_30"),
    ),
    Tag(
        "aff.next_cat", "下一品类", "likely next categories",
        "what people buy after the category bought last, by the chance in everyone's orders of 730 "
        "days, shrunk to what is bought anyway", Kind.LIST, following, ("category.last_order",),
    ),
    Tag(
        "aff.replenish_due", "待补货品类", "due to be bought again",
        "categories that are bought again, where more than 0.8 of everyone's gap between two "
        "purchases has passed since the last one, and no more than 4 gaps", Kind.LIST, due,
        ("category.last_order",),
    ),
    Tag(
        "life.aipl", "品牌 AIPL 阶段", "stage with brands (AIPL)",
        "for each brand the furthest of: loyal with two purchases in 365 days, or one and a share "
        "or review; buyer with one; interested with acts worth two fresh views, half-life 30 days; "
        "aware with less", Kind.GRADES, brand_stages,
        ("brand.interest_30", "brand.orders_365", "brand.praise_365"), words=BRAND_STAGES,
    ),
)  # fmt: skip
