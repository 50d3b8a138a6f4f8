"""The batch compiler: counters as one Ibis expression for each kind of key, as of an instant."""

import math
from collections.abc import Callable, Hashable, Iterable, Sequence

import ibis
import ibis.expr.types as ir
from ibis.common.deferred import Deferred

from features import columns as c
from features import derived
from features.catalogue import CATALOGUE, of_key
from features.clock import BusinessZone
from features.counters import Counter, Days, Key

_READ = (c.LINE, c.EVENT, c.AT, c.USER, c.ITEM, c.PEER, c.PRICE, c.QUANTITY)
"""Columns of events that facts, keys and references read, whatever is declared."""


def counted(events: ir.Table) -> ir.Table:
    """Events that some counter counts, with the columns that are read: what facts are made from."""
    kinds = sorted({event for one in CATALOGUE.values() for event in one.events})
    named = {
        name
        for one in CATALOGUE.values()
        for name in (one.value, one.distinct, one.last, one.first)
        if name
    }
    keys = {name for key in Key for name in key.columns}
    behind = {source for name in named & set(derived.READS) for source in derived.READS[name]}
    wanted = named.union(_READ, keys, behind)
    read = [name for name in events.columns if name in wanted]
    return events.filter(events[c.EVENT].isin(kinds)).select(*read)


TIERED = frozenset(
    event for one in CATALOGUE.values() if c.CITY_TIER in one.key.columns for event in one.events
)
"""Kinds of events whose person's city tier some counter reads."""


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
    facts = _told(facts.filter(facts[c.EVENT].isin(events)), key, counters, at_us, zone)
    rows = facts.filter(facts[c.AT] < at_us, *(facts[name].notnull() for name in key.columns))
    floors = {int(zone.floor(at_us, counter.refresh)) for counter in counters}
    rows = _masked(rows, floors - {at_us})
    terms = _Terms(rows, events)
    measures = {counter.column: _measure(terms, counter, at_us, zone) for counter in counters}
    counted = rows.select(*key.columns, **terms.columns)
    return counted.group_by(list(key.columns)).aggregate(**measures)


def _masked(rows: ir.Table, floors: Iterable[int]) -> ir.Table:
    """Kinds of events as each earlier instant saw them: later ones are null, and count nowhere."""
    event = rows[c.EVENT]
    masked = {
        f"event_{as_of}": (rows[c.AT] < as_of).ifelse(event, ibis.null(event.type()))
        for as_of in sorted(floors)
    }
    return rows.mutate(**masked) if masked else rows


def _told(
    rows: ir.Table, key: Key, counters: Sequence[Counter], at_us: int, zone: BusinessZone
) -> ir.Table:
    """Facts with the derived columns that these counters and their key name."""
    names = {*key.columns, *(one.value for one in counters), *(one.distinct for one in counters)}
    longest = max((one.window.days for one in counters if one.window), default=0)
    today = int(zone.day(at_us))
    return derived.add(rows, {name for name in names if name}, today - int(longest), today)


class _Terms:
    """Columns that counters are measured from; what several need is computed once for each row.

    Parameters
    ----------
    rows : ibis Table
        Rows that some counter counts, from ``_masked``.
    events : sequence of str
        The kinds of events that they are.
    """

    def __init__(self, rows: ir.Table, events: Sequence[str]) -> None:
        self.rows = rows
        self.events = events
        self.columns: dict[str, ir.Value] = {}
        self._names: dict[Hashable, str] = {}

    def column(self, name: str) -> Deferred:
        """A column as it is."""
        return self._once(name, lambda: self.rows[name])

    def amount(self, counter: Counter, as_of: int) -> Deferred:
        """What a row adds to a sum before decay; null where it does not count."""
        same = ("amount", _weights(counter), counter.value, counter.once, as_of)
        return self._once(
            same, lambda: _amount(self.rows, self._event(as_of), counter, self.events)
        )

    def decay(self, half_life: Days, as_of: int) -> Deferred:
        """Factor by age."""
        rate = math.log(2.0) / half_life.us
        age = self.rows[c.AT] - as_of
        return self._once(("decay", rate, as_of), lambda: (age.cast("float64") * rate).exp())

    def counts(self, counter: Counter, as_of: int) -> Deferred:
        """Whether a row counts."""
        same = ("counts", tuple(sorted(counter.events)), counter.once, as_of)
        return self._once(
            same, lambda: _matches(self.rows, self._event(as_of), counter, self.events)
        )

    def _event(self, as_of: int) -> ir.StringColumn:
        masked = f"event_{as_of}"
        return self.rows[masked if masked in self.rows.columns else c.EVENT]

    def _once(self, what: Hashable, value: Callable[[], ir.Value]) -> Deferred:
        if what not in self._names:
            self._names[what] = f"term_{len(self._names)}"
            self.columns[self._names[what]] = value()
        return ibis._[self._names[what]]


def _measure(terms: _Terms, counter: Counter, at_us: int, zone: BusinessZone) -> Deferred:
    as_of = int(zone.floor(at_us, counter.refresh))
    inside = None
    if counter.window:
        inside = terms.column("day") >= int(zone.day(as_of)) - int(counter.window.days)
    if counter.distinct or counter.last or counter.first:
        counts = terms.counts(counter, as_of)
        return _chosen(terms, counter, counts if inside is None else counts & inside)
    amounts = terms.amount(counter, as_of)
    if counter.half_life:
        amounts *= terms.decay(counter.half_life, as_of)
    return amounts.sum(where=inside)


def _chosen(terms: _Terms, counter: Counter, counts: Deferred) -> Deferred:
    if counter.distinct:
        return terms.column(counter.distinct).nunique(where=counts).cast("float64")
    at = terms.column(c.AT)
    if c.AT in {counter.last, counter.first}:
        best = at.max(where=counts) if counter.last else at.min(where=counts)
        return best.cast("float64")
    column = terms.column(counter.last or counter.first or "")
    known = counts & column.notnull()  # Spark would choose a null
    return column.argmax(at, where=known) if counter.last else column.argmin(at, where=known)


def _matches(
    rows: ir.Table, event: ir.StringColumn, counter: Counter, events: Sequence[str]
) -> ir.BooleanValue:
    """Which rows a counter counts; the rows are of these kinds of events."""
    mask = _among(event, tuple(counter.events), events)
    return mask & (rows[c.LINE] == 0) if counter.once else mask


def _amount(
    rows: ir.Table, event: ir.StringColumn, counter: Counter, events: Sequence[str]
) -> ir.NumericValue:
    """Weight of each row, times its value; null where the counter does not count it."""
    branches, left = [], list(events)
    for weight, names in _weights(counter):
        branches.append((_among(event, names, left), weight))
        left = [name for name in left if name not in names]
    weight = ibis.cases(*branches, else_=ibis.null("float64"))
    if counter.once:
        weight = (rows[c.LINE] == 0).ifelse(weight, ibis.null("float64"))
    return weight * rows[counter.value].cast("float64") if counter.value else weight


def _among(event: ir.StringColumn, names: Sequence[str], events: Sequence[str]) -> ir.BooleanValue:
    """Whether an event, one of ``events`` or null, is one of ``names``; by the shorter list."""
    others = [name for name in events if name not in names]
    if not others:
        return event.notnull()
    return event.notin(others) if len(others) < len(names) else event.isin(list(names))


def _weights(counter: Counter) -> tuple[tuple[float, tuple[str, ...]], ...]:
    """Events by weight, in the order of declaration."""
    found: dict[float, list[str]] = {}
    for event, weight in counter.events.items():
        found.setdefault(float(weight), []).append(event)
    return tuple((weight, tuple(events)) for weight, events in found.items())


def _outer(left: ir.Table, right: ir.Table, key: Key) -> ir.Table:
    joined = left.outer_join(right, list(key.columns), rname="{name}_mirror")
    keys = {name: ibis.coalesce(joined[name], joined[f"{name}_mirror"]) for name in key.columns}
    return joined.mutate(**keys).drop(*(f"{name}_mirror" for name in key.columns))


def buckets(facts: ir.Table, counter: Counter, at_us: int, zone: BusinessZone) -> ir.Table:
    """What the online state keeps of a windowed or distinct live counter.

    Returns
    -------
    ibis Table
        The key's columns; ``bucket``: a business day, or a distinct value, as text; ``amount``: the
        day's sum, or the last business day on which the value occurred.
    """
    rows = _side(facts, counter.mirror)
    rows = rows.filter(rows[c.AT] < at_us, rows[c.EVENT].isin(list(counter.events)))
    rows = _told(rows, counter.key, [counter], at_us, zone)
    rows = rows.filter(
        *(rows[name].notnull() for name in counter.key.columns),
    )
    if counter.window:
        rows = rows.filter(rows.day >= int(zone.day(at_us)) - int(counter.window.days))
    bucket = rows[counter.distinct] if counter.distinct else rows.day
    weight = _amount(rows, rows[c.EVENT], counter, list(counter.events))
    rows = rows.mutate(bucket=bucket.cast("string"), weight=weight)
    rows = rows.filter(rows.bucket.notnull(), rows.weight.notnull())
    total = rows.day.max().cast("float64") if counter.distinct else rows.weight.sum()
    return rows.group_by([*counter.key.columns, "bucket"]).aggregate(amount=total)


def last_acts(facts: ir.Table, events: Sequence[str], most: int) -> ir.Table:
    """The last acts of each person on items.

    Parameters
    ----------
    facts : ibis Table
        Rows of ``features.facts.facts``.
    events : sequence of str
        Kinds of acts.
    most : int
        How many of each person.

    Returns
    -------
    ibis Table
        ``user_id``, ``at_us``, ``event``, ``item_id``, ``peer_id`` ("" for nobody), each person's
        oldest first.
    """
    order = (c.AT, c.EVENT, c.ITEM, c.PEER)
    rows = facts.filter(facts[c.ITEM].notnull(), facts[c.EVENT].isin(events))
    rows = rows.select(
        rows[c.USER], rows[c.AT], rows[c.EVENT], rows[c.ITEM],
        **{c.PEER: rows[c.PEER].fill_null("")},
    )  # fmt: skip
    latest = ibis.window(group_by=c.USER, order_by=[rows[name].desc() for name in order])
    rows = rows.mutate(place=ibis.row_number().over(latest))
    return rows.filter(rows.place < most).drop("place").order_by(c.USER, *order)
