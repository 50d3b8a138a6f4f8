"""The counters, declared as a table.

To add one: add an entry here and a test in ``tests/features/test_catalogue.py``; both compilers,
the training rows and the online state pick it up.
"""

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from features import columns as c
from features import events as e
from features.clock import Refresh
from features.counters import Counter, Days, Key, Scope, Sensitivity
from features.errors import DeclarationError, UnknownName

INTEREST: Mapping[str, float] = MappingProxyType({
    e.VIEWED: 1.0,
    e.OPENED: 2.0,
    e.WISHED: 3.0,
    e.ADDED: 4.0,
    e.SHARED: 4.0,
    e.GROUP_STARTED: 4.0,
    e.REVIEWED: 5.0,
    e.ORDERED: 8.0,
    e.REFUNDED: -8.0,
})
"""How much an act says about a taste."""

ACTIVE: Mapping[str, float] = MappingProxyType({
    kind.name: 1.0 for kind in e.KINDS.values() if kind.active and kind.family != "privacy"
})
"""Whatever a person does."""

_VIEW = {e.VIEWED: 1.0}
_ORDER = {e.ORDERED: 1.0}
_SHARE = {e.SHARED: 1.0}
_OPEN = {e.OPENED: 1.0}
_TOGETHER = {e.OPENED: 1.0, e.GROUP_JOINED: 2.0}
_SOCIAL = Scope.SOCIAL_GRAPH
_S1 = Sensitivity.PERSONAL

_COUNTERS = (
    # ── a person ────────────────────────────────────────────────────────────────────────────
    Counter("user.views_1", "views, half-life a day", Key.USER, _VIEW, half_life=Days(1)),
    Counter("user.views_7", "views, half-life a week", Key.USER, _VIEW, half_life=Days(7)),
    Counter("user.views_30", "views, half-life 30 days", Key.USER, _VIEW, half_life=Days(30)),
    Counter("user.carts_7", "carts, half-life a week", Key.USER, {e.ADDED: 1.0}, half_life=Days(7)),
    Counter(
        "user.orders_30", "orders, half-life 30 days", Key.USER, _ORDER,
        half_life=Days(30), once=True,
    ),
    Counter("user.orders_365", "orders in 365 days", Key.USER, _ORDER, window=Days(365), once=True),
    Counter("user.orders_180", "orders in 180 days", Key.USER, _ORDER, window=Days(180), once=True),
    Counter(
        "user.spent_180", "paid in 180 days, net of refunds, in fen", Key.USER,
        {e.ORDERED: 1.0, e.REFUNDED: -1.0}, value=c.TOTAL, window=Days(180), once=True,
    ),
    Counter(
        "user.spent_365", "paid in 365 days, net of refunds, in fen", Key.USER,
        {e.ORDERED: 1.0, e.REFUNDED: -1.0}, value=c.TOTAL, window=Days(365), once=True,
    ),
    Counter(
        "user.saved_365", "discounts in 365 days, in fen", Key.USER, _ORDER,
        value=c.DISCOUNT, window=Days(365), once=True,
    ),
    Counter(
        "user.refunds_365", "refunds in 365 days", Key.USER, {e.REFUNDED: 1.0},
        window=Days(365), once=True,
    ),
    Counter(
        "user.dealt_365", "orders in 365 days with a tenth or more taken off", Key.USER, _ORDER,
        value="dealt", window=Days(365), once=True,
    ),
    Counter(
        "user.coupons_365", "coupons used in 365 days", Key.USER, {"Coupon Applied": 1.0},
        window=Days(365), once=True,
    ),
    Counter(
        "user.carts_30", "carts, half-life 30 days", Key.USER, {e.ADDED: 1.0}, half_life=Days(30)
    ),
    Counter(
        "user.fresh_30", "views of items listed less than 30 days before, half-life 30 days",
        Key.USER, _VIEW, value="fresh", half_life=Days(30),
    ),
    Counter(
        "user.workday_orders_90", "orders on workdays in 90 days with a known network", Key.USER,
        _ORDER, value="workday", window=Days(90), once=True, sensitivity=Sensitivity.DELICATE,
    ),
    Counter(
        "user.commute_orders_90", "orders in 90 days at commuting hours on a mobile network",
        Key.USER, _ORDER, value="commute", window=Days(90), once=True,
        sensitivity=Sensitivity.DELICATE,
    ),
    Counter(
        "user.cities_365", "cities ordered from in 365 days", Key.USER, _ORDER,
        distinct="city", window=Days(365), scope=Scope.LOCATION_COARSE, sensitivity=_S1,
    ),
    Counter(
        "user.weekend_30", "acts on weekends, half-life 30 days", Key.USER, ACTIVE,
        value="weekend", half_life=Days(30),
    ),
    Counter(
        "user.hours_30", "business hours with an act in 30 days", Key.USER, ACTIVE,
        distinct="slot", window=Days(30),
    ),
    Counter("user.orders", "orders ever", Key.USER, _ORDER, once=True),
    Counter("user.first_order", "instant of the first order", Key.USER, _ORDER, first=c.AT),
    Counter("user.last_order", "instant of the last order", Key.USER, _ORDER, last=c.AT),
    Counter("user.last_active", "instant of the last act", Key.USER, ACTIVE, last=c.AT),
    Counter("user.first_active", "instant of the first act", Key.USER, ACTIVE, first=c.AT),
    Counter(
        "user.active_days_30", "active days in 30 days", Key.USER, ACTIVE,
        distinct="day", window=Days(30),
    ),
    Counter(
        "user.interest_30", "weight of all acts, half-life 30 days", Key.USER, INTEREST,
        half_life=Days(30),
    ),
    Counter("user.active_30", "acts, half-life 30 days", Key.USER, ACTIVE, half_life=Days(30)),
    Counter(
        "user.price_30", "log prices of what was viewed or bought, half-life 30 days", Key.USER,
        {e.VIEWED: 1.0, e.ADDED: 2.0, e.ORDERED: 4.0}, value="log_price", half_life=Days(30),
    ),
    Counter(
        "user.priced_30", "weight behind user.price_30", Key.USER,
        {e.VIEWED: 1.0, e.ADDED: 2.0, e.ORDERED: 4.0}, value="priced", half_life=Days(30),
    ),
    Counter(
        "user.shares_30", "shares made, half-life 30 days", Key.USER, _SHARE,
        half_life=Days(30), sensitivity=_S1,
    ),
    Counter("user.shares", "shares made ever", Key.USER, _SHARE, sensitivity=_S1),
    Counter(
        "user.shares_opened", "openings of own shares ever", Key.USER, _OPEN,
        mirror=True, scope=_SOCIAL, sensitivity=_S1,
    ),
    Counter(
        "user.opens_7", "friends' links opened, half-life a week", Key.USER, _OPEN,
        half_life=Days(7), scope=_SOCIAL, sensitivity=_S1,
    ),
    Counter(
        "user.opens_30", "friends' links opened, half-life 30 days", Key.USER, _OPEN,
        half_life=Days(30), scope=_SOCIAL, sensitivity=_S1,
    ),
    Counter(
        "user.opens_1", "friends' links opened, half-life a day", Key.USER, _OPEN,
        half_life=Days(1), scope=_SOCIAL, sensitivity=_S1,
    ),
    Counter(
        "user.last_opened", "instant of the last opening of a friend's link", Key.USER, _OPEN,
        last=c.AT, scope=_SOCIAL, sensitivity=_S1,
    ),
    Counter(
        "user.received_30", "shares received, half-life 30 days", Key.USER, _SHARE,
        half_life=Days(30), mirror=True, scope=_SOCIAL, sensitivity=_S1,
    ),
    Counter(
        "user.groups_started", "group buys started ever", Key.USER, {e.GROUP_STARTED: 1.0},
        sensitivity=_S1,
    ),
    Counter(
        "user.groups_filled", "own group buys that filled", Key.USER, {e.GROUP_SUCCEEDED: 1.0},
        sensitivity=_S1,
    ),
    Counter(
        "user.groups_joined", "group buys joined ever", Key.USER, {e.GROUP_JOINED: 1.0},
        sensitivity=_S1,
    ),
    Counter(
        "user.groups_viewed", "group buys looked at ever", Key.USER, {e.GROUP_VIEWED: 1.0},
        sensitivity=_S1,
    ),
    Counter(
        "user.groups_started_30", "group buys started, half-life 30 days", Key.USER,
        {e.GROUP_STARTED: 1.0}, half_life=Days(30), sensitivity=_S1,
    ),
    Counter(
        "user.groups_joined_30", "group buys joined, half-life 30 days", Key.USER,
        {e.GROUP_JOINED: 1.0}, half_life=Days(30), sensitivity=_S1,
    ),
    # ── a person and a category, brand, shop, hour ──────────────────────────────────────────
    Counter(
        "category.interest_30", "weight of acts, half-life 30 days", Key.CATEGORY, INTEREST,
        half_life=Days(30),
    ),
    Counter(
        "category.interest_1", "weight of acts, half-life a day", Key.CATEGORY, INTEREST,
        half_life=Days(1),
    ),
    Counter(
        "category.interest_now", "weight of acts, half-life ten minutes", Key.CATEGORY, INTEREST,
        half_life=Days(10 / 1440),
    ),
    Counter("category.orders", "units bought ever", Key.CATEGORY, _ORDER),
    Counter(
        "category.price_90", "log prices viewed or bought, half-life 90 days", Key.CATEGORY,
        {e.VIEWED: 1.0, e.ADDED: 2.0, e.ORDERED: 4.0}, value="log_price", half_life=Days(90),
    ),
    Counter(
        "category.priced_90", "weight behind category.price_90", Key.CATEGORY,
        {e.VIEWED: 1.0, e.ADDED: 2.0, e.ORDERED: 4.0}, value="priced", half_life=Days(90),
    ),
    Counter("category.last_order", "instant of the last purchase", Key.CATEGORY, _ORDER, last=c.AT),
    Counter("category.reviews", "reviews written ever", Key.CATEGORY, {e.REVIEWED: 1.0}),
    Counter("category.last", "instant of the last act", Key.CATEGORY, INTEREST, last=c.AT),
    Counter(
        "brand.interest_30", "weight of acts, half-life 30 days", Key.BRAND, INTEREST,
        half_life=Days(30),
    ),
    Counter("brand.orders_365", "lines bought in 365 days", Key.BRAND, _ORDER, window=Days(365)),
    Counter(
        "brand.praise_365", "shares and reviews in 365 days", Key.BRAND,
        {e.SHARED: 1.0, e.REVIEWED: 1.0}, window=Days(365),
    ),
    Counter(
        "shop.interest_30", "weight of acts, half-life 30 days", Key.SHOP, INTEREST,
        half_life=Days(30),
    ),
    Counter(
        "hour.active_30", "acts in this business hour, half-life 30 days", Key.HOUR, ACTIVE,
        half_life=Days(30),
    ),
    Counter(
        "entry.active_30", "acts after coming in this way, half-life 30 days", Key.ENTRY, ACTIVE,
        half_life=Days(30),
    ),
    Counter(
        "phase.spent_365", "paid in this phase of festivals in 365 days, net of refunds, in fen",
        Key.PHASE, {e.ORDERED: 1.0, e.REFUNDED: -1.0}, value=c.TOTAL, window=Days(365), once=True,
    ),
    Counter(
        "phase.spent_730", "paid in this phase of festivals in 730 days, net of refunds, in fen",
        Key.PHASE, {e.ORDERED: 1.0, e.REFUNDED: -1.0}, value=c.TOTAL, window=Days(730), once=True,
    ),
    # ── a person and an item ────────────────────────────────────────────────────────────────
    Counter(
        "touch.views_7", "views of this item, half-life a week", Key.TOUCH, _VIEW,
        half_life=Days(7),
    ),
    Counter(
        "touch.interest_30", "weight of acts on this item, half-life 30 days", Key.TOUCH, INTEREST,
        half_life=Days(30),
    ),
    Counter("touch.orders", "times bought", Key.TOUCH, _ORDER),
    Counter("touch.last_order", "instant of the last purchase", Key.TOUCH, _ORDER, last=c.AT),
    # ── a person and another person ─────────────────────────────────────────────────────────
    Counter(
        "pair.opened_30", "links of this peer opened, half-life 30 days", Key.PAIR, _OPEN,
        half_life=Days(30), scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.opened_by_7", "own links this peer opened, half-life a week", Key.PAIR, _OPEN,
        half_life=Days(7), mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.opened_by_30", "own links this peer opened, half-life 30 days", Key.PAIR, _OPEN,
        half_life=Days(30), mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.opened_by", "own links this peer opened ever", Key.PAIR, _OPEN,
        mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.last_opened_by", "instant this peer last opened an own link", Key.PAIR, _OPEN,
        last=c.AT, mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.shared_30", "shares sent to this peer, half-life 30 days", Key.PAIR, _SHARE,
        half_life=Days(30), scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.shared", "shares sent to this peer ever", Key.PAIR, _SHARE, scope=_SOCIAL,
        sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.together_90", "openings and joined group buys, half-life 90 days", Key.PAIR,
        _TOGETHER, half_life=Days(90), scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.together_by_90", "the same from the peer's side", Key.PAIR, _TOGETHER,
        half_life=Days(90), mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.led_30", "orders that this peer led to, half-life 30 days", Key.PAIR, _ORDER,
        half_life=Days(30), once=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.invited", "group buys joined ever on this peer's invitation", Key.PAIR,
        {e.GROUP_JOINED: 1.0}, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.sold", "orders of this peer that own links led to, ever", Key.PAIR, _ORDER,
        once=True, mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.sold_90", "paid by this peer through own links in 90 days, net of refunds, in fen",
        Key.PAIR, {e.ORDERED: 1.0, e.REFUNDED: -1.0}, value=c.TOTAL, window=Days(90), once=True,
        mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.days_90", "days with an opening or a joined group buy in 90 days", Key.PAIR,
        _TOGETHER, distinct="day", window=Days(90), scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.days_by_90", "days with such an act of the peer in 90 days", Key.PAIR, _TOGETHER,
        distinct="day", window=Days(90), mirror=True, scope=_SOCIAL,
        sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.last_together", "instant of the last opening or joined group buy", Key.PAIR,
        _TOGETHER, last=c.AT, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.last_together_by", "instant of the last such act of the peer", Key.PAIR,
        _TOGETHER, last=c.AT, mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.received_30", "shares received from this peer, half-life 30 days", Key.PAIR, _SHARE,
        half_life=Days(30), mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.muted_by", "times this peer muted or reported own shares", Key.PAIR,
        {e.MUTED: 1.0, e.REPORTED: 1.0}, mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    # ── an item; as of the start of the business day ────────────────────────────────────────
    Counter(
        "item.views_7", "views, half-life a week", Key.ITEM, _VIEW,
        half_life=Days(7), refresh=Refresh.DAY,
    ),
    Counter(
        "item.views_30", "views, half-life 30 days", Key.ITEM, _VIEW,
        half_life=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.orders_7", "units, half-life a week", Key.ITEM, _ORDER,
        half_life=Days(7), refresh=Refresh.DAY,
    ),
    Counter(
        "item.orders_30", "units, half-life 30 days", Key.ITEM, _ORDER,
        half_life=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.orders_180", "units, half-life 180 days", Key.ITEM, _ORDER,
        half_life=Days(180), refresh=Refresh.DAY,
    ),
    Counter(
        "item.interest_30", "weight of all acts, half-life 30 days", Key.ITEM, INTEREST,
        half_life=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.shares_30", "shares, half-life 30 days", Key.ITEM, _SHARE,
        half_life=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.opens_30", "shared links opened, half-life 30 days", Key.ITEM, _OPEN,
        half_life=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.buyers_30", "different buyers in 30 days", Key.ITEM, _ORDER,
        distinct=c.USER, window=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.groups_30", "group buys started, half-life 30 days", Key.ITEM,
        {e.GROUP_STARTED: 1.0}, half_life=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "tier.orders_30", "units in this city tier, half-life 30 days", Key.TIER, _ORDER,
        half_life=Days(30), refresh=Refresh.DAY,
    ),
)  # fmt: skip


def _index(counters: Iterable[Counter]) -> Mapping[str, Counter]:
    found: dict[str, Counter] = {}
    for counter in counters:
        if counter.name in found:
            raise DeclarationError(f"{counter.name} is declared twice", next_step="rename one")
        found[counter.name] = counter
    return MappingProxyType(found)


CATALOGUE = _index(_COUNTERS)
"""Every counter by name, in the order of declaration."""


def counter(name: str) -> Counter:
    """Look a counter up.

    Raises
    ------
    UnknownName
        When there is none of that name.

    Examples
    --------
    >>> counter("user.orders").sentence
    'orders ever'
    """
    if name not in CATALOGUE:
        raise UnknownName.among("counter", name, CATALOGUE)
    return CATALOGUE[name]


def of_key(key: Key) -> tuple[Counter, ...]:
    """Counters kept for one kind of key, in the order of declaration."""
    return tuple(counter for counter in CATALOGUE.values() if counter.key is key)


def declaration_hash() -> str:
    """Fingerprint of all declarations: snapshots, states and bundles of another one are refused."""
    text = "\n".join(repr(counter) for counter in CATALOGUE.values())
    return hashlib.sha256(text.encode()).hexdigest()[:16]
