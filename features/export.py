"""What ``huoren export`` does: everything kept of one person, as one JSON document.

The log is sealed first, so that all of it is in the tables. The person may have several ids
(``features.identities``); the document is of all of them. Instants are written as ISO 8601, columns
without a value are left out.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from features import choices
from features import columns as c
from features.clock import SECOND_US, format_instant, now_us
from features.errors import InputError
from features.history import History
from features.home import Home
from features.store import zone_in_force
from features.store.sealing import seal

_AHEAD_US = 60 * SECOND_US
"""The log's clock may run ahead of ours by so much after a burst."""


def export(home: Home, user_id: str) -> dict[str, Any]:
    """Gather what is kept of a person.

    Parameters
    ----------
    home : Home
        Services may go on writing to it.
    user_id : str
        The person, by any id.

    Returns
    -------
    dict
        ``user_id`` (the main one), ``ids``, ``profiles``, ``choices``, ``events``, ``ties``,
        ``portrait`` (tags of the newest snapshot) and ``shown`` (lists that were served). For a
        stranger, and for whoever was forgotten, all but the ids are empty.

    Raises
    ------
    InputError
        No id.
    MissingStep
        There is no such home.
    """
    if not user_id:
        raise InputError("nobody to export", expected="a user id", got="an empty text")
    home.require(home.root, "ingest")
    if zone := zone_in_force(home):
        seal(home, zone, before_us=now_us() + _AHEAD_US)
    with closing(History(home).connect()) as connection:
        ids = _ids(connection, user_id)
        connection.execute("CREATE TABLE own AS SELECT unnest($ids) AS user_id", {"ids": ids})
        mine = f"{c.USER} IN (FROM own)"
        said = choices.at(connection, ids[:1], [2**62])[0]
        return {
            "user_id": ids[0],
            "ids": ids,
            "profiles": _rows(connection, f"FROM sent_users WHERE {mine} ORDER BY {c.VALID_FROM}"),
            "choices": {
                "consents": None if said.consents is None else sorted(said.consents),
                "personalized": said.personalized,
                "suppressed": sorted(said.suppressed),
            },
            "events": _rows(
                connection,
                f"FROM sent_events WHERE {mine} ORDER BY {c.AT}, {c.MESSAGE}, {c.LINE}",
            ),
            "ties": _rows(
                connection, f"FROM sent_ties WHERE {mine} OR {c.PEER} IN (FROM own) ORDER BY ALL"
            ),
            "portrait": _portrait(connection, home),
            "shown": _shown(connection, home),
        }


def text(document: Mapping[str, Any]) -> str:
    """The document as JSON."""
    return json.dumps(document, ensure_ascii=False, indent=1)


def _ids(connection: duckdb.DuckDBPyConnection, user_id: str) -> list[str]:
    rows = connection.execute(
        f"SELECT {c.USER} FROM persons WHERE person = "
        f"(SELECT person FROM persons WHERE {c.USER} = ?) ORDER BY place",
        [user_id],
    ).fetchall()
    return [one for (one,) in rows] or [user_id]


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    return [_written(row) for row in connection.sql(query).to_arrow_table().to_pylist()]


def _written(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with instants as text, without what it does not say.

    Examples
    --------
    >>> _written({"at_us": 0, "item_id": "i1", "price_fen": None})
    {'at': '1970-01-01T00:00:00Z', 'item_id': 'i1'}
    """
    return {
        name.removesuffix("_us"): format_instant(value) if name.endswith("_us") else value
        for name, value in row.items()
        if value is not None
    }


def _portrait(connection: duckdb.DuckDBPyConnection, home: Home) -> dict[str, Any]:
    newest = sorted(home.features.glob("*/portraits.parquet"))[-1:]
    rows = _of_files(connection, newest)
    return {name: value for name, value in rows[0].items() if name != c.USER} if rows else {}


def _shown(connection: duckdb.DuckDBPyConnection, home: Home) -> list[dict[str, Any]]:
    files = sorted(home.table("impressions").rglob("*.parquet"))
    rows = _of_files(connection, files)
    return [{name: value for name, value in row.items() if name != "features"} for row in rows]


def _of_files(connection: duckdb.DuckDBPyConnection, files: Iterable[Path]) -> list[dict[str, Any]]:
    paths = [path for path in files if c.USER in pq.read_schema(path).names]
    if not paths:
        return []
    named = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    source = f"read_parquet([{named}], union_by_name = true, hive_partitioning = false)"
    return _rows(connection, f"FROM {source} WHERE {c.USER} IN (FROM own)")
