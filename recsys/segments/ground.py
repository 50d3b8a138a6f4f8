"""What segments are counted on: everybody's portraits, and the history before the same instant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir

from features.clock import BusinessZone


def _unasked(column: str, events: Sequence[str], low: int, high: int) -> None:
    del column, events, low, high


@dataclass(frozen=True)
class Ground:
    """Tables as of one instant, on one engine.

    Parameters
    ----------
    people : ibis Table
        ``user_id`` and the columns of the tags; nobody who refused personalisation.
    events, items, users : ibis Table
        Canonical tables; only events before the instant.
    ties : ibis Table
        ``user_id``, ``peer_id``, ``tie_type`` (types joined by commas, null for none), ``strong``
        (bool), of pairs where both give their social graph.
    at_us, low_us : int
        The instant T, and that of the oldest event.
    zone : BusinessZone
        Days are counted in it.
    earlier : callable
        Days → portraits of so many days before T, like ``people``.
    listed : callable
        Name of an uploaded list → table of ``user_id``.
    scores : callable
        Name of a model → table of ``user_id`` and ``score``.
    buckets : callable
        Salt → table of ``user_id`` and ``bucket``, 0 to 9999.
    few : callable
        Column of words, names of events, first instant, first instant after → the values that
        occur, sorted; None where they are many or it is not worth asking.
    """

    people: ir.Table
    events: ir.Table
    items: ir.Table
    users: ir.Table
    ties: ir.Table
    at_us: int
    low_us: int
    zone: BusinessZone
    earlier: Callable[[int], ir.Table]
    listed: Callable[[str], ir.Table]
    scores: Callable[[str], ir.Table]
    buckets: Callable[[str], ir.Table]
    few: Callable[[str, Sequence[str], int, int], Sequence[str] | None] = _unasked
