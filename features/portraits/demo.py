"""Account, declared demographics and coarse place."""

import numpy as np

from features import population
from features.counters import Scope, Sensitivity
from features.portraits.tag import RANK_AND_SEGMENT, Kind, Tag, Use
from features.portraits.values import Numbers, Ranked, Words, shrunk
from features.references import References
from features.subjects import OLDEST, Subjects

MOST = 10
"""Entries of a list."""

ADULT = 18

BANDS = {
    "18-24": (18, 24), "25-29": (25, 29), "30-39": (30, 39), "40-49": (40, 49),
    "50-59": (50, 59), "60+": (60, OLDEST),
}  # fmt: skip
"""Years of age, both included."""

BAND_WORDS = {
    name: (f"{name} 岁" if high < OLDEST else "60 岁及以上", name)
    for name, (_, high) in BANDS.items()
}

DECADES = {f"{year % 100:02}s": year for year in range(1930, 2030, 10)}

DECADE_WORDS = {
    name: (f"{year % 100:02} 后", f"born in the {year}s") for name, year in DECADES.items()
}

GENDERS = {"female": ("女", "female"), "male": ("男", "male")}

TIERS = {
    "1": ("一线", "tier 1"),
    "new1": ("新一线", "new tier 1"),
    "2": ("二线", "tier 2"),
    "3": ("三线", "tier 3"),
    "4": ("四线", "tier 4"),
    "5": ("五线", "tier 5"),
}


def _declared(people: Subjects, column: str, words: dict[str, tuple[str, str]]) -> Words:
    """A profile column, without what is no declared word."""
    return Words.of([text if text in words else None for text in people.profile[column]])


def age_band(people: Subjects, _: References) -> Words:
    """Ten years of age by the declared year of birth, from 18 on."""
    return Words.first({
        name: (people.ages >= low) & (people.ages <= high) for name, (low, high) in BANDS.items()
    })


def generation(people: Subjects, _: References) -> Words:
    """Decade of the declared year of birth."""
    year = people.this_year - people.ages
    adult = people.ages >= ADULT
    return Words.first({
        name: adult & (year >= first) & (year < first + 10) for name, first in DECADES.items()
    })


def risk_return(people: Subjects, references: References) -> Numbers:
    """Refunds for each order, shrunk, over everyone's."""
    a, b = references.prior("return")
    own = shrunk(*population.tried(people, "return"), (a, b))
    return Numbers(own * (a + b) / a)


def reach(people: Subjects, _: References) -> Ranked:
    """Marketing channels agreed to, by name."""
    ways = people.channels
    score = np.ones(len(ways.owners))
    return Ranked.top(len(people), ways.owners, ways.names, ways.codes, score, MOST)


def cities(people: Subjects, _: References) -> Numbers:
    """Cities ordered from; absent where none is known."""
    found = people.number("user.cities_365")
    return Numbers(np.where(found > 0, found, np.nan))


TAGS = (
    Tag(
        "demo.account_age_days", "账龄天数", "days known",
        "business days since the first act", Kind.INT,
        lambda people, _: Numbers(people.days_since("user.first_active")),
        ("user.first_active",), unit="days",
    ),
    Tag(
        "demo.gender", "性别", "gender", "as the person declared it, never guessed", Kind.ENUM,
        lambda people, _: _declared(people, "gender", GENDERS),
        profile=("gender",), words=GENDERS, sensitivity=Sensitivity.PERSONAL,
        usable_in=RANK_AND_SEGMENT,
    ),
    Tag(
        "demo.age_band", "年龄段", "age band", "by the declared year of birth, from 18 on",
        Kind.ENUM, age_band, profile=("birth_year",), words=BAND_WORDS,
        sensitivity=Sensitivity.PERSONAL, usable_in=RANK_AND_SEGMENT,
    ),
    Tag(
        "demo.generation", "年代", "generation", "decade of the declared year of birth, from 18 on",
        Kind.ENUM, generation, profile=("birth_year",), words=DECADE_WORDS,
        sensitivity=Sensitivity.PERSONAL, usable_in=RANK_AND_SEGMENT,
    ),
    Tag(
        "demo.member_level", "会员等级", "member level", "as the shop's customer system says",
        Kind.TEXT, lambda people, _: Words.of(people.profile["member_level"]),
        profile=("member_level",),
    ),
    Tag(
        "ch.reach", "可触达渠道", "channels agreed to",
        "marketing channels that the person agreed to be reached by", Kind.LIST, reach,
        profile=("consents",), sensitivity=Sensitivity.PERSONAL, usable_in=RANK_AND_SEGMENT,
    ),
    Tag(
        "geo.cities_365", "年下单城市数", "cities ordered from",
        "different cities that orders of 365 days came from", Kind.INT, cities,
        ("user.cities_365",), unit="cities", scope=Scope.LOCATION_COARSE,
        sensitivity=Sensitivity.PERSONAL, usable_in=RANK_AND_SEGMENT,
    ),
    Tag(
        "risk.return", "退款倾向", "refunds over everyone's",
        "refunds for each order of 365 days, shrunk, over everyone's: 1 is like everyone",
        Kind.FLOAT, risk_return, ("user.refunds_365", "user.orders_365"),
        sensitivity=Sensitivity.SYSTEM, usable_in=frozenset({Use.RANK}),
    ),
    Tag(
        "geo.city", "城市", "city", "the city of the profile, nothing finer", Kind.TEXT,
        lambda people, _: Words.of(people.profile["city"]),
        profile=("city",), scope=Scope.LOCATION_COARSE, sensitivity=Sensitivity.PERSONAL,
        usable_in=RANK_AND_SEGMENT,
    ),
    Tag(
        "geo.tier", "城市等级", "city tier", "the tier of the city of the profile", Kind.ENUM,
        lambda people, _: _declared(people, "city_tier", TIERS),
        profile=("city_tier",), words=TIERS, scope=Scope.LOCATION_COARSE,
    ),
)  # fmt: skip
