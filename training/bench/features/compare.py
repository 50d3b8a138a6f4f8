"""How far the values of two methods are apart."""

from pathlib import Path

import duckdb

from features.counters import Key

ABSOLUTE_BELOW = 1e-6
"""Differences of values smaller than this are not divided by them."""


def max_rel_diff(one: Path, other: Path, *, some: bool = False) -> float:
    """The largest relative difference between two folders of counters.

    Parameters
    ----------
    one, other : Path
        Folders with a Parquet file for each kind of key.
    some : bool
        The other side may lack counters: those that nobody has written by hand yet.

    Returns
    -------
    float
        Infinite where a key, a column or a value is there on one side alone.
    """
    with duckdb.connect() as connection:
        return max(_of_key(connection, one, other, key, some) for key in Key)


def missing(one: Path, other: Path) -> list[str]:
    """Columns of one folder of counters that another one lacks."""
    with duckdb.connect() as connection:
        return [
            name
            for key in Key
            for name in connection.read_parquet(str(one / f"{key.word}.parquet")).columns
            if name not in connection.read_parquet(str(other / f"{key.word}.parquet")).columns
        ]


def _of_key(
    connection: duckdb.DuckDBPyConnection, one: Path, other: Path, key: Key, some: bool
) -> float:
    files = [str(folder / f"{key.word}.parquet").replace("'", "''") for folder in (one, other)]
    columns, others = (set(connection.read_parquet(file).columns) for file in files)
    if not others <= columns or not (some or others == columns):
        return float("inf")
    columns = others
    same = " AND ".join(f"a.{name} = b.{name}" for name in key.columns)
    apart = ", ".join(_apart(name) for name in sorted(columns - set(key.columns)))
    absent = f"a.{key.columns[0]} IS NULL OR b.{key.columns[0]} IS NULL"
    (most,) = connection.execute(
        f"SELECT max(CASE WHEN {absent} THEN 'inf'::DOUBLE ELSE greatest(0.0, {apart}) END) "
        f"FROM '{files[0]}' a FULL JOIN '{files[1]}' b ON {same}"
    ).fetchall()[0]
    return float(most or 0.0)


def _apart(name: str) -> str:
    a, b = f"a.{name}", f"b.{name}"
    return (
        f"CASE WHEN {a} IS NULL AND {b} IS NULL THEN 0.0 "
        f"WHEN {a} IS NULL OR {b} IS NULL THEN 'inf'::DOUBLE "
        f"ELSE abs({a} - {b}) / greatest(abs({a}), abs({b}), {ABSOLUTE_BELOW}) END"
    )
