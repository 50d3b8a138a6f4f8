"""Hours of the business day at which a person is there."""

import numpy as np

from features import population
from features.counters import Key, Scope, Sensitivity
from features.festivals import PHASES
from features.portraits.tag import RANK_AND_SEGMENT, Kind, Tag
from features.portraits.values import FAINT, Numbers, Ranked, Vectors, Words, ratio, settled, shrunk
from features.references import References
from features.subjects import Floats, Subjects, sums

HOURS = tuple(str(hour) for hour in range(24))

COMMUTES = 0.3
"""Share of workday orders at commuting hours that makes a commuter."""

MOST = 10
"""Entries of a list."""

PHASE_WORDS = {
    "presale": ("预售", "presale"),
    "warm_up": ("预热", "warm-up"),
    "burst": ("爆发", "main days"),
    "afterglow": ("返场", "afterglow"),
}

PRIOR_ACTS = 10.0
"""Acts that a person is lent at everyone's hours before the best one is chosen."""


def _acts(people: Subjects) -> tuple[Floats, Floats]:
    """Decayed acts by hour, shape (n, 24), and in all, NaN where faint, shape (n,)."""
    table = people.keyed[Key.HOUR]
    hour = np.array([int(name) for name in table.names], dtype=np.int64)[table.codes]
    acts = sums(table.owners * 24 + hour, table.values["hour.active_30"], 24 * len(people)).reshape(
        -1, 24
    )
    total = acts.sum(axis=1)
    return acts, np.where(settled(total) >= FAINT, total, np.nan)


def hours(people: Subjects, _: References) -> Vectors:
    """Share of acts in each hour, add-one smoothed."""
    acts, total = _acts(people)
    return Vectors((acts + 1.0) / (total[:, None] + 24.0))


def best_hour(people: Subjects, references: References) -> Numbers:
    """The hour with most acts, leaning to everyone's hours where acts are few."""
    acts, total = _acts(people)
    leaning = acts + PRIOR_ACTS * np.array(references.vector("hours"))
    best = np.argmax(settled(leaning), axis=1).astype(np.float64)
    return Numbers(np.where(np.isnan(total), np.nan, best))


def weekday_bias(people: Subjects, _: References) -> Numbers:
    """Log of acts on a workday over acts on a day of the weekend, one act lent to each day."""
    _acts_by_hour, total = _acts(people)
    weekend = np.minimum(people.number("user.weekend_30"), total)
    return Numbers(np.log((total - weekend + 5.0) / 5.0) - np.log((weekend + 2.0) / 2.0))


def commute(people: Subjects, _: References) -> Numbers:
    """Whether 30 % of the workday orders came at commuting hours on a mobile network."""
    orders = people.number("user.workday_orders_90")
    share = ratio(people.number("user.commute_orders_90"), orders)
    return Numbers(np.where(orders > 0, (share >= COMMUTES).astype(np.float64), np.nan))


def fragment(people: Subjects, _: References) -> Numbers:
    """Business hours with an act, for each active day."""
    return Numbers(ratio(people.number("user.hours_30"), people.number("user.active_days_30")))


def festival(people: Subjects, _: References) -> Words:
    """The phase of festivals with the most money spent; the earlier one of two alike."""
    table = people.keyed[Key.PHASE]
    spent = np.zeros((len(people), len(PHASES)))
    places = [list(PHASES).index(name) for name in table.names]
    where = np.array(places, dtype=np.int64)[table.codes]
    np.add.at(spent, (table.owners, where), table.values["phase.spent_730"])
    greatest = spent.max(axis=1)
    return Words.first({
        name: (greatest > 0) & (spent[:, i] == greatest) for i, name in enumerate(PHASES)
    })


def entries(people: Subjects, _: References) -> Ranked:
    """Share of acts after each way of coming in."""
    table = people.keyed[Key.ENTRY]
    acts = table.values["entry.active_30"]
    total = sums(table.owners, acts, len(people))[table.owners]
    kept = (settled(total) >= FAINT) & (acts > 0)
    share = acts[kept] / total[kept]
    return Ranked.top(len(people), table.owners[kept], table.names, table.codes[kept], share, MOST)


def after_social(people: Subjects, references: References) -> Numbers:
    """Share of orders that another person led to, shrunk to everyone's."""
    return Numbers(shrunk(*population.tried(people, "led"), references.prior("led")))


TAGS = (
    Tag(
        "time.hours", "活跃时段分布", "hours of activity",
        "share of acts in each business hour, half-life 30 days, add-one smoothed", Kind.VECTOR,
        hours, ("hour.active_30",), labels=HOURS,
    ),
    Tag(
        "time.best_send_hour", "最佳触达时点", "best hour to send",
        "business hour with most acts, leaning to everyone's hours where acts are few", Kind.INT,
        best_hour, ("hour.active_30",), unit="hour",
    ),
    Tag(
        "time.weekday_bias", "工作日倾向", "workdays over weekends",
        "log of acts on a workday over acts on a day of the weekend, half-life 30 days, one act "
        "being lent to each day: 0 is alike", Kind.FLOAT, weekday_bias,
        ("hour.active_30", "user.weekend_30"),
    ),
    Tag(
        "time.commute", "通勤购物", "shops while commuting",
        "whether 30 % of the workday orders of 90 days came at 7 to 9 or 17 to 20 o'clock on a "
        "mobile network", Kind.BOOL, commute,
        ("user.workday_orders_90", "user.commute_orders_90"), scope=Scope.LOCATION_COARSE,
        sensitivity=Sensitivity.DELICATE, usable_in=RANK_AND_SEGMENT,
    ),
    Tag(
        "time.fragment", "碎片化程度", "hours there on an active day",
        "business hours with an act for each active day of the last 30", Kind.FLOAT, fragment,
        ("user.hours_30", "user.active_days_30"), unit="hours",
    ),
    Tag(
        "time.fest_phase", "大促购买阶段", "phase of festivals",
        "the phase of shopping festivals with the most money in 730 days, net of refunds",
        Kind.ENUM, festival, ("phase.spent_730",), words=PHASE_WORDS,
    ),
    Tag(
        "scene.entry_top", "来源入口", "ways of coming in",
        "share of acts after each way of coming in, half-life 30 days", Kind.LIST, entries,
        ("entry.active_30",),
    ),
    Tag(
        "scene.after_social", "社交触发购买占比", "orders led to by others",
        "share of orders that came through a link or an invitation, half-life 30 days, shrunk to "
        "everyone's", Kind.FLOAT, after_social, ("pair.led_30", "user.orders_30"),
        scope=Scope.SOCIAL_GRAPH, sensitivity=Sensitivity.PERSONAL,
    ),
)  # fmt: skip
