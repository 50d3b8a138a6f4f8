from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import FileRefused, InputError
from features.history import History
from features.home import Home
from features.ingest.guess import guess
from features.ingest.mapping import parse
from features.ingest.run import ingest
from features.ingest.shell import draft

Write = Callable[[str, str | bytes], Path]
AT_US = 1_781_740_800_000_000

CHINESE = (
    "用户ID,商品ID,下单时间,价格,订单号\n1,2,2026/6/18 8:00,19.9,o1\n2,3,2026/6/18 8:00,9.9,o2\n"
)
TAOBAO = "1,2268318,2520377,pv,1781740800\n1,2333346,2520771,buy,1781740800\n"
HIVE = "uid\x01gender\x01city\n1\x01男\x01\\N\n2\x01女\x01上海\n"


def round_trip(source: Path, home: Home) -> list[dict[str, object]]:
    ingest(source, home, parse(guess(source)))
    rows = History(home).events().to_pylist() or History(home).users().to_pylist()
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def test_chinese_names_in_gbk(write: Write, home: Home) -> None:
    source = write("导出.csv", CHINESE.encode("gbk"))
    rows = round_trip(source, home)
    assert {(row["event"], row["at_us"], row["order_id"]) for row in rows} == {
        ("Order Completed", AT_US, "o1"),
        ("Order Completed", AT_US, "o2"),
    }
    assert sorted(row["price_fen"] for row in rows) == [990, 1990]  # type: ignore[type-var]
    assert "# not UTF-8" in guess(source)


def test_the_separator_of_hive_and_its_nulls(write: Write, home: Home) -> None:
    rows = round_trip(write("users.csv", HIVE), home)
    assert rows == [
        {"user_id": "1", "valid_from_us": 0, "gender": "male"},
        {"user_id": "2", "valid_from_us": 0, "gender": "female", "city": "上海"},
    ]


@pytest.mark.parametrize(("time", "epoch"), [(AT_US // 10**6, "s"), (AT_US // 1000, "ms")])
def test_words_for_events_and_the_epoch(write: Write, home: Home, time: int, epoch: str) -> None:
    text = f"user_id,item_id,behavior_type,ts\n1,2,pv,{time}\n1,2,fav,{time}\n1,3,cart,{time}\n"
    source = write("log.csv", text)
    assert f"epoch: {epoch} # by the size of {time}" in guess(source)
    assert {(row["event"], row["at_us"]) for row in round_trip(source, home)} == {
        ("Product Viewed", AT_US),
        ("Product Added to Wishlist", AT_US),
        ("Product Added", AT_US),
    }


def test_a_word_without_a_guess_is_commented(write: Write) -> None:
    text = "user_id,item_id,event,ts\n1,2,pv,1781740800\n1,2,frobnicate,1781740800\n"
    assert "# frobnicate: no guess, goes to quarantine" in guess(write("log.csv", text))


def test_a_file_without_a_header_gets_names(write: Write) -> None:
    drafted = guess(write("events.csv", TAOBAO), "events")
    assert parse(drafted).events[0].names == tuple(f"column_{n}" for n in range(1, 6))


def test_parquet_types_and_json_paths(write: Write, home: Home) -> None:
    moment = pa.array([AT_US + 8 * 3_600_000_000], pa.timestamp("us"))
    table = pa.table({"buyerId": [1], "goodsId": [2], "pay_time": moment, "orderNo": ["o"]})
    path = write("orders.parquet", b"")
    pq.write_table(table, path)
    assert [(row["user_id"], row["at_us"]) for row in round_trip(path, home)] == [("1", AT_US)]
    text = '{"uid": "7", "time": "2026-06-18T00:00:00Z", "data": {"goods_id": 5}}\n'
    drafted = parse(guess(write("log.ndjson", text)))
    assert drafted.events[0].columns["item_id"] == ("data.goods_id",)


def test_a_folder_of_several_tables(write: Write) -> None:
    write("goods.csv", "goods_id,price_fen,类目\na,100,c\n")
    write("follow.csv", "uid,friend_id\na,b\n")
    drafted = guess(write("orders_1.csv", CHINESE).parent)
    mapping = parse(drafted)
    assert mapping.items[0].source == "goods.csv"
    assert mapping.items[0].money == "fen"
    assert mapping.ties[0].constants == {"tie_type": "friend"}
    assert mapping.events[0].source == "orders_*.csv"


def test_segment_calls_are_known(write: Write) -> None:
    text = '{"type":"track","event":"e","messageId":"m","timestamp":"t","userId":"u"}\n'
    assert parse(guess(write("export.ndjson", text))).events[0].explode


def test_nothing_to_guess_from(write: Write) -> None:
    with pytest.raises(FileRefused, match="no table can be told"):
        guess(write("x.csv", "a,b\n1,2\n"))


def test_an_existing_mapping_is_not_overwritten(write: Write, tmp_path: Path) -> None:
    source, file = write("导出.csv", CHINESE), tmp_path / "mapping.yaml"
    draft(source, file, None)
    assert parse(file.read_text()).events
    with pytest.raises(InputError, match="exists already"):
        draft(source, file, None)
