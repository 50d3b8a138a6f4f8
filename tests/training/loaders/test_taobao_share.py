from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.clock import parse_instant
from features.tables import TABLES
from training.loaders import taobao_share

AT = "2022-05-01T10:00:00"
LATER = "2022-05-02T10:00:00"


@pytest.fixture
def tables(tmp_path: Path) -> Mapping[str, pa.Table]:
    """A shares x: b and c come. The next day a shares x again, and b comes."""
    shares = {
        "inviter_id": ["a", "a", "a"],
        "item_id": ["x", "x", "x"],
        "voter_id": ["c", "b", "b"],
        "timestamp": [datetime.fromisoformat(at) for at in (AT, AT, LATER)],
    }
    items = {
        "item_id": ["x", "y", "z"],
        "cate_id": [162, 16, -1],
        "cate_level1_id": [16, 16, -1],
        "brand_id": [9, 0, -1],
        "shop_id": [5, 6, -1],
    }
    users = {
        "user_id": ["a", "b", "c"],
        "user_gender": [0, 1, -1],
        "user_age": [2, -1, 8],
        "user_level": [10, 1, 3],
    }
    for name, columns in {"shares": shares, "items": items, "users": users}.items():
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    return taobao_share.load(tmp_path)


def test_one_share_has_several_openings(tables: Mapping[str, pa.Table]) -> None:
    rows = tables["events"].to_pylist()
    assert [(row["event"], row["user_id"], row["peer_id"], row["item_id"]) for row in rows] == [
        ("Product Shared", "a", None, "x"),
        ("Share Link Opened", "b", "a", "x"),
        ("Share Link Opened", "c", "a", "x"),
        ("Product Shared", "a", None, "x"),
        ("Share Link Opened", "b", "a", "x"),
    ]
    first, second = rows[0]["share_id"], rows[3]["share_id"]
    assert [row["share_id"] for row in rows] == [first] * 3 + [second] * 2
    assert first != second
    assert len({row["message_id"] for row in rows}) == 5


def test_naive_times_are_utc(tables: Mapping[str, pa.Table]) -> None:
    assert set(tables["events"]["at_us"].to_pylist()) == {
        parse_instant(at + "+00:00") for at in (AT, LATER)
    }


def test_unknown_is_null(tables: Mapping[str, pa.Table]) -> None:
    columns = ["category", "category_path", "brand", "shop"]
    assert [tuple(row.values()) for row in tables["items"].select(columns).to_pylist()] == [
        ("162", "16/162", "9", "5"),
        ("16", "16", None, "6"),
        (None, None, None, None),
    ]
    columns = ["gender", "member_level", "extra"]
    assert [tuple(row.values()) for row in tables["users"].select(columns).to_pylist()] == [
        ("female", "10", '{"age_level": 2}'),
        ("male", "1", None),
        (None, "3", '{"age_level": 8}'),
    ]


def test_the_public_slice_is_as_described(bench_data: Path) -> None:
    tables = taobao_share.load(bench_data / "taobao_share")
    shared, opened = (
        tables["events"].filter(pc.field("event") == name)
        for name in ("Product Shared", "Share Link Opened")
    )
    assert (shared.num_rows, opened.num_rows) == (26_479, 27_084)
    openings = Counter(opened["share_id"].to_pylist())
    assert set(openings) == set(shared["share_id"].to_pylist())
    assert (max(openings.values()), sum(n > 1 for n in openings.values())) == (5, 471)
    inviters, voters = set(shared["user_id"].to_pylist()), set(opened["user_id"].to_pylist())
    assert (len(inviters), len(voters), len(inviters & voters)) == (9_297, 11_454, 1_579)
    nulls = {name: tables["items"][name].null_count for name in ("category", "brand", "shop")}
    assert nulls == {"category": 6, "brand": 3_728, "shop": 6}
    assert (tables["users"]["gender"].null_count, tables["users"]["extra"].null_count) == (
        2127,
        2577,
    )
    for name, table in tables.items():
        assert table.schema == TABLES[name].schema
        assert all(table[column].null_count == 0 for column in TABLES[name].required)
