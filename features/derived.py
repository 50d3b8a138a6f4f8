"""What follows from the columns of a fact: written twice side by side, as Ibis and in Python.

Counters name these columns like any other. The batch compiler computes them only in the queries
that need them, so that the table of facts stays narrow.

=========  ==========================================================================
weekend    1 on Saturday and Sunday
slot       business hour since 1970, for counting hours in which somebody was there
workday    1 from Monday to Friday where the network is known
commute    1 on such a day, at 7 to 9 or 17 to 20 o'clock, on a mobile network
dealt      1 where a tenth or more was taken off an order
fresh      1 where the item was listed less than 30 days ago
phase      phase of a shopping festival
=========  ==========================================================================
"""

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from features import columns as c
from features.clock import DAY_US
from features.festivals import phase, spans

if TYPE_CHECKING:
    import ibis.expr.types as ir

DEALT = 0.1
"""Share of the undiscounted price that makes an order a bargain."""

FRESH_DAYS = 30
COMMUTING = (7, 8, 17, 18, 19)
MOBILE = ("2g", "3g", "4g", "5g", "cell", "cellular", "mobile")

READS: Mapping[str, tuple[str, ...]] = {
    "weekend": (),
    "slot": (),
    "workday": ("network",),
    "commute": ("network",),
    "dealt": (c.TOTAL, c.DISCOUNT),
    "fresh": (),
    "phase": (),
}
"""Derived columns, each with the columns of events that it reads beyond what facts always hold."""


def of(row: Mapping[str, Any], listed_us: int | None) -> dict[str, float | int | str | None]:
    """All derived columns of one fact; None where null.

    Parameters
    ----------
    row : mapping
        With the columns of the event, ``day`` and ``hour``.
    listed_us : int or None
        When the item was listed.
    """
    day, hour, network = row["day"], int(row["hour"]), row["network"]
    working = _weekday(day) < 5 and network is not None
    total, off = row[c.TOTAL], row[c.DISCOUNT]
    return {
        "weekend": _one(_weekday(day) >= 5),
        "slot": day * 24 + hour,
        "workday": _one(working),
        "commute": _one(working and hour in COMMUTING and network.lower() in MOBILE),
        "dealt": _one(
            total is not None and off is not None and off > 0 and off >= DEALT * (total + off)
        ),
        "fresh": _one(listed_us is not None and 0 <= row[c.AT] - listed_us < FRESH_DAYS * DAY_US),
        "phase": phase(day),
    }


def add(rows: "ir.Table", names: Collection[str], first_day: int, last_day: int) -> "ir.Table":
    """Facts with the derived columns that are named and not there yet.

    Parameters
    ----------
    rows : ibis Table
        Of ``features.facts.facts``.
    names : collection of str
        Those that are no derived column are passed over.
    first_day, last_day : int
        Business days between which ``phase`` is told; outside it is null.
    """
    made = {
        name: expression(rows, first_day, last_day)
        for name, expression in _EXPRESSIONS.items()
        if name in names and name not in rows.columns
    }
    return rows.mutate(**made) if made else rows


def _one(holds: bool) -> float | None:
    return 1.0 if holds else None


def _weekday(day: int) -> int:
    return (day + 3) % 7  # 1970-01-01 was a Thursday


def _where(holds: "ir.BooleanValue") -> "ir.Value":
    import ibis

    return ibis.cases((holds, ibis.literal(1.0)), else_=ibis.null("float64"))


def _working(rows: "ir.Table") -> "ir.BooleanValue":
    return ((rows.day + 3) % 7 < 5) & rows.network.notnull()


def _commute(rows: "ir.Table") -> "ir.Value":
    at = rows.hour.isin([str(hour) for hour in COMMUTING])
    return _where(_working(rows) & at & rows.network.lower().isin(MOBILE))


def _dealt(rows: "ir.Table") -> "ir.Value":
    off = rows[c.DISCOUNT].cast("float64")
    whole = rows[c.TOTAL].cast("float64") + off
    return _where((off > 0) & (off >= DEALT * whole))


def _fresh(rows: "ir.Table") -> "ir.Value":
    age = rows[c.AT] - rows.listed_us
    return _where((age >= 0) & (age < FRESH_DAYS * DAY_US))


def _phase(rows: "ir.Table", first_day: int, last_day: int) -> "ir.Value":
    import ibis

    told = [
        ((rows.day >= low) & (rows.day <= high), ibis.literal(name))
        for low, high, name in spans(first_day, last_day)
    ]
    return ibis.cases(*told, else_=ibis.null("string")) if told else ibis.null("string")


_EXPRESSIONS: Mapping[str, Callable[..., "ir.Value"]] = {
    "weekend": lambda rows, *_: _where((rows.day + 3) % 7 >= 5),
    "slot": lambda rows, *_: rows.day * 24 + rows.hour.cast("int64"),
    "workday": lambda rows, *_: _where(_working(rows)),
    "commute": lambda rows, *_: _commute(rows),
    "dealt": lambda rows, *_: _dealt(rows),
    "fresh": lambda rows, *_: _fresh(rows),
    "phase": _phase,
}
