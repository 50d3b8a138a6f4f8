"""Life cycle, recency, frequency and value."""

import math

import numpy as np

from features import lifetimes, population
from features.counters import Key
from features.portraits.tag import Kind, Tag
from features.portraits.values import Numbers, Words, ratio, settled
from features.references import References
from features.subjects import Floats, Subjects, sums

NEW_DAYS = 14
"""A person who has not ordered is new for this long."""

SILENT_DAYS = 30
"""Whoever did nothing for this long is silent."""

RETURNED_DAYS = 30
"""An order after half a year without one makes a person returned for this long."""

LATE = math.log(5)
"""Mean gaps after which four out of five next orders would have come (exponential gaps)."""

GONE = 3.0
"""A silent person this many times later than late has churned."""

YEAR_DAYS = 365

DISCOUNT = 0.1
"""What a yuan loses in a year; money of the year comes in the middle of it on average."""

STAGES = {
    "new": ("新客", "new"),
    "visitor": ("只逛未买", "has not bought"),
    "churned": ("已流失", "churned"),
    "silent": ("沉默", "silent"),
    "returned": ("回流", "returned"),
    "declining": ("衰退", "declining"),
    "activated": ("首购", "bought once"),
    "growing": ("成长", "growing"),
    "mature": ("成熟", "mature"),
}

RFM_CELLS = {
    "111": ("重要价值", "valuable"),
    "101": ("重要发展", "valuable, to develop"),
    "011": ("重要保持", "valuable, to keep"),
    "001": ("重要挽留", "valuable, to win back"),
    "110": ("一般价值", "ordinary"),
    "100": ("一般发展", "ordinary, to develop"),
    "010": ("一般保持", "ordinary, to keep"),
    "000": ("一般挽留", "ordinary, to win back"),
}
"""Recent, frequent, much paid: 1 is the better side of the buyers' median."""


def expected_gap(people: Subjects, references: References) -> Floats:
    """Days between two orders: the person's own mean, one more gap being the population's."""
    gaps = np.maximum(people.number("user.orders") - 1.0, 0.0)
    span = people.age_days("user.first_order") - people.age_days("user.last_order")
    return (np.nan_to_num(span) + references.number("gap_days")) / (gaps + 1.0)


def stage(people: Subjects, references: References) -> Words:
    """Where a person stands between the first visit and the last."""
    orders, half_year = people.number("user.orders"), people.number("user.orders_180")
    quiet = people.days_since("user.last_active")
    since = people.age_days("user.last_order")
    lateness = since / (LATE * expected_gap(people, references))
    fresh = people.days_since("user.first_active") < NEW_DAYS
    silent = quiet >= SILENT_DAYS
    earlier_half = people.number("user.orders_365") - half_year
    return Words.first({
        "new": (orders < 1) & fresh,
        "churned": (orders >= 1) & silent & (lateness > GONE),
        "silent": silent,
        "visitor": (orders < 1) & (quiet >= 0),
        "returned": (half_year == 1) & (orders > 1) & (since <= RETURNED_DAYS),
        "declining": lateness > 1.0,
        "activated": orders == 1,
        "growing": (orders > 1) & (half_year > earlier_half),
        "mature": orders > 1,
    })


def rfm_cell(people: Subjects, references: References) -> Words:
    """Which side of the buyers' medians a buyer of the last 365 days is on."""
    orders = people.number("user.orders_365")
    sides = (
        people.days_since("user.last_order") <= references.number("median.r_days"),
        orders > references.number("median.f_365"),
        people.number("user.spent_365") > references.number("median.m_365"),
    )
    known = (orders > 0) & math.isfinite(references.number("median.r_days"))
    return Words.first({
        cell: known
        & np.logical_and.reduce([
            side == (one == "1") for side, one in zip(sides, cell, strict=True)
        ])
        for cell in RFM_CELLS
    })


def gap_days(people: Subjects, _: References) -> Numbers:
    """Mean days between two orders; absent with fewer than three."""
    repeats, last, _seen = population.orders(people)
    return Numbers(np.where(repeats >= 2, last / np.maximum(repeats, 1.0), np.nan))


def next_order(people: Subjects, references: References) -> Numbers:
    """Days until the next order is expected; less than 0 when it is overdue."""
    since = people.age_days("user.last_order")
    return Numbers(np.round(settled(expected_gap(people, references) - since)))


def p_alive(people: Subjects, references: References) -> Numbers:
    """Chance that a buyer has not left for good."""
    chance = lifetimes.alive(references.vector("lifetime.orders"), *_orders(people))
    return _of_buyers(people, chance)


def repurchase(people: Subjects, references: References) -> Numbers:
    """Chance of another order within 30 days."""
    parameters = references.vector("lifetime.orders")
    return _of_buyers(people, lifetimes.order_chance(parameters, *_orders(people), 30.0))


def clv(people: Subjects, references: References) -> Numbers:
    """Money expected in the next 365 days, worth today."""
    count = np.maximum(people.number("user.orders_365"), 0.0)
    mean = np.maximum(ratio(people.number("user.spent_365"), count), 0.0)
    money = lifetimes.spend(references.vector("lifetime.spend"), count, np.nan_to_num(mean))
    orders = lifetimes.orders_within(
        references.vector("lifetime.orders"), *_orders(people), float(YEAR_DAYS)
    )
    return _of_buyers(people, orders * money / (1.0 + DISCOUNT) ** 0.5)


def churn(people: Subjects, references: References) -> Numbers:
    """Chance of no act in the next 30 days, of who was there in the last 30."""
    active, last, days = population.active_days(people)
    there = np.flatnonzero(active > 0)
    chance = np.full(len(people), np.nan)
    chance[there] = lifetimes.quiet_chance(
        references.vector("lifetime.days"), active[there], last[there], days[there], SILENT_DAYS
    )
    return Numbers(chance)


def silent(people: Subjects, _: References) -> Numbers:
    """Whether a person who could be reached did nothing for 30 days."""
    quiet = people.days_since("user.last_active")
    asleep = (quiet >= SILENT_DAYS) & people.reachable
    return Numbers(np.where(quiet >= 0, asleep.astype(np.float64), np.nan))


def festival_share(people: Subjects, _: References) -> Numbers:
    """Share of a year's net spending on festival days; absent where it is not above 0."""
    table = people.keyed[Key.PHASE]
    within = sums(table.owners, table.values["phase.spent_365"], len(people))
    return Numbers(np.clip(ratio(within, people.number("user.spent_365")), 0.0, 1.0))


def _orders(people: Subjects) -> tuple[Floats, Floats, Floats]:
    repeats, last, seen = population.orders(people)
    return repeats, np.nan_to_num(last), np.nan_to_num(seen)


def _of_buyers(people: Subjects, values: Floats) -> Numbers:
    return Numbers(np.where(people.number("user.orders") > 0, values, np.nan))


_LIFETIME = ("user.orders", "user.first_order", "user.last_order")

TAGS = (
    Tag(
        "life.stage", "生命周期阶段", "life stage",
        "new for 14 days without an order; silent after 30 days without an act, churned when far "
        "too late for the next order; declining when later than four of five gaps; growing with "
        "more orders in the last 180 days than in the 185 before",
        Kind.ENUM, stage,
        ("user.orders", "user.orders_180", "user.orders_365", "user.first_order",
         "user.last_order", "user.first_active", "user.last_active"),
        words=STAGES,
    ),
    Tag(
        "life.r_days", "距上次购买天数", "days since the last order",
        "business days since the last order", Kind.INT,
        lambda people, _: Numbers(people.days_since("user.last_order")),
        ("user.last_order",), unit="days",
    ),
    Tag(
        "life.f_365", "年购买次数", "orders in a year", "orders in 365 days", Kind.INT,
        lambda people, _: Numbers(people.number("user.orders_365")),
        ("user.orders_365",), unit="orders",
    ),
    Tag(
        "life.m_365", "年实付金额", "paid in a year",
        "paid in 365 days, net of refunds", Kind.FLOAT,
        lambda people, _: Numbers(people.number("user.spent_365")),
        ("user.spent_365",), unit="fen",
    ),
    Tag(
        "life.rfm_cell", "RFM 分层", "RFM cell",
        "recency, frequency and money of a buyer of the last 365 days, each against the buyers' "
        "median", Kind.ENUM, rfm_cell,
        ("user.orders_365", "user.spent_365", "user.last_order"), words=RFM_CELLS,
    ),
    Tag(
        "life.aov_180", "半年客单价", "mean order value in 180 days",
        "paid in 180 days, net of refunds, for each order", Kind.FLOAT,
        lambda people, _: Numbers(
            ratio(people.number("user.spent_180"), people.number("user.orders_180"))
        ),
        ("user.orders_180", "user.spent_180"), unit="fen",
    ),
    Tag(
        "life.active_days_30", "月活跃天数", "active days in 30 days",
        "business days with an act in 30 days", Kind.INT,
        lambda people, _: Numbers(people.number("user.active_days_30")),
        ("user.active_days_30",), unit="days",
    ),
    Tag(
        "life.gap_days", "平均购买间隔", "days between orders",
        "mean days between two orders, from three orders on", Kind.FLOAT, gap_days, _LIFETIME,
        unit="days",
    ),
    Tag(
        "life.next_order_eta", "预计下次购买", "days to the next order",
        "days until the last order and the mean gap, one more gap being everyone's, are past; "
        "below 0 it is overdue", Kind.INT, next_order, _LIFETIME, unit="days",
    ),
    Tag(
        "life.p_alive", "活跃概率", "chance to be still a customer",
        "chance that a buyer has not left for good, by BG/NBD from number of orders, first and "
        "last", Kind.FLOAT, p_alive, _LIFETIME,
    ),
    Tag(
        "life.repurchase_30", "30 天复购概率", "chance of an order in 30 days",
        "chance of another order in the next 30 days, by BG/NBD", Kind.FLOAT, repurchase, _LIFETIME,
    ),
    Tag(
        "life.clv_365", "年客户价值", "customer value of a year",
        "orders expected in 365 days by BG/NBD times money of an order by gamma-gamma, discounted "
        "by 10 % a year", Kind.FLOAT, clv, (*_LIFETIME, "user.orders_365", "user.spent_365"),
        unit="fen",
    ),
    Tag(
        "life.churn_30", "30 天流失概率", "chance to stay away 30 days",
        "chance of no act in the next 30 days of who was active in the last 30, by BG/BB from "
        "active days and the last of them", Kind.FLOAT, churn,
        ("user.active_days_30", "user.first_active", "user.last_active"),
    ),
    Tag(
        "life.silent", "沉默可触达", "silent but reachable",
        "no act for 30 days and at least one marketing channel agreed to, or never asked",
        Kind.BOOL, silent, ("user.last_active",),
    ),
    Tag(
        "life.festival_share", "大促消费占比", "share of spending in festivals",
        "share of the money of 365 days, net of refunds, paid around 618, 11-11, 12-12 and before "
        "the lunar New Year", Kind.FLOAT, festival_share, ("phase.spent_365", "user.spent_365"),
    ),
)  # fmt: skip
