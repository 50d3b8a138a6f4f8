"""Who is tied to whom, and how strongly."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features import columns as c
from features import controls
from features import events as e

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Floats = npt.NDArray[np.float64]

TIED = 1.0
"""What a declared tie adds to the strength; one opened link, just now, adds as much."""


def in_force(connection: "duckdb.DuckDBPyConnection", at_us: int) -> "pa.Table":
    """Ties that hold just before an instant, one direction a row.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        As ``History.connect`` opens it.
    at_us : int
        T; a tie of unknown age holds always.

    Returns
    -------
    pyarrow.Table
        ``user_id``, ``peer_id``, ``tie_type``; sorted. Mutual types stand in both directions.
        Several types between two people are joined by commas, as in ``State.ties``. Who has several
        ids is tied to whomever one of them is tied to.
    """
    return connection.sql(
        f"""
        WITH newest AS (
            SELECT {c.USER}, {c.PEER}, tie_type, told_of, arg_max(holds, moment) AS holds
            FROM ({told()}) WHERE moment < {int(at_us)} GROUP BY ALL
        )
        SELECT {c.USER}, {c.PEER}, string_agg(DISTINCT tie_type, ',' ORDER BY tie_type) AS tie_type
        FROM newest WHERE holds GROUP BY ALL ORDER BY ALL
        """
    ).to_arrow_table()


def told() -> str:
    """SQL of everything said about ties, over ``sent_ties``, ``sent_events`` and ``persons``.

    Rows of ``user_id``, ``peer_id`` (main ids), ``tie_type``, ``told_of`` (the ids that it was said
    of), ``moment`` (−1: always), ``holds``; mutual types stand in both directions; nobody is tied
    to oneself. A tie holds at T if the newest row before T of its type and ``told_of`` says so.
    """
    mutual = ", ".join(f"'{kind}'" for kind in sorted(controls.MUTUAL))
    return f"""
        WITH said AS (
            SELECT {c.USER}, {c.PEER}, tie_type, coalesce(since_us, -1) AS moment, TRUE AS holds
            FROM sent_ties
            UNION ALL
            SELECT {c.USER}, {c.PEER}, coalesce(reason, '{controls.DEFAULT_TIE}'), {c.AT},
                {c.EVENT} = '{e.TIE_CREATED}'
            FROM sent_events WHERE {c.EVENT} IN ('{e.TIE_CREATED}', '{e.TIE_REMOVED}')
        ), both_ways AS (
            SELECT * FROM said
            UNION ALL
            SELECT {c.PEER}, {c.USER}, tie_type, moment, holds FROM said
            WHERE tie_type IN ({mutual})
        )
        SELECT coalesce(u.person, t.{c.USER}) AS {c.USER}, coalesce(p.person, t.{c.PEER}) AS
            {c.PEER}, tie_type, {{'one': t.{c.USER}, 'other': t.{c.PEER}}} AS told_of, moment, holds
        FROM both_ways t
        LEFT JOIN persons u ON t.{c.USER} = u.{c.USER}
        LEFT JOIN persons p ON t.{c.PEER} = p.{c.USER}
        WHERE coalesce(u.person, t.{c.USER}) <> coalesce(p.person, t.{c.PEER})
    """


def strength(tied: Floats, together: Floats, together_by: Floats) -> Floats:
    """Strength of ties by decayed sums: what stands in where no model was fitted.

    Parameters
    ----------
    tied : ndarray, float64, shape (n,)
        1 where a tie is declared.
    together, together_by : ndarray, float64, shape (n,)
        ``pair.together_90`` and ``pair.together_by_90``.

    Returns
    -------
    ndarray, float64, shape (n,)
        At least 0; grows with the logarithm of what was done together.

    Examples
    --------
    >>> strength(np.array([1.0, 0.0]), np.zeros(2), np.array([0.0, 3.0])).round(2).tolist()
    [0.69, 1.39]
    """
    return np.log1p(TIED * tied + together + together_by)
