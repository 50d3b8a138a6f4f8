from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.tables import TABLES
from training.loaders import complete_journey


def test_a_basket_is_an_order_with_a_line_for_each_product(tmp_path: Path) -> None:
    rows = {
        "household_id": [1, 1, 1], "basket_id": [9, 9, 9], "product_id": [5, 6, 7],
        "quantity": [2, 1, 0], "sales_value": [3.0, 1.0, 0.0], "retail_disc": [0.5, 0.0, 0.0],
        "coupon_disc": [0.0, 0.25, 0.0], "coupon_match_disc": [0.0, 0.0, 0.0],
        "transaction_timestamp": [datetime(2017, 1, 1, 12)] * 3,
    }  # fmt: skip
    pq.write_table(pa.table(rows), tmp_path / "transactions.parquet")
    goods = {
        "product_id": [5, 6, 7], "manufacturer_id": [2, 3, 3], "department": ["A/B"] * 3,
        "brand": ["National"] * 3, "product_category": ["ICE", "TEA", None],
    }  # fmt: skip
    pq.write_table(pa.table(goods), tmp_path / "products.parquet")
    names = ("age", "income", "household_size", "kids_count")
    told = pa.table({"household_id": [1], **{name: ["x"] for name in names}})
    pq.write_table(told, tmp_path / "demographics.parquet")
    coupon = {"household_id": [1], "coupon_upc": [7], "campaign_id": [3]}
    day = {"redemption_date": [datetime(2017, 1, 2)]}
    pq.write_table(pa.table(coupon | day), tmp_path / "coupon_redemptions.parquet")
    tables = complete_journey.load(tmp_path)
    redeemed = tables["events"].to_pylist()[2]
    assert (redeemed["event"], redeemed["coupon_id"]) == ("Coupon Applied", "7")
    tables["events"] = tables["events"].slice(0, 2)
    first, second = tables["events"].to_pylist()
    assert (first["line"], first["item_id"], second["line"], second["item_id"]) == (0, "5", 1, "6")
    assert first["message_id"] == second["message_id"] == "basket:9"
    assert (first["price_fen"], first["list_price_fen"]) == (150, 175)
    assert (second["price_fen"], second["total_fen"]) == (75, None)
    assert (first["total_fen"], first["discount_fen"]) == (375, 75)
    assert tables["items"]["category_path"].to_pylist() == ["A-B/ICE", "A-B/TEA", None]
    assert '"income":"x"' in tables["users"]["extra"][0].as_py()


@pytest.mark.bench
def test_the_public_file_is_as_described(bench_data: Path) -> None:
    tables = complete_journey.load(bench_data / "complete_journey")
    assert tables["events"].num_rows == 1_469_307 - 8_869 + 2_102
    assert tables["users"].num_rows == 2_469
    for name, table in tables.items():
        assert table.schema == TABLES[name].schema
        assert all(table[column].null_count == 0 for column in TABLES[name].required)
