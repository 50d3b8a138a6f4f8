from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.tables import TABLES
from training.loaders import ciao

NOON = 959_670_000


@pytest.fixture
def tables(tmp_path: Path) -> Mapping[str, pa.Table]:
    """Person 1 rates 10 twice in a day and 11 once; person 2 rates 11, with no stars at all."""
    rows = [
        (1, 10, 7, 2, 1, NOON),
        (1, 10, 7, 5, 3, NOON),
        (1, 11, 8, 3, 4, NOON + 86_400),
        (2, 11, 9, 0, 1, NOON),
        (2, 11, 9, 4, 1, NOON + 86_400),
    ]
    names = ["user", "product", "category", "rating", "helpfulness", "unix_time"]
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    pq.write_table(pa.table(columns), tmp_path / "ratings.parquet")
    pq.write_table(pa.table({"user": [1], "trusts": [3]}), tmp_path / "trust.parquet")
    return ciao.load(tmp_path)


def test_four_stars_are_a_purchase_and_fewer_a_view(tables: Mapping[str, pa.Table]) -> None:
    columns = ["user_id", "item_id", "event", "rating", "quantity", "at_us"]
    assert [tuple(row.values()) for row in tables["events"].select(columns).to_pylist()] == [
        ("1", "10", "Order Completed", 5, 1, NOON * 1_000_000),
        ("2", "11", "Product Viewed", None, None, NOON * 1_000_000),
        ("1", "11", "Product Viewed", 3, None, (NOON + 86_400) * 1_000_000),
        ("2", "11", "Order Completed", 4, 1, (NOON + 86_400) * 1_000_000),
    ]


def test_ids_are_made_of_the_row(tables: Mapping[str, pa.Table]) -> None:
    first, view = tables["events"].to_pylist()[:2]
    assert first["message_id"] == f"ciao:1:10:{NOON}"
    assert first["order_id"] == f"1:10:{NOON}"
    assert first["extra"] == '{"helpfulness": 3}'
    assert view["order_id"] is None


def test_the_most_frequent_category_wins(tables: Mapping[str, pa.Table]) -> None:
    items = tables["items"].to_pylist()
    assert {row["item_id"]: row["category"] for row in items} == {"10": "7", "11": "9"}


def test_trust_is_an_undated_tie_and_makes_people_known(tables: Mapping[str, pa.Table]) -> None:
    (tie,) = tables["ties"].to_pylist()
    assert (tie["user_id"], tie["peer_id"], tie["tie_type"]) == ("1", "3", "follow")
    assert tie["since_us"] is None
    assert tables["users"]["user_id"].to_pylist() == ["1", "2", "3"]


def test_the_public_file_is_as_described(bench_data: Path) -> None:
    tables = ciao.load(bench_data / "ciao")
    events = tables["events"]
    counts = {row["values"]: row["counts"] for row in events["event"].value_counts().to_pylist()}
    assert counts == {"Order Completed": 227_101, "Product Viewed": 56_627}
    assert len(set(events["message_id"].to_pylist())) == events.num_rows == 284_086 - 358
    times = [datetime.fromtimestamp(at / 1e6, UTC) for at in set(events["at_us"].to_pylist())]
    assert {(at.hour, at.minute, at.second) for at in times} == {(7, 0, 0)}
    assert (f"{min(times):%F}", f"{max(times):%F}") == ("2000-05-30", "2011-04-12")
    assert events["rating"].null_count == 34
    rows = {name: tables[name].num_rows for name in ("users", "items", "ties")}
    assert rows == {"users": 7_375, "items": 105_114, "ties": 57_544}
    for name, table in tables.items():
        assert table.schema == TABLES[name].schema
        assert all(table[column].null_count == 0 for column in TABLES[name].required)
