"""Public data sets through mappings, as their users would write them."""

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.history import History
from features.home import Home
from features.ingest.mapping import parse
from features.ingest.run import ingest

ALIBABA = """
users:
  columns: {user_id: user}
items:
  columns: {item_id: item, category: category, brand: brand, price_fen: price}
  money: yuan
events:
  - when: {behaviour: [click, collect, cart]}
    columns: &columns {event: behaviour, at_us: day, user_id: user, item_id: item}
    values: &events
      event:
        click: Product Viewed
        collect: Product Added to Wishlist
        cart: Product Added
        buy: Order Completed
    format: "%Y%m%d"
    timezone: Asia/Shanghai
  - when: {behaviour: buy}
    columns: {<<: *columns, order_id: day}
    values: *events
    format: "%Y%m%d"
    timezone: Asia/Shanghai
"""

JOURNEY = """
items:
  source: products.parquet
  columns: {item_id: product_id, category: product_category, brand: brand}
events:
  source: transactions.parquet
  columns:
    user_id: household_id
    at_us: transaction_timestamp
    item_id: product_id
    order_id: basket_id
    quantity: quantity
    total_fen: sales_value
  constants: {event: Order Completed, currency: USD}
  drop: [store_id, retail_disc, coupon_disc, coupon_match_disc, week]
  timezone: America/New_York
  money: yuan # the major unit
"""


def test_alibaba(bench_data: Path, home: Home) -> None:
    source = bench_data / "alibaba_ecomm"
    reports = ingest(source, home, parse(ALIBABA), unknown_items="keep")
    assert all(one.rows == one.kept + one.duplicate + one.quarantined for one in reports)
    raw = pq.read_table(source / "events.parquet")
    events = [one for one in reports if one.table == "events"]
    assert sum(one.kept for one in events) == raw.num_rows
    stored = History(home).events(["event", "at_us", "message_id"])
    assert pc.count_distinct(stored["message_id"]).as_py() == stored.num_rows == raw.num_rows
    bought = pc.sum(pc.equal(raw["behaviour"], "buy")).as_py()
    assert pc.sum(pc.equal(stored["event"], "Order Completed")).as_py() == bought
    assert pc.min(stored["at_us"]).as_py() % 86_400_000_000 == 16 * 3_600_000_000  # 00:00 Beijing


def test_baskets_whose_products_the_catalogue_lacks(
    bench_data: Path, tmp_path: Path, home: Home
) -> None:
    products = pq.read_table(bench_data / "complete_journey" / "products.parquet")
    baskets = pq.read_table(bench_data / "complete_journey" / "transactions.parquet")[:100_000]
    for name, table in {"products": products, "transactions": baskets}.items():
        (tmp_path / "source").mkdir(exist_ok=True)
        pq.write_table(table, tmp_path / "source" / f"{name}.parquet")
    _, events = ingest(tmp_path / "source", home, parse(JOURNEY))
    known = baskets.filter(pc.is_in(baskets["product_id"], products["product_id"]))
    assert events.reasons == {"item_id: not in the items table": 100_000 - known.num_rows}
    assert (events.kept, events.duplicate) == (known.num_rows, 0)
    cents = pc.sum(History(home).events(["total_fen"])["total_fen"]).as_py()
    assert abs(cents / 100 - pc.sum(known["sales_value"]).as_py()) < 0.01
