"""The counters, declared as a table.

To add one: add an entry here, or in ``features.peers`` if it is about a peer, and a test in
``tests/features/test_catalogue.py``; both compilers, the training rows and the online state pick it
up.
"""

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from features import columns as c
from features import events as e
from features.clock import Refresh
from features.counters import Counter, Days, Key, Scope, Sensitivity
from features.errors import DeclarationError, UnknownName
from features.peers import PEERS
from features.weights import ACTIVE, INTEREST, OPEN, ORDER, SHARE, VIEW

_REFUSAL = {e.DISMISSED: 1.0}
_SOCIAL = Scope.SOCIAL_GRAPH
_S1 = Sensitivity.PERSONAL

_COUNTERS = (
    # ── a person ────────────────────────────────────────────────────────────────────────────
    Counter("user.views_1", "views, half-life a day", Key.USER, VIEW, half_life=Days(1)),
    Counter("user.views_7", "views, half-life a week", Key.USER, VIEW, half_life=Days(7)),
    Counter("user.views_30", "views, half-life 30 days", Key.USER, VIEW, half_life=Days(30)),
    Counter("user.carts_7", "carts, half-life a week", Key.USER, {e.ADDED: 1.0}, half_life=Days(7)),
    Counter(
        "user.orders_30", "orders, half-life 30 days", Key.USER, ORDER,
        half_life=Days(30), once=True,
    ),
    Counter("user.orders_365", "orders in 365 days", Key.USER, ORDER, window=Days(365), once=True),
    Counter("user.orders_180", "orders in 180 days", Key.USER, ORDER, window=Days(180), once=True),
    Counter(
        "user.spent_180", "paid in 180 days, net of refunds, in fen", Key.USER,
        {e.ORDERED: 1.0, e.REFUNDED: -1.0}, value=c.TOTAL, window=Days(180), once=True,
    ),
    Counter(
        "user.spent_365", "paid in 365 days, net of refunds, in fen", Key.USER,
        {e.ORDERED: 1.0, e.REFUNDED: -1.0}, value=c.TOTAL, window=Days(365), once=True,
    ),
    Counter(
        "user.saved_365", "discounts in 365 days, in fen", Key.USER, ORDER,
        value=c.DISCOUNT, window=Days(365), once=True,
    ),
    Counter(
        "user.refunds_365", "refunds in 365 days", Key.USER, {e.REFUNDED: 1.0},
        window=Days(365), once=True,
    ),
    Counter(
        "user.dealt_365", "orders in 365 days with a tenth or more taken off", Key.USER, ORDER,
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
        Key.USER, VIEW, value="fresh", half_life=Days(30),
    ),
    Counter(
        "user.workday_orders_90", "orders on workdays in 90 days with a known network", Key.USER,
        ORDER, value="workday", window=Days(90), once=True, sensitivity=Sensitivity.DELICATE,
    ),
    Counter(
        "user.commute_orders_90", "orders in 90 days at commuting hours on a mobile network",
        Key.USER, ORDER, value="commute", window=Days(90), once=True,
        sensitivity=Sensitivity.DELICATE,
    ),
    Counter(
        "user.cities_365", "cities ordered from in 365 days", Key.USER, ORDER,
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
    Counter("user.orders", "orders ever", Key.USER, ORDER, once=True),
    Counter("user.first_order", "instant of the first order", Key.USER, ORDER, first=c.AT),
    Counter("user.last_order", "instant of the last order", Key.USER, ORDER, last=c.AT),
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
        "user.shares_30", "shares made, half-life 30 days", Key.USER, SHARE,
        half_life=Days(30), sensitivity=_S1,
    ),
    Counter("user.shares", "shares made ever", Key.USER, SHARE, sensitivity=_S1),
    Counter(
        "user.shares_opened", "openings of own shares ever", Key.USER, OPEN,
        mirror=True, scope=_SOCIAL, sensitivity=_S1,
    ),
    Counter(
        "user.opens_7", "friends' links opened, half-life a week", Key.USER, OPEN,
        half_life=Days(7), scope=_SOCIAL, sensitivity=_S1,
    ),
    Counter(
        "user.opens_30", "friends' links opened, half-life 30 days", Key.USER, OPEN,
        half_life=Days(30), scope=_SOCIAL, sensitivity=_S1,
    ),
    Counter(
        "user.opens_1", "friends' links opened, half-life a day", Key.USER, OPEN,
        half_life=Days(1), scope=_SOCIAL, sensitivity=_S1,
    ),
    Counter(
        "user.last_opened", "instant of the last opening of a friend's link", Key.USER, OPEN,
        last=c.AT, scope=_SOCIAL, sensitivity=_S1,
    ),
    Counter(
        "user.received_30", "shares received, half-life 30 days", Key.USER, SHARE,
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
    Counter("category.orders", "units bought ever", Key.CATEGORY, ORDER),
    Counter(
        "category.price_90", "log prices viewed or bought, half-life 90 days", Key.CATEGORY,
        {e.VIEWED: 1.0, e.ADDED: 2.0, e.ORDERED: 4.0}, value="log_price", half_life=Days(90),
    ),
    Counter(
        "category.priced_90", "weight behind category.price_90", Key.CATEGORY,
        {e.VIEWED: 1.0, e.ADDED: 2.0, e.ORDERED: 4.0}, value="priced", half_life=Days(90),
    ),
    Counter("category.last_order", "instant of the last purchase", Key.CATEGORY, ORDER, last=c.AT),
    Counter("category.reviews", "reviews written ever", Key.CATEGORY, {e.REVIEWED: 1.0}),
    Counter("category.last", "instant of the last act", Key.CATEGORY, INTEREST, last=c.AT),
    Counter(
        "brand.interest_30", "weight of acts, half-life 30 days", Key.BRAND, INTEREST,
        half_life=Days(30),
    ),
    Counter("brand.orders_365", "lines bought in 365 days", Key.BRAND, ORDER, window=Days(365)),
    Counter(
        "brand.praise_365", "shares and reviews in 365 days", Key.BRAND,
        {e.SHARED: 1.0, e.REVIEWED: 1.0}, window=Days(365),
    ),
    Counter(
        "shop.interest_30", "weight of acts, half-life 30 days", Key.SHOP, INTEREST,
        half_life=Days(30),
    ),
    Counter(
        "category.dismissed_30", "items of it refused, half-life 30 days", Key.CATEGORY, _REFUSAL,
        half_life=Days(30),
    ),
    Counter(
        "shop.dismissed_30", "items of it refused, half-life 30 days", Key.SHOP, _REFUSAL,
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
    Counter(
        "community.active_30", "acts in a community, half-life 30 days", Key.COMMUNITY, ACTIVE,
        half_life=Days(30), scope=Scope.SOCIAL_GRAPH, sensitivity=Sensitivity.PERSONAL,
    ),
    Counter(
        "community.shared_30", "shares into a community, half-life 30 days", Key.COMMUNITY, SHARE,
        half_life=Days(30), scope=Scope.SOCIAL_GRAPH, sensitivity=Sensitivity.PERSONAL,
    ),
    # ── a person and an item ────────────────────────────────────────────────────────────────
    Counter(
        "touch.views_7", "views of this item, half-life a week", Key.TOUCH, VIEW,
        half_life=Days(7),
    ),
    Counter(
        "touch.interest_30", "weight of acts on this item, half-life 30 days", Key.TOUCH, INTEREST,
        half_life=Days(30),
    ),
    Counter("touch.orders", "times bought", Key.TOUCH, ORDER),
    Counter("touch.last_order", "instant of the last purchase", Key.TOUCH, ORDER, last=c.AT),
    Counter(
        "touch.dismissed_30", "times this item was refused, half-life 30 days", Key.TOUCH, _REFUSAL,
        half_life=Days(30),
    ),
    *PEERS,
    # ── an item; as of the start of the business day ────────────────────────────────────────
    Counter(
        "item.views_7", "views, half-life a week", Key.ITEM, VIEW,
        half_life=Days(7), refresh=Refresh.DAY,
    ),
    Counter(
        "item.views_30", "views, half-life 30 days", Key.ITEM, VIEW,
        half_life=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.orders_7", "units, half-life a week", Key.ITEM, ORDER,
        half_life=Days(7), refresh=Refresh.DAY,
    ),
    Counter(
        "item.orders_30", "units, half-life 30 days", Key.ITEM, ORDER,
        half_life=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.orders_180", "units, half-life 180 days", Key.ITEM, ORDER,
        half_life=Days(180), refresh=Refresh.DAY,
    ),
    Counter(
        "item.interest_30", "weight of all acts, half-life 30 days", Key.ITEM, INTEREST,
        half_life=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.shares_30", "shares, half-life 30 days", Key.ITEM, SHARE,
        half_life=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.opens_30", "shared links opened, half-life 30 days", Key.ITEM, OPEN,
        half_life=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.buyers_30", "different buyers in 30 days", Key.ITEM, ORDER,
        distinct=c.USER, window=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.groups_30", "group buys started, half-life 30 days", Key.ITEM,
        {e.GROUP_STARTED: 1.0}, half_life=Days(30), refresh=Refresh.DAY,
    ),
    Counter(
        "item.groups_filled_90", "group buys that filled, half-life 90 days", Key.ITEM,
        {e.GROUP_SUCCEEDED: 1.0}, half_life=Days(90), refresh=Refresh.DAY,
    ),
    Counter(
        "item.groups_failed_90", "group buys that expired, half-life 90 days", Key.ITEM,
        {e.GROUP_FAILED: 1.0}, half_life=Days(90), refresh=Refresh.DAY,
    ),
    Counter(
        "tier.orders_30", "units in this city tier, half-life 30 days", Key.TIER, ORDER,
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
