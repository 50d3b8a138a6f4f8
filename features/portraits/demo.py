"""Account, declared demographics and coarse place."""

from features.counters import Scope, Sensitivity
from features.portraits.tag import RANK_AND_SEGMENT, Kind, Tag
from features.portraits.values import Numbers, Words
from features.subjects import Subjects

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
