"""The social side: shares and who opens them, group buys, roles, ties."""

import math

import numpy as np

from features import graph, population
from features.clock import Refresh
from features.counters import Key, Scope, Sensitivity
from features.population import OPENERS, RATES, ROLES
from features.portraits.tag import RANK_AND_SEGMENT, Kind, Tag
from features.portraits.values import FAINT, Numbers, Ranked, Vectors, Words, settled, shrunk
from features.references import References
from features.strength import Strength
from features.subjects import Floats, Subjects

CLEAR = 0.4
"""Share above which one role is the person's role."""

DOUBT = 2.0
"""Units times reviews at which somebody half knows a category."""

MOST = 10
"""Entries of a list."""

ROLE_WORDS = {
    "buyer": ("买手", "buyer"),
    "sharer": ("分享者", "sharer"),
    "gb_leader": ("团长", "group leader"),
    "gb_joiner": ("参团者", "group joiner"),
    "lurker": ("围观者", "lurker"),
    "mixed": ("多面手", "mixed"),
}

_PERSONAL = Sensitivity.PERSONAL
_SOCIAL = Scope.SOCIAL_GRAPH


def rate(name: str, people: Subjects, references: References) -> Numbers:
    """One of ``population.RATES``, shrunk to its prior; absent without a trial."""
    return Numbers(shrunk(*population.tried(people, name), references.prior(name)))


def starts(people: Subjects, _: References) -> Numbers:
    """Group buys started in 30 days at the present rate; absent for who never started one."""
    ever = people.number("user.groups_started") > 0
    per_30_days = people.number("user.groups_started_30") * math.log(2)
    return Numbers(np.where(ever, per_30_days, np.nan))


def role_shares(people: Subjects, references: References) -> Vectors:
    """Decayed acts of each role over the population's mean, as shares."""
    return Vectors(_role_shares(people, references))


def role(people: Subjects, references: References) -> Words:
    """The role with the greatest share, mixed where none is clear."""
    shares = settled(_role_shares(people, references))
    greatest = shares.max(axis=1)
    cases = {name: (greatest >= CLEAR) & (shares[:, i] == greatest) for i, name in enumerate(ROLES)}
    return Words.first({**cases, "mixed": greatest < CLEAR})


def _role_shares(people: Subjects, references: References) -> Floats:
    acts = np.stack([people.number(name) for name in ROLES.values()], axis=1)
    means = np.array([references.number(f"mean.{name}") for name in ROLES])
    relative = np.divide(acts, means, out=np.zeros_like(acts), where=means > 0)
    known = (settled(acts.sum(axis=1)) >= FAINT) & (relative.sum(axis=1) > 0)
    whole = np.where(known, relative.sum(axis=1), np.nan)
    return np.asarray(relative / whole[:, None], dtype=np.float64)


def strong_ties(people: Subjects, references: References) -> Numbers:
    """People with whom something is likely to be done within a week."""
    return Numbers(Strength.of(references).strong_of(people).astype(np.float64))


def share_prop(people: Subjects, references: References) -> Numbers:
    """Chance of a share within a week, of a gamma-Poisson stream; absent for strangers."""
    usual_shape, usual_days = references.vector("poisson.shares")
    shape = usual_shape + people.number("user.shares_30")
    days = usual_days + population.watched(people)
    chance = 1.0 - (days / (days + 7.0)) ** shape
    return Numbers(np.where(people.days_since("user.first_active") >= 0, chance, np.nan))


def k_factor(people: Subjects, references: References) -> Numbers:
    """Openings of own links in 30 days: shares a month times the shrunk chance of each."""
    opened = rate("share_open", people, references).data
    return Numbers(people.number("user.shares_30") * math.log(2) * opened)


def suscept(people: Subjects, references: References) -> Numbers:
    """Orders for each friend's link opened, shrunk, less everyone's."""
    a, b = references.prior("suscept")
    return Numbers(rate("suscept", people, references).data - a / (a + b))


def sold(people: Subjects, _: References) -> Numbers:
    """Paid by others through own links; absent for who never shared."""
    shared = people.number("user.shares") > 0
    return Numbers(np.where(shared, population.with_others(people, "pair.sold_90"), np.nan))


def expertise(people: Subjects, _: References) -> Ranked:
    """Categories both bought and reviewed, by units times reviews, n / (n + 2)."""
    table = people.keyed[Key.CATEGORY]
    both = table.values["category.orders"] * table.values["category.reviews"]
    kept = both > 0
    score = both[kept] / (both[kept] + DOUBT)
    return Ranked.top(len(people), table.owners[kept], table.names, table.codes[kept], score, MOST)


def placed(name: str, people: Subjects, references: References) -> Numbers:
    """A measure of the graph of ties, published by person; absent where it is not."""
    rows = references.lookup(graph.NAME, people.ids, graph.UNPLACED)
    return Numbers(rows.reshape(len(people), len(graph.COLUMNS))[:, graph.COLUMNS.index(name)])


TAGS = (
    Tag(
        "soc.share_open", "分享打开率", "share opening rate",
        "openings of own shares for each share, shrunk to everyone's", Kind.FLOAT,
        lambda people, references: rate("share_open", people, references),
        RATES["share_open"][::-1], scope=_SOCIAL, sensitivity=_PERSONAL,
    ),
    Tag(
        "soc.open_rate", "收到分享打开率", "openness to shares",
        "friends' links opened for each share received, half-life 30 days, shrunk to everyone's",
        Kind.FLOAT, lambda people, references: rate("open_rate", people, references),
        RATES["open_rate"][::-1], scope=_SOCIAL, sensitivity=_PERSONAL,
    ),
    Tag(
        "soc.gb_leader", "开团频次", "group buys started a month",
        "group buys started in 30 days at the present rate", Kind.FLOAT, starts,
        ("user.groups_started", "user.groups_started_30"), unit="groups", sensitivity=_PERSONAL,
    ),
    Tag(
        "soc.gb_success", "成团率", "group filling rate",
        "own group buys that filled for each one started, shrunk to everyone's", Kind.FLOAT,
        lambda people, references: rate("gb_success", people, references),
        RATES["gb_success"][::-1], sensitivity=_PERSONAL,
    ),
    Tag(
        "soc.gb_joiner", "参团率", "group joining rate",
        "group buys joined for each one looked at, shrunk to everyone's", Kind.FLOAT,
        lambda people, references: rate("gb_joiner", people, references),
        RATES["gb_joiner"][::-1], sensitivity=_PERSONAL,
    ),
    Tag(
        "soc.role_vec", "社交角色分布", "social roles",
        "decayed acts of each role over everyone's mean, as shares", Kind.VECTOR, role_shares,
        tuple(ROLES.values()), labels=tuple(ROLES), sensitivity=_PERSONAL,
        usable_in=RANK_AND_SEGMENT,
    ),
    Tag(
        "soc.role", "社交角色", "social role",
        "the greatest of the social roles, mixed under 40 %", Kind.ENUM, role,
        tuple(ROLES.values()), words=ROLE_WORDS, sensitivity=_PERSONAL,
    ),
    Tag(
        "soc.strong_ties", "强关系人数", "strong ties",
        "people with whom an opened link or a joined group buy, either way, is likely within a "
        "week by the strength of the tie; the number alone",
        Kind.INT, strong_ties, ("pair.opened_30", "pair.opened_by_30"), unit="people",
        scope=_SOCIAL, sensitivity=_PERSONAL, usable_in=RANK_AND_SEGMENT,
    ),
    Tag(
        "soc.share_prop", "7 天分享概率", "chance to share within a week",
        "chance of a share in 7 days at the present rate, shrunk to everyone's (gamma-Poisson)",
        Kind.FLOAT, share_prop, ("user.shares_30", "user.first_active"), sensitivity=_PERSONAL,
    ),
    Tag(
        "soc.share_cvr", "分享转化率", "share conversion",
        "orders that own links led to for each person who opened one, shrunk to everyone's",
        Kind.FLOAT, lambda people, references: rate("share_cvr", people, references),
        ("pair.sold", OPENERS), scope=_SOCIAL, sensitivity=_PERSONAL,
    ),
    Tag(
        "soc.share_gmv_90", "90 天分享成交额", "sales led to",
        "paid by others through own links in 90 days, net of refunds", Kind.FLOAT, sold,
        ("pair.sold_90", "user.shares"), unit="fen", scope=_SOCIAL, sensitivity=_PERSONAL,
    ),
    Tag(
        "soc.k_factor", "传播系数", "k-factor",
        "openings of own links in 30 days: shares a month at the present rate times the shrunk "
        "openings of each", Kind.FLOAT, k_factor,
        ("user.shares_30", "user.shares", "user.shares_opened"), scope=_SOCIAL,
        sensitivity=_PERSONAL,
    ),
    Tag(
        "soc.suscept", "社交易感度", "follows friends' links",
        "orders led to by others for each friend's link opened, half-life 30 days, shrunk, less "
        "everyone's rate", Kind.FLOAT, suscept, ("pair.led_30", "user.opens_30"), scope=_SOCIAL,
        sensitivity=_PERSONAL,
    ),
    Tag(
        "soc.gb_friends", "好友拼团占比", "group buys on invitation",
        "group buys joined on somebody's invitation for each one joined, shrunk to everyone's",
        Kind.FLOAT, lambda people, references: rate("gb_friends", people, references),
        ("pair.invited", "user.groups_joined"), scope=_SOCIAL, sensitivity=_PERSONAL,
    ),
    Tag(
        "soc.expert_top", "擅长品类", "knows well",
        "categories both bought and reviewed: n / (n + 2) of units bought times reviews written",
        Kind.LIST, expertise, ("category.orders", "category.reviews"),
    ),
    Tag(
        "soc.core", "关系核心度", "core of ties",
        "greatest k such that the person is in a group where everybody has k ties within it",
        Kind.INT, lambda people, references: placed("core", people, references),
        published=(graph.NAME,), unit="ties", scope=_SOCIAL, refresh=Refresh.DAY,
    ),
    Tag(
        "soc.influence", "社交影响力", "influence among friends",
        "PageRank of the graph of ties, where attention flows to those whose calls are answered; "
        "1 is the mean", Kind.FLOAT,
        lambda people, references: placed("influence", people, references),
        published=(graph.NAME,), scope=_SOCIAL, sensitivity=_PERSONAL, refresh=Refresh.DAY,
    ),
    Tag(
        "soc.bridge", "圈层桥接度", "bridge between circles",
        "0 where all ties stay within one community, towards 1 where they are spread over many",
        Kind.FLOAT, lambda people, references: placed("bridge", people, references),
        published=(graph.NAME,), scope=_SOCIAL, refresh=Refresh.DAY,
    ),
)  # fmt: skip
