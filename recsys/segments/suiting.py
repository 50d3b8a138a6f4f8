"""What is known of people and an item together, for everybody at once: the feed turned round.

The same SQL makes the rows that a model learns from, as of an instant of the past, and those of an
item that is asked about now. A person's acts of the last ``DAYS`` days count by what they say of a
taste (``features.weights.INTEREST``), halved every ``HALF_LIFE`` days.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features import columns as c
from features.clock import DAY_US
from features.events import ORDERED
from features.weights import INTEREST
from recsys.segments.desk import Desk

Floats = npt.NDArray[np.float64]

DAYS = 60
HALF_LIFE = 14.0
FRIEND_DAYS = 30
NEIGHBOURS = 50
"""Items that the same people took, for each item."""

TAKERS = 5_000
"""People whose other acts tell what goes with an item, the latest."""

COLUMNS = (
    "own", "category", "brand", "shop", "together", "friends", "price_gap", "acts", "orders",
    "days_ago", "item_people", "category_people",
)  # fmt: skip
"""Columns of the rows, as their logarithm where they count or weigh."""


def prepare(desk: Desk, at_us: int, *, kept: bool = False) -> None:
    """Make the tables that all items share, as of an instant.

    Parameters
    ----------
    desk : Desk
    at_us : int
        Only what came before it is known.
    kept : bool
        Read the acts once and keep them, where many items are asked about.
    """
    weights = ", ".join(f"('{name}', {weight})" for name, weight in INTEREST.items() if weight > 0)
    everybody = desk.ground.people.get_name()
    since = at_us - DAYS * DAY_US
    decay = f"pow(2.0, -({at_us} - {c.AT}) / {DAY_US}.0 / {HALF_LIFE})"
    desk.make(f"""
        CREATE OR REPLACE TEMP TABLE wares AS
        SELECT {c.ITEM}, arg_max({c.CATEGORY}, {c.VALID_FROM}) AS category,
            arg_max({c.BRAND}, {c.VALID_FROM}) AS brand, arg_max({c.SHOP}, {c.VALID_FROM}) AS shop,
            arg_max({c.PRICE}, {c.VALID_FROM}) AS price
        FROM items WHERE {c.VALID_FROM} <= {at_us} GROUP BY {c.ITEM}
    """)
    desk.make(f"""
        CREATE OR REPLACE TEMP {"TABLE" if kept else "VIEW"} liked AS
        WITH weights(event, weight) AS (VALUES {weights})
        SELECT {c.USER}, {c.ITEM}, {c.AT}, {c.PRICE}, event = '{ORDERED}' AS ordered,
            weight * {decay} AS weight
        FROM events JOIN weights USING (event)
        WHERE {c.AT} >= {since} AND {c.AT} < {at_us} AND {c.ITEM} IS NOT NULL
    """)
    desk.make(f"""
        CREATE OR REPLACE TEMP TABLE habits AS
        WITH acting AS (
            SELECT {c.USER}, ln(1 + sum(weight)) AS acts, ln(1 + count_if(ordered)) AS orders,
                ({at_us} - max({c.AT})) / {DAY_US}.0 AS days_ago, avg(ln(1 + {c.PRICE})) AS price
            FROM liked GROUP BY {c.USER}
        )
        FROM acting WHERE {c.USER} IN (SELECT {c.USER} FROM {everybody})
    """)
    desk.make(f"""
        CREATE OR REPLACE TEMP TABLE crowds AS
        WITH counted AS (
            SELECT {c.ITEM}, approx_count_distinct({c.USER}) AS people FROM liked GROUP BY {c.ITEM}
        )
        SELECT {c.ITEM}, category, people FROM counted JOIN wares USING ({c.ITEM})
    """)


def release(desk: Desk) -> None:
    """Drop what was kept, so that the tables can be made as of another instant."""
    for name in ("habits", "liked"):
        desk.make(f"DROP TABLE IF EXISTS {name}")


def rows(desk: Desk, items: Sequence[str], at_us: int) -> pa.Table:
    """Everybody's row for each of some items; ``prepare`` came before, as of the same instant.

    Returns
    -------
    pyarrow.Table
        ``item_id``, ``user_id`` and ``COLUMNS``, of who acted within ``DAYS`` days.
    """
    desk.make(
        f"CREATE OR REPLACE TEMP TABLE asked AS SELECT * FROM wares "
        f"WHERE list_contains($items, {c.ITEM})",
        items=list(items),
    )
    desk.make(_TOGETHER)
    desk.make(_LIKING)
    desk.make(_FRIENDS, since=at_us - FRIEND_DAYS * DAY_US)
    return desk.sql(_ROWS)


_TOGETHER = f"""
    CREATE OR REPLACE TEMP TABLE neighbours AS
    WITH takers AS (
        SELECT asked.item_id AS target, user_id FROM liked JOIN asked USING (item_id)
        GROUP BY asked.item_id, user_id QUALIFY row_number() OVER
            (PARTITION BY asked.item_id ORDER BY max(at_us) DESC, user_id) <= {TAKERS}
    ), beside AS (
        SELECT target, liked.item_id, count(DISTINCT liked.user_id) AS shared
        FROM takers JOIN liked USING (user_id) WHERE liked.item_id <> target GROUP BY ALL
    )
    SELECT target, beside.item_id, shared / sqrt(own.people * other.people) AS likeness
    FROM beside JOIN crowds own ON own.item_id = target
    JOIN crowds other ON other.item_id = beside.item_id
    WHERE shared >= 2
    QUALIFY row_number() OVER (PARTITION BY target ORDER BY likeness DESC, beside.item_id)
        <= {NEIGHBOURS}
"""

_LIKING = """
    CREATE OR REPLACE TEMP TABLE liking AS
    WITH near AS (
        SELECT item_id AS target, item_id, 'own' AS how, 1.0 AS likeness FROM asked
        UNION ALL SELECT asked.item_id, w.item_id, 'category', 1.0 FROM asked
            JOIN wares w ON w.category = asked.category
        UNION ALL SELECT asked.item_id, w.item_id, 'brand', 1.0 FROM asked
            JOIN wares w ON w.brand = asked.brand
        UNION ALL SELECT asked.item_id, w.item_id, 'shop', 1.0 FROM asked
            JOIN wares w ON w.shop = asked.shop
        UNION ALL SELECT target, item_id, 'together', likeness FROM neighbours
    )
    SELECT target, user_id,
        sum(weight) FILTER (how = 'own') AS own,
        sum(weight) FILTER (how = 'category') AS category,
        sum(weight) FILTER (how = 'brand') AS brand,
        sum(weight) FILTER (how = 'shop') AS shop,
        sum(weight * likeness) FILTER (how = 'together') AS together
    FROM near JOIN liked USING (item_id) GROUP BY ALL
"""

_FRIENDS = """
    CREATE OR REPLACE TEMP TABLE recommending AS
    SELECT asked.item_id AS target, around.user_id, count(DISTINCT peer_id) AS friends
    FROM asked JOIN liked USING (item_id) JOIN around ON around.peer_id = liked.user_id
    WHERE at_us >= $since GROUP BY ALL
"""

_ROWS = """
    WITH kinds AS (SELECT category, sum(people) AS people FROM crowds GROUP BY category)
    SELECT asked.item_id, habits.user_id,
        ln(1 + coalesce(own, 0)) AS own, ln(1 + coalesce(liking.category, 0)) AS category,
        ln(1 + coalesce(liking.brand, 0)) AS brand, ln(1 + coalesce(liking.shop, 0)) AS shop,
        ln(1 + coalesce(together, 0)) AS together, ln(1 + coalesce(friends, 0)) AS friends,
        abs(habits.price - ln(1 + asked.price)) AS price_gap, acts, orders, days_ago,
        ln(1 + coalesce(crowds.people, 0)) AS item_people,
        ln(1 + coalesce(kinds.people, 0)) AS category_people
    FROM asked CROSS JOIN habits
    LEFT JOIN liking ON liking.target = asked.item_id AND liking.user_id = habits.user_id
    LEFT JOIN recommending friends_of
        ON friends_of.target = asked.item_id AND friends_of.user_id = habits.user_id
    LEFT JOIN crowds ON crowds.item_id = asked.item_id
    LEFT JOIN kinds ON kinds.category = asked.category
"""


def matrix(table: pa.Table) -> Floats:
    """The columns of rows as numbers; shape (n, len(COLUMNS)), NaN where unknown."""
    columns = [table[name].to_numpy(zero_copy_only=False) for name in COLUMNS]
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])
