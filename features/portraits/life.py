"""Life cycle, recency, frequency and value."""

import math

import numpy as np

from features.portraits.tag import Kind, Tag
from features.portraits.values import Numbers, Words, ratio
from features.references import References
from features.subjects import Floats, Subjects

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
)  # fmt: skip
