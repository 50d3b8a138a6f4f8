"""How long a bundle takes to answer, asked in this process about people of the history."""

from time import perf_counter

import numpy as np

from features import columns as c
from recsys.bundle import Bundle
from recsys.feed import Feed
from recsys.query import FeedQuery
from training.past import Past
from training.replayed import Replayed

PEOPLE = 30
"""People who ask, drawn evenly from the most to the least active."""

TURNS = 4
"""Requests of each; the first warms up."""


def measure(bundle: Bundle, past: Past) -> dict[str, float]:
    """Milliseconds of one answer of 20 items, without the network: ``p50_ms``, ``p95_ms``.

    Parameters
    ----------
    bundle : Bundle
        What answers.
    past : Past
        Whose people ask.
    """
    asking = _asking(past)
    people, feed = Replayed.of(past, asking, bundle.parts.items), Feed(bundle)
    spent = []
    for turn in range(TURNS):
        for name in asking:
            start = perf_counter()
            feed.recommend(FeedQuery(name, k=20, at_us=bundle.as_of_us), people)
            if turn:
                spent.append((perf_counter() - start) * 1e3)
    return {f"p{part}_ms": round(float(np.percentile(spent, part)), 2) for part in (50, 95)}


def _asking(past: Past) -> list[str]:
    rows = past.connection.execute(
        f"""
        WITH ranked AS (
            SELECT {c.USER}, row_number() OVER (ORDER BY count(*) DESC, {c.USER}) AS place,
                count(*) OVER () AS people
            FROM events GROUP BY {c.USER}
        )
        SELECT {c.USER} FROM ranked WHERE (place - 1) % greatest(people // {PEOPLE}, 1) = 0
        ORDER BY place LIMIT {PEOPLE}
        """
    ).fetchall()
    return [row[0] for row in rows]
