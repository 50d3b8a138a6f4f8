"""The social side: shares and who opens them, group buys, roles, ties."""

import math

import numpy as np

from features.counters import Key, Scope, Sensitivity
from features.population import RATES, ROLES
from features.portraits.tag import RANK_AND_SEGMENT, Kind, Tag
from features.portraits.values import FAINT, Numbers, Vectors, Words, settled, shrunk
from features.references import References
from features.subjects import Floats, Subjects, sums

CLEAR = 0.4
"""Share above which one role is the person's role."""

STRONG = 0.3
"""Chance of an opening between two people within a week that makes their tie strong."""

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
    k, n = RATES[name]
    return Numbers(shrunk(people.number(k), people.number(n), references.prior(name)))


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


def strong_ties(people: Subjects, _: References) -> Numbers:
    """People with whom an opening, either way, is likely within a week.

    A decayed count x at a half-life of 30 days estimates x ln 2 / 30 openings a day; of a Poisson
    stream, the chance of one in 7 days is 1 - 2 ** (-7 x / 30).
    """
    table = people.keyed[Key.PAIR]
    openings = table.values["pair.opened_30"] + table.values["pair.opened_by_30"]
    strong = settled(1.0 - 2.0 ** (-7.0 * openings / 30.0)) >= STRONG
    return Numbers(sums(table.owners, strong.astype(np.float64), len(people)))


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
        "people with whom an opened link, either way, is likely within a week; the number alone",
        Kind.INT, strong_ties, ("pair.opened_30", "pair.opened_by_30"), unit="people",
        scope=_SOCIAL, sensitivity=_PERSONAL, usable_in=RANK_AND_SEGMENT,
    ),
)  # fmt: skip
