"""How long a bundle takes to answer, asked in this process about people of the history."""

from time import perf_counter
from typing import Any

import msgspec
import numpy as np

from features import columns as c
from features.clock import BusinessZone
from features.events import Event
from features.online import State, replay
from recsys.bundle import Bundle
from recsys.feed import Feed
from recsys.query import FeedQuery
from training.past import Past

PEOPLE = 30
"""People who ask, drawn evenly from the most to the least active."""

ACTS = 500
"""Their latest events that are replayed at most."""

TURNS = 4
"""Requests of each; the first warms up."""


class _Known:
    """States at hand; friends who are not among them are unknown."""

    def __init__(self, states: dict[str, State]) -> None:
        self._states = states

    def states(self, user_ids: Any) -> dict[str, State]:
        """Those that are known."""
        return {name: self._states[name] for name in user_ids if name in self._states}


def measure(bundle: Bundle, past: Past) -> dict[str, float]:
    """Milliseconds of one answer of 20 items, without the network: ``p50_ms``, ``p95_ms``.

    Parameters
    ----------
    bundle : Bundle
        What answers.
    past : Past
        Whose people ask.
    """
    states, asking = _states(bundle, past)
    people, feed = _Known(states), Feed(bundle)
    spent = []
    for turn in range(TURNS):
        for name in asking:
            start = perf_counter()
            feed.recommend(FeedQuery(name, k=20, at_us=bundle.as_of_us), people)
            if turn:
                spent.append((perf_counter() - start) * 1e3)
    return {f"p{part}_ms": round(float(np.percentile(spent, part)), 2) for part in (50, 95)}


def _states(bundle: Bundle, past: Past) -> tuple[dict[str, State], list[str]]:
    """States of everybody whom the events of those who ask touch, and who asks."""
    names = Event.__struct_fields__
    rows = past.connection.execute(
        f"""
        WITH ranked AS (
            SELECT {c.USER}, row_number() OVER (ORDER BY count(*) DESC, {c.USER}) AS place,
                count(*) OVER () AS people
            FROM events GROUP BY {c.USER}
        ), chosen AS (
            SELECT {c.USER} FROM ranked WHERE (place - 1) % greatest(people // {PEOPLE}, 1) = 0
            LIMIT {PEOPLE}
        )
        SELECT {", ".join(names)} FROM events WHERE {c.USER} IN (SELECT {c.USER} FROM chosen)
        QUALIFY row_number() OVER (PARTITION BY {c.USER} ORDER BY {c.AT} DESC) <= {ACTS}
        ORDER BY {c.AT}
        """
    ).fetchall()
    events = (
        msgspec.convert({k: v for k, v in zip(names, row, strict=True) if v is not None}, Event)
        for row in rows
    )
    items, zone = bundle.parts.items, BusinessZone(past.zone.name)
    states = replay(events, lambda item, at_us: items.facts(item), zone)
    return states, sorted({row[names.index(c.USER)] for row in rows})
