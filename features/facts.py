"""Events with what their items, their people and the business calendar add: the rows counted.

One Ibis expression, so that DuckDB, Spark and warehouses read the same. An event takes its item's
category, brand, shop and price, and its person's city tier, from the version in force at the
event's time; events before the first version take the first.
"""

from collections.abc import Collection

import ibis
import ibis.expr.types as ir

from features import columns as c
from features.clock import DAY_US, HOUR_US, BusinessZone

_BEFORE_ALL = -(2**62)
_AFTER_ALL = 2**62


def facts(
    events: ir.Table,
    items: ir.Table,
    users: ir.Table,
    zone: BusinessZone,
    low_us: int,
    high_us: int,
    tiered: Collection[str] | None = None,
) -> ir.Table:
    """Join events with their context.

    Parameters
    ----------
    events, items, users : ibis Table
        Canonical tables.
    zone : BusinessZone
        Gives ``day`` (days since 1970-01-01) and ``hour`` ("0" to "23").
    low_us, high_us : int
        Bounds of the events' instants, for the zone's changes of offset.
    tiered : collection of str, optional
        Kinds of events whose city tier is wanted; the others' people are not looked up. All when
        left out.

    Returns
    -------
    ibis Table
        The events' columns, ``peer_id`` null where it is the person who acted, plus category,
        brand, shop, listed_us, city_tier, log_price, priced, day, hour; ``features.derived`` adds
        more.
    """
    item = _in_force(items, c.ITEM, (c.CATEGORY, c.BRAND, c.SHOP, c.PRICE, "listed_us"))
    user = _in_force(users, c.USER, (c.CITY_TIER,))
    rows = _at_version(events, item, events[c.ITEM])
    person = rows[c.USER]
    if tiered is not None:  # a join passes over keys that are null
        person = rows[c.EVENT].isin(sorted(tiered)).ifelse(person, ibis.null(person.type()))
    rows = _at_version(rows, user, person)
    local = rows[c.AT] + _offset(rows[c.AT], zone, low_us, high_us)
    price = ibis.coalesce(rows[c.PRICE], rows.version_price_fen)
    rows = rows.mutate(
        peer_id=rows[c.PEER].nullif(rows[c.USER]),  # nobody is another person to oneself
        day=(local // DAY_US).cast("int64"),
        hour=(local % DAY_US // HOUR_US).cast("int64").cast("string"),
        log_price=ibis.cases((price > 0, price.cast("float64").ln()), else_=ibis.null("float64")),
        priced=ibis.cases((price > 0, 1.0), else_=ibis.null("float64")),
    )
    return rows.drop("version_price_fen")


def _in_force(table: ir.Table, key: str, columns: tuple[str, ...]) -> ir.Table:
    by_time = ibis.window(group_by=key, order_by=c.VALID_FROM)
    first = ibis.row_number().over(by_time) == 0
    return table.select(
        version_key=table[key],
        version_from=first.ifelse(_BEFORE_ALL, table[c.VALID_FROM]),
        version_to=table[c.VALID_FROM].lead().over(by_time).fill_null(_AFTER_ALL),
        **{f"version_{name}": table[name] for name in columns},
    )


def _at_version(events: ir.Table, versions: ir.Table, key: ir.StringValue) -> ir.Table:
    joined = events.left_join(
        versions,
        [
            key == versions.version_key,
            events[c.AT] >= versions.version_from,
            events[c.AT] < versions.version_to,
        ],
    )
    found = [name.removeprefix("version_") for name in versions.columns]
    renames = {
        name: f"version_{name}"
        for name in found
        if name not in (*events.columns, "key", "from", "to")
    }
    return joined.drop("version_key", "version_from", "version_to").rename(renames)


def _offset(at: ir.IntegerValue, zone: BusinessZone, low_us: int, high_us: int) -> ir.IntegerValue:
    (_, first), *later = zone.offset_changes(low_us, max(low_us, high_us))
    if not later:
        return ibis.literal(first, "int64")
    newest_first = ((at >= start_us, ibis.literal(o, "int64")) for start_us, o in later[::-1])
    return ibis.cases(*newest_first, else_=ibis.literal(first, "int64"))
