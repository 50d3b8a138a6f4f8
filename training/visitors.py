"""What a moment knows of the person beside the acts, from the history: tier, age, refusals."""

import duckdb
import numpy as np

from features import columns as c
from features import events as e
from features.clock import DAY_US
from features.ids import IdMap
from recsys.visitor import ANYBODY, REFUSED, REFUSED_SHOP, Person, minor
from training.queries import Queries

HALF_LIFE_DAYS = 30.0
"""Of a refusal, as ``touch.dismissed_30`` and ``shop.dismissed_30`` have it."""


def persons(
    connection: duckdb.DuckDBPyConnection, queries: Queries, ids: IdMap, shops: IdMap | None = None
) -> list[Person]:
    """The person of each query as of its instant, as an online state would know.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With ``facts`` and ``users``.
    queries : Queries
        Who asks when.
    ids, shops : IdMap
        Items and shops of the bundle that is asked.
    """
    connection.register("visits", queries.table())
    rows = connection.sql(
        f"""
        SELECT v.query, arg_max(u.{c.CITY_TIER}, u.{c.VALID_FROM}) AS tier,
            arg_max(u.birth_year, u.{c.VALID_FROM}) AS born
        FROM visits v JOIN users u ON u.{c.USER} = v.{c.USER} AND u.{c.VALID_FROM} <= v.asked_us
        GROUP BY v.query
        """
    ).fetchall()
    told = {query: (tier or "", born) for query, tier, born in rows}
    items = _refused(connection, c.ITEM, REFUSED)
    brands = _refused(connection, c.SHOP, REFUSED_SHOP) if shops is not None else {}
    connection.unregister("visits")
    if not told and not items and not brands:
        return [ANYBODY] * len(queries)
    return [
        Person(
            told.get(i, ("", None))[0],
            minor(str(born) if (born := told.get(i, ("", None))[1]) else None, int(at_us)),
            _codes(items.get(i, []), ids),
            _codes(brands.get(i, []), shops),
        )
        for i, at_us in enumerate(queries.at_us)
    ]


def _refused(
    connection: duckdb.DuckDBPyConnection, column: str, least: float
) -> dict[int, list[str]]:
    """Query → what its person refused so often and so lately."""
    found: dict[int, list[str]] = {}
    for query, name in connection.execute(
        f"""
        SELECT v.query, f.{column} FROM visits v JOIN facts f
        ON f.{c.USER} = v.{c.USER} AND f.{c.AT} < v.asked_us
        WHERE f.{c.EVENT} = $event AND f.{column} IS NOT NULL
        GROUP BY ALL
        HAVING sum(2.0 ** (-(v.asked_us - f.{c.AT}) / {float(DAY_US)} / {HALF_LIFE_DAYS})) >= $least
        """,
        {"event": e.DISMISSED, "least": least},
    ).fetchall():
        found.setdefault(query, []).append(name)
    return found


def _codes(names: list[str], ids: IdMap | None) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    if ids is None or not names:
        return np.zeros(0, dtype=np.int32)
    codes = ids.codes(names)
    return np.sort(codes[codes >= 0]).astype(np.int32)
