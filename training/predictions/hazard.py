"""What is known of a person and a category at an instant: how regularly bought, how long ago.

Whoever buys coffee every ten days and bought it nine days ago is due; these columns let the trees
of a goal of one category see it. The usual gap is shrunk to that of all its buyers by one gap.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features import columns as c
from features.clock import DAY_US
from features.events import ORDERED
from training.past import Past
from training.predictions.cohort import Asked

Floats = npt.NDArray[np.float64]

COLUMNS = (
    "category.days", "category.days_ago", "category.gap", "category.due", "category.days_90",
    "category.share",
)  # fmt: skip
"""Days it was bought on, days since the last, usual gap, days ago over gap, days within 90, and the
part of all days of orders."""


def rows(past: Past, category: str, asked: Asked) -> Floats:
    """Describe people and one category.

    Returns
    -------
    ndarray, float64, shape (people, len(COLUMNS))
        NaN where it was never bought.
    """
    people = pa.table({c.USER: pa.array(asked.users, pa.string())})
    past.connection.register("asked_people", people)
    found = past.connection.sql(
        f"""
        WITH bought AS (
            SELECT {c.USER}, {c.AT} // {DAY_US} AS day, bool_or({c.CATEGORY} = $category) AS own
            FROM facts SEMI JOIN asked_people USING ({c.USER})
            WHERE {c.EVENT} = '{ORDERED}' AND {c.AT} < $at GROUP BY ALL
        ), told AS (
            SELECT {c.USER}, count_if(own) AS days, $at / {DAY_US}.0 - max(day) FILTER (own) AS ago,
                (max(day) FILTER (own) - min(day) FILTER (own)) AS span,
                count_if(own AND day >= $at // {DAY_US} - 90) AS recent, count(*) AS every
            FROM bought GROUP BY 1
        ), usual AS (
            SELECT sum(span) / nullif(sum(days - 1), 0) AS gap FROM told WHERE days > 1
        )
        SELECT p.{c.USER}, days, ago,
            (span + coalesce(usual.gap, 30)) / days AS gap, recent, days / every AS part
        FROM asked_people p LEFT JOIN told USING ({c.USER}) CROSS JOIN usual
        WHERE days > 0 ORDER BY 1
        """,
        params={"category": category, "at": asked.at_us},
    ).to_arrow_table()
    past.connection.unregister("asked_people")
    place = {user: n for n, user in enumerate(asked.users)}
    at = [place[user] for user in found[c.USER].to_pylist()]
    days, ago, gap, recent, part = (
        found[name].to_numpy().astype(np.float64)
        for name in ("days", "ago", "gap", "recent", "part")
    )
    values = np.full((len(asked.users), len(COLUMNS)), np.nan)
    values[at] = np.column_stack([days, ago, gap, ago / np.maximum(gap, 0.5), recent, part])
    return values
