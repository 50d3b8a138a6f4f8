"""Looks at items, and whether the item was shared within a day."""

import numpy as np

from features import columns as c
from features import events as e
from features.clock import DAY_US
from features.frames import groups, propensity
from features.items import Items
from training.examples.groups import Taught
from training.past import Past
from training.split import Window

SOON_US = DAY_US
"""A share later than this does not come of the look."""


def taught(past: Past, items: Items, window: Window, known_us: int, most: int) -> Taught:
    """The latest ``most`` first looks of a day, and whether the item was shared within a day.

    Looks whose day is not over before ``known_us`` teach nothing yet.
    """
    end_us = min(window.end_us, known_us - SOON_US)
    rows = past.connection.execute(
        f"""
        WITH looks AS (
            SELECT {c.USER}, {c.ITEM}, min({c.AT}) AS at_us FROM facts
            WHERE {c.EVENT} = '{e.VIEWED}' AND {c.ITEM} IS NOT NULL
                AND {c.AT} >= $start AND {c.AT} < $end
            GROUP BY {c.USER}, {c.ITEM}, day
        ), latest AS (
            SELECT *, dense_rank() OVER (ORDER BY {c.USER}) AS person
            FROM looks ORDER BY at_us DESC, {c.USER}, {c.ITEM} LIMIT $most
        )
        SELECT l.{c.USER}, l.{c.ITEM}, l.at_us, l.person, count(s.at_us) > 0 AS shared
        FROM latest l LEFT JOIN facts s ON s.{c.EVENT} = '{e.SHARED}' AND s.{c.USER} = l.{c.USER}
            AND s.{c.ITEM} = l.{c.ITEM} AND s.at_us >= l.at_us AND s.at_us < l.at_us + {SOON_US}
        GROUP BY ALL ORDER BY l.at_us, l.{c.USER}, l.{c.ITEM}
        """,
        {"start": window.start_us, "end": end_us, "most": most},
    ).fetchnumpy()
    at_us = np.asarray(rows["at_us"], dtype=np.int64)
    users, names = ([str(one) for one in rows[column]] for column in (c.USER, c.ITEM))
    raw = propensity.offline(past.points, users, names, items, at_us)
    return Taught(
        groups.assemble(propensity.COLUMNS, raw, len(at_us)),
        np.asarray(rows["shared"], dtype=np.bool_),
        np.asarray(rows["person"], dtype=np.int64),
    )
