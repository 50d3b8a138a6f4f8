from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import TABLES
from training.loaders import alibaba


def test_acts_of_a_day_come_at_noon_and_as_often_as_they_were_done(tmp_path: Path) -> None:
    acts = {"user": [7] * 4, "item": [1, 1, 1, 2], "behaviour": ["click", "click", "buy", "cart"]}
    pq.write_table(pa.table(acts | {"day": [20190610] * 4}), tmp_path / "events.parquet")
    goods = {"item": [1, 2], "category_level1": [3, 3], "category": [31, 32], "brand": [0, 9]}
    pq.write_table(pa.table(goods | {"price": [1.5, 20.0]}), tmp_path / "items.parquet")
    told = {key: ["-1"] for key in ("age_level", "education", "career", "income", "stages")}
    pq.write_table(pa.table({"user": ["7"], "gender": ["1"], **told}), tmp_path / "users.parquet")
    tables = alibaba.load(tmp_path)
    events = tables["events"].to_pylist()
    assert sorted(row["event"] for row in events) == [
        "Order Completed", "Product Added", "Product Viewed", "Product Viewed",
    ]  # fmt: skip
    assert len({row["message_id"] for row in events}) == 4
    assert {row["at_us"] for row in events} == {1_560_139_200_000_000}
    (order,) = (row for row in events if row["event"] == "Order Completed")
    assert (order["price_fen"], order["total_fen"], order["quantity"]) == (150, 150, 1)
    assert [row["brand"] for row in tables["items"].to_pylist()] == [None, "9"]
    assert tables["users"]["gender"].to_pylist() == ["female"]


def test_the_public_file_is_as_described(bench_data: Path) -> None:
    tables = alibaba.load(bench_data / "alibaba_ecomm")
    assert tables["events"].num_rows == 85_213
    assert len(set(tables["events"]["message_id"].to_pylist())) == 85_213
    for name, table in tables.items():
        assert table.schema == TABLES[name].schema
        assert all(table[column].null_count == 0 for column in TABLES[name].required)
