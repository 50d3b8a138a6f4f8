"""How a world looks beside real sets: the same measures, the same SQL, on both.

A source states a few relations (``links``, ``buys``, ``opens``, ``sends``, ``groups``, ``acts``) in
SQL over its own files; a measure is SQL over those relations. What a source cannot state is absent.
"""

import os
from collections.abc import Mapping
from math import isnan
from pathlib import Path

import duckdb

_DAY_US = 86_400_000_000

WORLD = {
    "links": "select user_id who from '{at}/ties.parquet' where tie_type = 'friend'",
    "buys": f"select user_id who, at_us // {_DAY_US} as day from '{{at}}/events/*.parquet'"
    " where event = 'Order Completed' and line = 0",
    "opens": "select peer_id sharer, user_id opener, share_id share, at_us as moment"
    " from '{at}/events/*.parquet' where event = 'Share Link Opened'",
    "sends": "select share_id || peer_id send from '{at}/events/*.parquet'"
    " where event = 'Product Shared'",
    "groups": "select event = 'Group Buy Succeeded' filled from '{at}/events/*.parquet'"
    " where event in ('Group Buy Succeeded', 'Group Buy Failed')",
    "acts": "select user_id who from '{at}/events/*.parquet' where event in"
    " ('Product Viewed', 'Order Completed', 'Product Shared', 'Group Buy Joined')",
}
"""Relations of a simulated world."""

REAL: dict[str, dict[str, str]] = {
    "ciao": {
        "links": "select \"user\" who from '{at}/ciao/trust.parquet'",
        "acts": "select \"user\" who from '{at}/ciao/ratings.parquet'",
    },
    "taobao_share": {
        "opens": "select inviter_id sharer, voter_id opener,"
        " inviter_id || item_id || timestamp::varchar share, epoch_us(timestamp) as moment"
        " from '{at}/taobao_share/shares.parquet'",
        "acts": "select voter_id who from '{at}/taobao_share/shares.parquet'",
    },
    "beibei_groupbuy": {
        "groups": "select true filled from '{at}/beibei_groupbuy/succeeded.parquet'"
        " union all select false from '{at}/beibei_groupbuy/failed.parquet'",
        "acts": "select initiator who from '{at}/beibei_groupbuy/succeeded.parquet'"
        " union all select initiator from '{at}/beibei_groupbuy/failed.parquet'",
    },
    "complete_journey": {
        "buys": "select household_id who, transaction_timestamp::date as day"
        " from '{at}/complete_journey/transactions.parquet'",
        "acts": "select household_id who from '{at}/complete_journey/transactions.parquet'",
    },
    "online_retail": {
        "buys": "select CustomerID who, InvoiceDate::date as day"
        " from '{at}/online_retail/orders.parquet' where CustomerID is not null and Quantity > 0",
        "acts": "select CustomerID who from '{at}/online_retail/orders.parquet'"
        " where CustomerID is not null",
    },
}
"""Relations of the real sets, by the name of their folder."""

_DEGREE = "select {} from (select count(*) as n from links group by who)"
_AGAIN = "count(*) over (partition by sharer, opener order by moment, share) > 1 as again"

MEASURES = {
    "degree, mean": ("links", _DEGREE.format("avg(n)")),
    "degree, 90th percentile": ("links", _DEGREE.format("quantile_cont(n, 0.9)")),
    "degree, largest": ("links", _DEGREE.format("max(n)")),
    "buyers who buy on a second day": (
        "buys",
        "select avg((days > 1)::int)"
        " from (select count(distinct day) as days from buys group by who)",
    ),
    "opens for each link sent": (
        "sends",
        "select (select count(*) from opens) / count(*) from sends",
    ),
    "openers of a link opened": (
        "opens",
        "select avg(n) from (select count(distinct opener) as n from opens group by share)",
    ),
    "opens by who opened from the sharer before": (
        "opens",
        f"select avg(again::int) from (select {_AGAIN} from opens)",
    ),
    "group buys that fill": ("groups", "select avg(filled::int) from groups"),
    "skew of activity (Gini)": (
        "acts",
        "select sum((2 * i - m - 1) * n) / (any_value(m) * sum(n)) from (select n,"
        " row_number() over (order by n) as i, count(*) over () as m"
        " from (select count(*) as n from acts group by who))",
    ),
}
"""Measures by name: the relation that must hold rows, and the SQL."""


def measure(relations: Mapping[str, str], at: Path) -> dict[str, float]:
    """Take every measure that the relations allow.

    Parameters
    ----------
    relations : mapping of str to str
        SQL by relation; ``{at}`` stands for the folder.
    at : Path
        The folder.

    Returns
    -------
    dict of str to float
        By measure; one that needs an absent or empty relation is left out.
    """
    with duckdb.connect() as engine:
        for name, sql in relations.items():
            engine.execute(f"create view {name} as {sql.format(at=at.as_posix())}")
        found = {}
        for name, (needs, sql) in MEASURES.items():
            if needs in relations:
                row = engine.execute(sql).fetchone()
                if row is not None and row[0] is not None and not isnan(row[0]):
                    found[name] = float(row[0])
    return found


def compare(world: Path, data: Path | None = None) -> dict[str, dict[str, float]]:
    """Measure a world and the real sets that are there.

    Parameters
    ----------
    world : Path
        Directory that ``simulate`` wrote.
    data : Path, optional
        The benchmark data folder; default ``HUOREN_BENCH_DATA``, else ``../shared/data``.

    Returns
    -------
    dict of str to dict
        Measures by source; the world comes first, a set that is not there has none.
    """
    folder = data or Path(os.environ.get("HUOREN_BENCH_DATA", "../shared/data"))
    found = {"this world": measure(WORLD, world)}
    for name, relations in REAL.items():
        found[name] = measure(relations, folder) if (folder / name).is_dir() else {}
    return found
