"""A file of shares, and of people and items if there are any, as canonical tables."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from features import columns as c
from features.clock import parse_instant
from features.errors import InputError
from features.tables import table
from training.loaders.dataset import conformed

SHARES = ("inviter_id", "item_id", "voter_id", "timestamp")

_SHARE_ID = "md5(concat_ws('/', inviter_id, item_id, at_us))"

_EVENTS = f"""
    WITH openings AS (SELECT *, {_SHARE_ID} AS share_id FROM read)
    SELECT 'share:' || share_id AS message_id, 0 AS line, 'Product Shared' AS event,
           min(at_us) AS at_us, min(inviter_id) AS user_id, min(item_id) AS item_id,
           NULL AS peer_id, share_id
    FROM openings GROUP BY share_id
    UNION ALL
    SELECT DISTINCT 'open:' || share_id || ':' || voter_id, 0, 'Share Link Opened', at_us,
           voter_id, item_id, inviter_id, share_id
    FROM openings ORDER BY at_us, share_id, event, user_id
"""

_ALIASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "items": {
        c.CATEGORY: ("category", "cate_id", "category_id"),
        c.BRAND: ("brand", "brand_id"),
        c.SHOP: ("shop", "shop_id", "seller_id"),
    },
    "users": {
        "gender": ("gender", "user_gender"),
        "member_level": ("member_level", "user_level"),
        c.CITY_TIER: ("city_tier",),
    },
}
"""Canonical column → names it has in files; the first that is there counts."""

_UNKNOWN = ("", "-1", "0")


def read(shares: Path, users: Path | None, items: Path | None) -> dict[str, pa.Table]:
    """Read the files of a bench.

    Parameters
    ----------
    shares : Path
        Parquet or CSV with ``SHARES``: who shared what at that time, and who opened it. A time
        without a zone is UTC. Rows that lack anything are left out.
    users, items : Path, optional
        With ``user_id`` or ``item_id`` and whatever they know; −1, 0 and empty are unknown.

    Returns
    -------
    dict of str to pyarrow.Table
        ``users``, ``items``, ``events`` with the schemas of ``features.tables``.

    Raises
    ------
    InputError
        When a file or a column is missing.
    """
    with duckdb.connect() as connection:
        kinds = _view(connection, "shares", shares, SHARES)
        cast = "" if kinds["timestamp"].startswith("TIMESTAMP") else "::TIMESTAMP"
        connection.execute(
            "CREATE TABLE read AS SELECT inviter_id::VARCHAR AS inviter_id, item_id::VARCHAR AS "
            f'item_id, voter_id::VARCHAR AS voter_id, epoch_us("timestamp"{cast}) AS at_us '
            "FROM shares WHERE columns(*) IS NOT NULL"
        )
        found = {
            name: _attributes(connection, name, path)
            for name, path in (("users", users), ("items", items))
        }
        found["events"] = conformed(table("events"), connection.sql(_EVENTS).to_arrow_table())
    return found


def instant(text: str) -> int:
    """Read a day or an instant; what names no zone is UTC.

    Raises
    ------
    InputError
        When it is neither.

    Examples
    --------
    >>> instant("1970-01-02"), instant("1970-01-01T08:00:01+08:00")
    (86400000000, 1000000)
    """
    try:
        named = datetime.fromisoformat(text)
    except ValueError:
        return parse_instant(text)
    return parse_instant((named if named.tzinfo else named.replace(tzinfo=UTC)).isoformat())


def _attributes(connection: duckdb.DuckDBPyConnection, name: str, path: Path | None) -> pa.Table:
    if path is None:
        return table(name).schema.empty_table()
    key = {"users": c.USER, "items": c.ITEM}[name]
    present = _view(connection, name, path, (key,))
    columns = [f"{key}::VARCHAR AS {key}", f"0::BIGINT AS {c.VALID_FROM}"]
    for column, aliases in _ALIASES[name].items():
        known = next((alias for alias in aliases if alias in present), None)
        if known:
            value = f'"{known}"::VARCHAR'
            empty = ", ".join(f"'{word}'" for word in _unknown(column))
            columns.append(f"CASE WHEN {value} NOT IN ({empty}) THEN {value} END AS {column}")
    rows = connection.sql(
        f"SELECT {', '.join(columns)} FROM {name} WHERE {key} IS NOT NULL "
        f"QUALIFY row_number() OVER (PARTITION BY {key}) = 1 ORDER BY {key}"
    )
    return conformed(table(name), rows.to_arrow_table())


def _unknown(column: str) -> tuple[str, ...]:
    """Words for nothing; a gender may be 0."""
    return _UNKNOWN[:2] if column == "gender" else _UNKNOWN


def _view(
    connection: duckdb.DuckDBPyConnection, name: str, path: Path, needed: tuple[str, ...]
) -> dict[str, str]:
    reader = "read_csv" if path.suffix == ".csv" else "read_parquet"
    source = str(path).replace("'", "''")
    try:
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {reader}('{source}')")
        present = {row[0]: str(row[1]) for row in connection.execute(f"DESCRIBE {name}").fetchall()}
    except duckdb.Error as error:
        raise InputError(
            f"{path} cannot be read", expected="a Parquet or CSV file", got=str(error)
        ) from error
    missing = [column for column in needed if column not in present]
    if missing:
        raise InputError(
            f"{path} is another file",
            expected=f"columns {', '.join(needed)}",
            got=f"no {', '.join(missing)}",
        )
    return present
