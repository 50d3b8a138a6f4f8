"""The same counters as SQL that somebody careful would write by hand for DuckDB.

One narrow table of the events that matter, with the item's version of the time; each decay once for
a row; one statement for each kind of key; nobody's city is looked up but a buyer's.
"""

from collections.abc import Mapping
from pathlib import Path

from features.clock import BusinessZone, Refresh
from features.events import GROUP_FAILED, GROUP_SUCCEEDED, REFUNDED
from features.festivals import spans
from features.history import History
from features.home import Home
from features.weights import ACTIVE

_BEIJING = "(at_us + 28800000000)"

_EVENTS = ", ".join(
    f"'{name}'" for name in sorted({*ACTIVE, REFUNDED, GROUP_SUCCEEDED, GROUP_FAILED})
)

FACTS = f"""
CREATE OR REPLACE TEMP TABLE facts AS
WITH versions AS (
    SELECT item_id, category, brand, shop, listed_us, price_fen AS asked_fen,
        CASE WHEN row_number() OVER turns = 1 THEN 0 ELSE valid_from_us END AS from_us,
        coalesce(lead(valid_from_us) OVER turns, 1::BIGINT << 62) AS to_us
    FROM items WINDOW turns AS (PARTITION BY item_id ORDER BY valid_from_us)
), acts AS (
    SELECT user_id, item_id, peer_id, event, at_us, line, total_fen, discount_fen, price_fen,
        entry, city, network, community_id
    FROM events WHERE event IN ({_EVENTS})
)
SELECT acts.* EXCLUDE (price_fen), category, brand, shop, listed_us,
    {_BEIJING} // 86400000000 AS day,
    ({_BEIJING} % 86400000000 // 3600000000)::VARCHAR AS hour,
    CASE WHEN coalesce(price_fen, asked_fen) > 0 THEN ln(coalesce(price_fen, asked_fen)) END
        AS log_price
FROM acts LEFT JOIN versions v
ON acts.item_id = v.item_id AND at_us >= from_us AND at_us < to_us
"""

_INTEREST = """CASE event
    WHEN 'Product Viewed' THEN 1.0 WHEN 'Product Added' THEN 4.0 WHEN 'Order Completed' THEN 8.0
    WHEN 'Product Shared' THEN 4.0 WHEN 'Product Added to Wishlist' THEN 3.0
    WHEN 'Share Link Opened' THEN 2.0 WHEN 'Group Buy Started' THEN 4.0
    WHEN 'Product Reviewed' THEN 5.0 WHEN 'Order Refunded' THEN -8.0 END"""

_LOOKED = """CASE event
    WHEN 'Product Viewed' THEN 1.0 WHEN 'Product Added' THEN 2.0 WHEN 'Order Completed' THEN 4.0
    END"""


def _decay(days: float, now: str = "$now") -> str:
    return f"exp((at_us - {now}) * {0.6931471805599453 / (days * 86_400e6)!r})"


def _taste(column: str, more: str = "", also: str = "") -> str:
    return f"""
        SELECT user_id, {column},
            coalesce(sum({_INTEREST} * {_decay(30)}), 0.0) AS {column}__interest_30{more}
        FROM facts WHERE {column} IS NOT NULL AND ({_INTEREST} IS NOT NULL {also})
        GROUP BY user_id, {column}"""


def _when(event: str, value: str) -> str:
    return f"coalesce(sum(CASE WHEN event = '{event}' THEN {value} END), 0.0)"


def _first_lines(amount: str, days: int) -> str:
    return (
        f"coalesce(sum(CASE WHEN line = 0 AND day >= $today - {days} THEN {amount} END), 0.0)"
        "::DOUBLE"
    )


_REFUSED = "event = 'Recommendation Dismissed'"
_REFUSED_SHOP = f""",
            {_when("Recommendation Dismissed", _decay(30))} AS shop__dismissed_30"""
_BOUGHT_BRAND = """,
            count(*) FILTER (event = 'Order Completed' AND day >= $today - 365)::DOUBLE
                AS brand__orders_365,
            count(*) FILTER (event IN ('Product Shared', 'Product Reviewed')
                AND day >= $today - 365)::DOUBLE AS brand__praise_365"""
_FEW_DAYS = "CASE WHEN (day + 3) % 7 < 5 AND network IS NOT NULL"
_COMMUTING = (
    f"{_FEW_DAYS} AND hour IN ('7', '8', '17', '18', '19') AND lower(network) IN "
    "('2g', '3g', '4g', '5g', 'cell', 'cellular', 'mobile')"
)
_DEALT = "discount_fen > 0 AND discount_fen >= 0.1 * (total_fen + discount_fen)"
_ORDERED = "CASE event WHEN 'Order Completed' THEN 1.0 END"
_SPENT = (
    "CASE event WHEN 'Order Completed' THEN total_fen WHEN 'Order Refunded' THEN -total_fen END"
)
_SAVED = "CASE event WHEN 'Order Completed' THEN discount_fen END"
_ACTED = "event NOT IN ('Order Refunded', 'Group Buy Succeeded')"
_ORDER = "event = 'Order Completed'"
_TOGETHER = "event IN ('Share Link Opened', 'Group Buy Joined')"

_USER = f"""
WITH own AS (
    SELECT user_id,
        {_when("Product Viewed", "d1")} AS user__views_1,
        {_when("Product Viewed", "d7")} AS user__views_7,
        {_when("Product Viewed", "d30")} AS user__views_30,
        {_when("Product Added", "d7")} AS user__carts_7,
        coalesce(sum(CASE WHEN {_ORDER} AND line = 0 THEN d30 END), 0.0) AS user__orders_30,
        {_first_lines(_ORDERED, 365)} AS user__orders_365,
        {_first_lines(_ORDERED, 180)} AS user__orders_180,
        {_first_lines(_SPENT, 180)} AS user__spent_180,
        {_first_lines(_SPENT, 365)} AS user__spent_365,
        {_first_lines(_SAVED, 365)} AS user__saved_365,
        {_first_lines("CASE event WHEN 'Order Refunded' THEN 1.0 END", 365)}
            AS user__refunds_365,
        {_first_lines(f"CASE WHEN {_ORDER} AND {_DEALT} THEN 1.0 END", 365)} AS user__dealt_365,
        {_first_lines("CASE event WHEN 'Coupon Applied' THEN 1.0 END", 365)}
            AS user__coupons_365,
        {_when("Product Added", "d30")} AS user__carts_30,
        coalesce(sum(CASE WHEN event = 'Product Viewed' AND at_us >= listed_us
            AND at_us < listed_us + 30 * 86400000000 THEN d30 END), 0.0) AS user__fresh_30,
        {_first_lines(f"{_FEW_DAYS} AND {_ORDER} THEN 1.0 END", 90)} AS user__workday_orders_90,
        {_first_lines(f"{_COMMUTING} AND {_ORDER} THEN 1.0 END", 90)}
            AS user__commute_orders_90,
        count(DISTINCT CASE WHEN {_ORDER} AND day >= $today - 365 THEN city END)::DOUBLE
            AS user__cities_365,
        coalesce(sum(CASE WHEN acted AND (day + 3) % 7 >= 5 THEN d30 END), 0.0)
            AS user__weekend_30,
        count(DISTINCT CASE WHEN acted AND day >= $today - 30 THEN day * 24 + hour::INT END)
            ::DOUBLE AS user__hours_30,
        count(*) FILTER ({_ORDER} AND line = 0)::DOUBLE AS user__orders,
        min(CASE WHEN {_ORDER} THEN at_us END)::DOUBLE AS user__first_order,
        max(CASE WHEN {_ORDER} THEN at_us END)::DOUBLE AS user__last_order,
        max(CASE WHEN acted THEN at_us END)::DOUBLE AS user__last_active,
        min(CASE WHEN acted THEN at_us END)::DOUBLE AS user__first_active,
        count(DISTINCT CASE WHEN acted AND day >= $today - 30 THEN day END)::DOUBLE
            AS user__active_days_30,
        coalesce(sum(CASE WHEN acted THEN d30 END), 0.0) AS user__active_30,
        max(CASE WHEN event = 'Share Link Opened' THEN at_us END)::DOUBLE AS user__last_opened,
        coalesce(sum(interest * d30), 0.0) AS user__interest_30,
        coalesce(sum(looked * log_price * d30), 0.0) AS user__price_30,
        coalesce(sum(CASE WHEN log_price IS NOT NULL THEN looked * d30 END), 0.0)
            AS user__priced_30,
        {_when("Product Shared", "d30")} AS user__shares_30,
        count(*) FILTER (event = 'Product Shared')::DOUBLE AS user__shares,
        {_when("Share Link Opened", "d1")} AS user__opens_1,
        {_when("Share Link Opened", "d7")} AS user__opens_7,
        {_when("Share Link Opened", "d30")} AS user__opens_30,
        count(*) FILTER (event = 'Group Buy Started')::DOUBLE AS user__groups_started,
        count(*) FILTER (event = 'Group Buy Succeeded')::DOUBLE AS user__groups_filled,
        count(*) FILTER (event = 'Group Buy Joined')::DOUBLE AS user__groups_joined,
        count(*) FILTER (event = 'Group Buy Viewed')::DOUBLE AS user__groups_viewed,
        {_when("Group Buy Started", "d30")} AS user__groups_started_30,
        {_when("Group Buy Joined", "d30")} AS user__groups_joined_30
    FROM (
        SELECT *, {_ACTED} AS acted, {_INTEREST} AS interest, {_LOOKED} AS looked,
            {_decay(1)} AS d1, {_decay(7)} AS d7, {_decay(30)} AS d30
        FROM facts
    ) GROUP BY user_id
), of_others AS (
    SELECT peer_id AS user_id,
        count(*) FILTER (event = 'Share Link Opened')::DOUBLE AS user__shares_opened,
        {_when("Product Shared", _decay(30))} AS user__received_30
    FROM facts
    WHERE event IN ('Share Link Opened', 'Product Shared') AND peer_id <> user_id
    GROUP BY peer_id
)
SELECT user_id, coalesce(COLUMNS(* EXCLUDE (
        user_id, user__first_order, user__last_order, user__first_active, user__last_active,
        user__last_opened
    )), 0.0),
    user__first_order, user__last_order, user__first_active, user__last_active, user__last_opened
FROM own FULL JOIN of_others USING (user_id)
"""

_CATEGORY = f"""
SELECT user_id, category,
    coalesce(sum(interest * {_decay(30)}), 0.0) AS category__interest_30,
    coalesce(sum(interest * {_decay(1)}), 0.0) AS category__interest_1,
    coalesce(sum(interest * {_decay(10 / 1440)}), 0.0) AS category__interest_now,
    count(*) FILTER ({_ORDER})::DOUBLE AS category__orders,
    coalesce(sum(looked * log_price * d90), 0.0) AS category__price_90,
    coalesce(sum(CASE WHEN log_price IS NOT NULL THEN looked * d90 END), 0.0)
        AS category__priced_90,
    max(CASE WHEN {_ORDER} THEN at_us END)::DOUBLE AS category__last_order,
    count(*) FILTER (event = 'Product Reviewed')::DOUBLE AS category__reviews,
    {_when("Recommendation Dismissed", _decay(30))} AS category__dismissed_30,
    max(CASE WHEN interest IS NOT NULL THEN at_us END)::DOUBLE AS category__last
FROM (
    SELECT *, {_INTEREST} AS interest, {_LOOKED} AS looked, {_decay(90)} AS d90 FROM facts
    WHERE category IS NOT NULL
) WHERE interest IS NOT NULL OR {_REFUSED} GROUP BY user_id, category
"""

_HOUR = f"""
SELECT user_id, hour, sum({_decay(30)}) AS hour__active_30
FROM facts WHERE {_ACTED} GROUP BY user_id, hour
"""

_ENTRY = f"""
SELECT user_id, entry, sum({_decay(30)}) AS entry__active_30
FROM facts WHERE {_ACTED} AND entry IS NOT NULL GROUP BY user_id, entry
"""

_TOUCH = f"""
SELECT user_id, item_id,
    {_when("Product Viewed", _decay(7))} AS touch__views_7,
    coalesce(sum(interest * {_decay(30)}), 0.0) AS touch__interest_30,
    {_when("Recommendation Dismissed", _decay(30))} AS touch__dismissed_30,
    count(*) FILTER ({_ORDER})::DOUBLE AS touch__orders,
    max(CASE WHEN {_ORDER} THEN at_us END)::DOUBLE AS touch__last_order
FROM (SELECT *, {_INTEREST} AS interest FROM facts WHERE item_id IS NOT NULL)
WHERE interest IS NOT NULL OR {_REFUSED} GROUP BY user_id, item_id
"""

_COMMUNITY = f"""
SELECT user_id, community_id, sum({_decay(30)}) AS community__active_30,
    {_when("Product Shared", _decay(30))} AS community__shared_30
FROM facts WHERE {_ACTED} AND community_id IS NOT NULL GROUP BY user_id, community_id
"""

_PAIR = f"""
WITH own AS (
    SELECT user_id, peer_id,
        {_when("Share Link Opened", _decay(30))} AS pair__opened_30,
        {_when("Product Shared", _decay(30))} AS pair__shared_30,
        count(*) FILTER (event = 'Product Shared')::DOUBLE AS pair__shared,
        coalesce(sum(CASE event WHEN 'Share Link Opened' THEN 1.0 WHEN 'Group Buy Joined' THEN 2.0
            END * {_decay(90)}), 0.0) AS pair__together_90,
        {_when("Order Completed", f"CASE WHEN line = 0 THEN {_decay(30)} END")} AS pair__led_30,
        count(*) FILTER (event = 'Group Buy Joined')::DOUBLE AS pair__invited,
        count(DISTINCT CASE WHEN {_TOGETHER} AND day >= $today - 90 THEN day END)::DOUBLE
            AS pair__days_90,
        max(CASE WHEN {_TOGETHER} THEN at_us END)::DOUBLE AS pair__last_together
    FROM facts
    WHERE event IN ('Share Link Opened', 'Product Shared', 'Group Buy Joined', 'Order Completed')
        AND peer_id <> user_id
    GROUP BY user_id, peer_id
), of_others AS (
    SELECT peer_id AS user_id, user_id AS peer_id,
        {_when("Share Link Opened", _decay(7))} AS pair__opened_by_7,
        {_when("Share Link Opened", _decay(30))} AS pair__opened_by_30,
        count(*) FILTER (event = 'Share Link Opened')::DOUBLE AS pair__opened_by,
        max(CASE WHEN event = 'Share Link Opened' THEN at_us END)::DOUBLE AS pair__last_opened_by,
        coalesce(sum(CASE event WHEN 'Share Link Opened' THEN 1.0 WHEN 'Group Buy Joined' THEN 2.0
            END * {_decay(90)}), 0.0) AS pair__together_by_90,
        count(*) FILTER ({_ORDER} AND line = 0)::DOUBLE AS pair__sold,
        {_first_lines(_SPENT, 90)} AS pair__sold_90,
        count(*) FILTER (event IN ('Sharer Muted', 'Share Reported'))::DOUBLE AS pair__muted_by,
        count(DISTINCT CASE WHEN {_TOGETHER} AND day >= $today - 90 THEN day END)::DOUBLE
            AS pair__days_by_90,
        max(CASE WHEN {_TOGETHER} THEN at_us END)::DOUBLE AS pair__last_together_by,
        {_when("Product Shared", _decay(30))} AS pair__received_30
    FROM facts
    WHERE event IN ('Share Link Opened', 'Group Buy Joined', 'Sharer Muted', 'Share Reported',
            'Order Completed', 'Order Refunded', 'Product Shared')
        AND peer_id <> user_id
    GROUP BY facts.peer_id, facts.user_id
)
SELECT user_id, peer_id,
    coalesce(COLUMNS(* EXCLUDE (
        user_id, peer_id, pair__last_opened_by, pair__last_together, pair__last_together_by
    )), 0.0),
    pair__last_opened_by, pair__last_together, pair__last_together_by
FROM own FULL JOIN of_others USING (user_id, peer_id)
"""

_ITEM = f"""
SELECT item_id,
    {_when("Product Viewed", "d7")} AS item__views_7,
    {_when("Product Viewed", "d30")} AS item__views_30,
    {_when("Order Completed", "d7")} AS item__orders_7,
    {_when("Order Completed", "d30")} AS item__orders_30,
    {_when("Order Completed", _decay(180, "$midnight"))} AS item__orders_180,
    coalesce(sum(interest * d30), 0.0) AS item__interest_30,
    {_when("Product Shared", "d30")} AS item__shares_30,
    {_when("Share Link Opened", "d30")} AS item__opens_30,
    count(DISTINCT CASE WHEN {_ORDER} AND day >= $today - 30 THEN user_id END)::DOUBLE
        AS item__buyers_30,
    {_when("Group Buy Started", "d30")} AS item__groups_30,
    {_when("Group Buy Succeeded", _decay(90, "$midnight"))} AS item__groups_filled_90,
    {_when("Group Buy Failed", _decay(90, "$midnight"))} AS item__groups_failed_90
FROM (
    SELECT item_id, user_id, day, at_us, if(at_us < $midnight, event, NULL) AS event,
        if(at_us < $midnight, interest, NULL) AS interest,
        {_decay(7, "$midnight")} AS d7, {_decay(30, "$midnight")} AS d30
    FROM (SELECT *, {_INTEREST} AS interest FROM facts WHERE item_id IS NOT NULL)
    WHERE interest IS NOT NULL OR event IN ('Group Buy Succeeded', 'Group Buy Failed')
) GROUP BY item_id
"""

_TIER = f"""
WITH versions AS (
    SELECT user_id, city_tier,
        CASE WHEN row_number() OVER turns = 1 THEN 0 ELSE valid_from_us END AS from_us,
        coalesce(lead(valid_from_us) OVER turns, 1::BIGINT << 62) AS to_us
    FROM users WINDOW turns AS (PARTITION BY user_id ORDER BY valid_from_us)
)
SELECT item_id, city_tier,
    coalesce(sum(CASE WHEN at_us < $midnight THEN {_decay(30, "$midnight")} END), 0.0)
        AS tier__orders_30
FROM facts JOIN versions v
ON facts.user_id = v.user_id AND at_us >= from_us AND at_us < to_us
WHERE {_ORDER} AND item_id IS NOT NULL AND city_tier IS NOT NULL GROUP BY item_id, city_tier
"""

_PHASE = f"""
SELECT user_id, phase, {_first_lines(_SPENT, 365)} AS phase__spent_365,
    {_first_lines(_SPENT, 730)} AS phase__spent_730
FROM (SELECT *, CASE $phases END AS phase FROM facts WHERE {_SPENT} IS NOT NULL)
WHERE phase IS NOT NULL GROUP BY user_id, phase
"""

TABLES: Mapping[str, str] = {
    "user": _USER, "category": _CATEGORY, "brand": _taste("brand", _BOUGHT_BRAND),
    "shop": _taste("shop", _REFUSED_SHOP, f"OR {_REFUSED}"),
    "hour": _HOUR, "entry": _ENTRY, "phase": _PHASE, "community": _COMMUNITY,
    "touch": _TOUCH, "pair": _PAIR, "item": _ITEM, "tier": _TIER,
}  # fmt: skip
"""Statement by the word of its key."""


def write(home: Home, at_us: int, folder: Path) -> None:
    """Compute every table as of an instant, days of Beijing, and write it as Parquet."""
    zone = BusinessZone("Asia/Shanghai")
    midnight = int(zone.floor(at_us, Refresh.DAY))
    today = int(zone.day(at_us))
    phases = " ".join(
        f"WHEN day BETWEEN {low} AND {high} THEN '{name}'"
        for low, high, name in spans(today - 730, today)
    )
    values = {"$now": at_us, "$midnight": midnight, "$today": today, "$phases": phases}
    with History(home).connect(end_us=at_us) as connection:
        connection.execute(FACTS)
        for word, query in TABLES.items():
            for name, value in values.items():
                query = query.replace(name, str(value))
            target = folder / f"{word}.parquet"
            connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
