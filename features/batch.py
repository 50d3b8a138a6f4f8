"""The batch compiler: counters as one Ibis expression for each kind of key, as of an instant."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from features import columns as c
from features.catalogue import of_key
from features.clock import BusinessZone
from features.counters import Counter, Key


def values(facts: ir.Table, key: Key, at_us: int, zone: BusinessZone) -> ir.Table:
    """All counters of one kind of key as of an instant.

    Parameters
    ----------
    facts : ibis Table
        Rows of ``features.facts.facts``.
    key : Key
        Which counters.
    at_us : int
        T. A counter that refreshes hourly or daily is read as of T's hour or day.
    zone : BusinessZone
        The business time zone.

    Returns
    -------
    ibis Table
        The key's columns, then one float64 column for each counter. Keys for which nothing
        matched are absent; sums of a present key are 0 where nothing matched, first and last
        values null.
    """
    return _gather(facts, key, of_key(key), at_us, zone)


def _gather(
    facts: ir.Table, key: Key, counters: Sequence[Counter], at_us: int, zone: BusinessZone
) -> ir.Table:
    sides = [
        _aggregate(_side(facts, mirror), key, group, at_us, zone)
        for mirror in (False, True)
        if (group := [counter for counter in counters if counter.mirror is mirror])
    ]
    table = sides[0] if len(sides) == 1 else _outer(sides[0], sides[1], key)
    sums = {
        counter.column: table[counter.column].fill_null(0.0)
        for counter in counters
        if not (counter.last or counter.first)
    }
    return table.mutate(**sums).select(*key.columns, *(one.column for one in counters))


def _side(facts: ir.Table, mirror: bool) -> ir.Table:
    """The rows with ``user_id`` as the person the fact belongs to."""
    if not mirror:
        return facts
    swapped = facts.filter(facts[c.PEER].notnull() & (facts[c.PEER] != facts[c.USER]))
    return swapped.mutate(**{c.USER: swapped[c.PEER], c.PEER: swapped[c.USER]})


def _aggregate(
    facts: ir.Table, key: Key, counters: Sequence[Counter], at_us: int, zone: BusinessZone
) -> ir.Table:
    events = sorted({event for counter in counters for event in counter.events})
    rows = facts.filter(
        facts[c.AT] < at_us,
        facts[c.EVENT].isin(events),
        *(facts[name].notnull() for name in key.columns),
    )
    return rows.group_by(list(key.columns)).aggregate(**{
        counter.column: _expression(rows, counter, at_us, zone) for counter in counters
    })


def _expression(
    rows: ir.Table, counter: Counter, at_us: int, zone: BusinessZone
) -> ir.NumericScalar:
    as_of = int(zone.floor(at_us, counter.refresh))
    mask = matches(rows, counter) & (rows[c.AT] < as_of)
    if counter.window:
        mask &= rows.day >= int(zone.day(as_of)) - int(counter.window.days)
    if counter.distinct:
        return rows[counter.distinct].nunique(where=mask).cast("float64")
    if counter.last or counter.first:
        return _extreme(rows, counter, mask)
    amounts = amount(rows, counter)
    if counter.half_life:
        age_days = (as_of - rows[c.AT]).cast("float64") / 86_400e6
        amounts *= ibis.literal(2.0).pow(-age_days / counter.half_life.days)
    return mask.ifelse(amounts, 0.0).sum()


def matches(rows: ir.Table, counter: Counter) -> ir.BooleanValue:
    """Which rows a counter counts, whatever their time."""
    mask = rows[c.EVENT].isin(list(counter.events))
    if counter.once:
        mask &= rows[c.LINE] == 0
    named = counter.distinct or counter.last or counter.first or counter.value
    return mask & rows[named].notnull() if named else mask


def amount(rows: ir.Table, counter: Counter) -> ir.NumericValue:
    """Weight of each row, times its value."""
    weights = set(counter.events.values())
    if len(weights) == 1:
        weight = ibis.literal(float(weights.pop()))
    else:
        weight = ibis.cases(
            *((rows[c.EVENT] == event, float(w)) for event, w in counter.events.items()), else_=0.0
        )
    return weight * rows[counter.value].cast("float64") if counter.value else weight


def _extreme(rows: ir.Table, counter: Counter, mask: ir.BooleanValue) -> ir.Scalar:
    name = counter.last or counter.first or ""
    if name == c.AT:
        best = rows[c.AT].max(where=mask) if counter.last else rows[c.AT].min(where=mask)
        return best.cast("float64")
    return (
        rows[name].argmax(rows[c.AT], where=mask)
        if counter.last
        else (rows[name].argmin(rows[c.AT], where=mask))
    )


def _outer(left: ir.Table, right: ir.Table, key: Key) -> ir.Table:
    joined = left.outer_join(right, list(key.columns), rname="{name}_mirror")
    keys = {name: ibis.coalesce(joined[name], joined[f"{name}_mirror"]) for name in key.columns}
    return joined.mutate(**keys).drop(*(f"{name}_mirror" for name in key.columns))


def cells(facts: ir.Table, key: Key, at_us: int, zone: BusinessZone) -> ir.Table:
    """What the online state keeps of the live counters that one number (and instant) can hold.

    Returns
    -------
    ibis Table
        The key's columns, then for each decayed or whole sum its value as of ``at_us``; for each
        first or last value a column, and its instant in a column with the suffix ``__at``.
    """
    counters = [one for one in of_key(key) if one.online and not (one.distinct or one.window)]
    table = _gather(facts, key, counters, at_us, zone)
    return table.mutate(**{
        f"{one.column}__at": table[one.column].cast("int64")
        for one in counters
        if c.AT in {one.last, one.first}
    })


def buckets(facts: ir.Table, counter: Counter, at_us: int, zone: BusinessZone) -> ir.Table:
    """What the online state keeps of a windowed or distinct live counter.

    Returns
    -------
    ibis Table
        The key's columns; ``bucket``: a business day, or a distinct value, as text; ``amount``: the
        day's sum, or the last business day on which the value occurred.
    """
    rows = _side(facts, counter.mirror)
    rows = rows.filter(
        rows[c.AT] < at_us,
        matches(rows, counter),
        *(rows[name].notnull() for name in counter.key.columns),
    )
    if counter.window:
        rows = rows.filter(rows.day >= int(zone.day(at_us)) - int(counter.window.days))
    bucket = rows[counter.distinct] if counter.distinct else rows.day
    rows = rows.mutate(bucket=bucket.cast("string"), weight=amount(rows, counter))
    total = rows.day.max().cast("float64") if counter.distinct else rows.weight.sum()
    return rows.group_by([*counter.key.columns, "bucket"]).aggregate(amount=total)
