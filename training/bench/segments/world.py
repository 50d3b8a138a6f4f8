"""A home of many people with portraits and a long history, made by DuckDB in seconds.

What people did and what their tags say have nothing to do with each other here: counting does not
get easier or harder by that, and the world is made a hundred times faster.
"""

import json
from dataclasses import asdict
from pathlib import Path

import duckdb

from features import columns as c
from features.catalogue import declaration_hash
from features.clock import DAY_US
from features.history import THREADS, utc_day
from features.home import Home
from features.portraits import TAGS, Kind, Tag
from features.snapshot import Manifest, folder_name
from features.tables import EVENTS, ITEMS

AT = 1_780_000_000_000_000 // DAY_US * DAY_US
DAYS = 90
ITEM_COUNT = 20_000
EVENTS_DRAWN = (
    ("Product Viewed", 70), ("Product Added", 12), ("Order Completed", 6), ("Product Shared", 5),
    ("Share Link Opened", 5), ("Group Buy Joined", 2),
)  # fmt: skip
"""Kinds of events and their percentages."""


def write(root: Path, people: int, events: int) -> Home:
    """Make the home.

    Parameters
    ----------
    root : Path
        An empty directory.
    people, events : int
        Rows of the portraits and of the history.
    """
    home = Home(root)
    with duckdb.connect(config={"threads": THREADS, "preserve_insertion_order": False}) as told:
        _items(told, home)
        for n in range(DAYS):
            _day(told, home, n, people, events // DAYS)
        _snapshot(told, home, people)
    return home


def _copy(told: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    told.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def _items(told: duckdb.DuckDBPyConnection, home: Home) -> None:
    told.register("nothing", ITEMS.schema.empty_table())
    told.execute("CREATE TABLE items AS FROM nothing")
    told.execute(f"""
        INSERT INTO items BY NAME
        SELECT 'i' || n AS {c.ITEM}, 0 AS {c.VALID_FROM}, 'c' || n % 50 AS {c.CATEGORY},
            'b' || n % 200 AS {c.BRAND}, 's' || n % 500 AS {c.SHOP}, 100 + n AS {c.PRICE}
        FROM range({ITEM_COUNT}) AS made(n)
    """)
    _copy(told, "FROM items", home.table("items") / "all.parquet")


def _day(told: duckdb.DuckDBPyConnection, home: Home, n: int, people: int, many: int) -> None:
    start = AT - (DAYS - n) * DAY_US
    told.register("nothing", EVENTS.schema.empty_table())
    told.execute("CREATE OR REPLACE TEMP TABLE today AS FROM nothing")
    drawn, below = "", 0
    for name, percent in EVENTS_DRAWN:
        below += percent
        drawn += f" WHEN dice < {below} THEN '{name}'"
    told.execute(f"""
        INSERT INTO today BY NAME
        SELECT 'm{n}-' || i AS {c.MESSAGE}, 0 AS {c.LINE}, CASE{drawn} END AS {c.EVENT},
            {start} + i * {DAY_US // max(many, 1)} AS {c.AT}, 'u' || who AS {c.USER},
            'i' || thing AS {c.ITEM}, 100 + thing AS {c.PRICE}, 1.0 AS {c.QUANTITY},
            100 + thing AS {c.TOTAL}, CASE WHEN i % 2 = 0 THEN 'app' ELSE 'h5' END AS channel
        FROM (
            SELECT i, hash(i, {n}, 1) % 100 AS dice, hash(i, {n}, 2) % {people} AS who,
                hash(i, {n}, 3) % {ITEM_COUNT} AS thing
            FROM range({many}) AS made(i)
        )
    """)
    _copy(told, "FROM today", home.events / f"day={utc_day(start)}" / "all.parquet")


def _snapshot(told: duckdb.DuckDBPyConnection, home: Home, people: int) -> None:
    folder = home.features / folder_name(AT)
    columns = ", ".join(f"{_value(tag, n)} AS {tag.column}" for n, tag in enumerate(TAGS.values()))
    everybody = f"range({people}) AS made(i)"
    named = f"'u' || i AS {c.USER}"
    _copy(told, f"SELECT {named}, {columns} FROM {everybody}", folder / "portraits.parquet")
    _copy(
        told,
        f"""SELECT {named}, CASE WHEN i % 100 = 0 THEN []::VARCHAR[] END AS consents,
            TRUE AS personalized, []::VARCHAR[] AS suppressed FROM {everybody}""",
        folder / "people.parquet",
    )
    tied = f"SELECT {named}, 'u' || hash(i, j) % {people} AS {c.PEER}"
    pairs = f"{everybody}, range(5) AS others(j)"
    _copy(
        told,
        f"{tied}, hash(j, i) % 5 > 2 AS strong FROM {pairs}",
        folder / "strength.parquet",
    )
    _copy(told, f"{tied}, 'friend' AS tie_type FROM {pairs}", folder / "ties.parquet")
    manifest = Manifest(AT, declaration_hash(), "UTC", "made", 0, 0)
    (folder / "manifest.json").write_text(json.dumps(asdict(manifest)))


def _value(tag: Tag, n: int) -> str:
    """SQL of a tag's value for person ``i``; one in ten has none."""
    dice = f"hash(i, {n + 10})"
    match tag.kind:
        case Kind.ENUM:
            words = ", ".join(f"'{word}'" for word in tag.words)
            made = f"([{words}])[1 + ({dice} % {len(tag.words)})::BIGINT]"
        case Kind.TEXT:
            made = f"'t' || {dice} % 300"
        case Kind.BOOL:
            made = f"{dice} % 2 = 0"
        case Kind.INT:
            made = f"({dice} % 1000)::BIGINT"
        case Kind.FLOAT:
            made = f"{dice} % 100000 / 1000.0"
        case Kind.LIST:
            entry = "{{'key': 'c' || {} % 50, 'score': 1.0}}"
            made = f"[{entry.format(dice)}, {entry.format('i')}]"
        case Kind.GRADES:
            grade = f"(1 + {dice} % {len(tag.words)})::DOUBLE"
            made = f"[{{'key': 'c' || i % 50, 'score': {grade}}}]"
        case Kind.VECTOR:
            numbers = ", ".join(f"hash(i, {n}, {j}) % 100 / 100.0" for j in range(len(tag.labels)))
            made = f"[{numbers}]"
    return f"CASE WHEN hash(i, {n + 10}, 7) % 10 > 0 THEN {made} END"
