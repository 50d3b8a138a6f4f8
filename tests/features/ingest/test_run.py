import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import FileRefused, MappingError, UnknownName
from features.history import History
from features.home import Home
from features.ingest.mapping import Mapping, parse
from features.ingest.run import ingest, ingest_table

Write = Callable[[str, str | bytes], Path]
AT = "2026-06-18T08:00:00+08:00"
AT_US = 1_781_740_800_000_000
GOOD = f"Product Viewed,{AT},u,i"


def events(*rows: str, more: str = "") -> str:
    return "\n".join([f"event,at_us,user_id,item_id{more}", *rows]) + "\n"


def read(home: Home, *columns: str) -> list[tuple[object, ...]]:
    table = History(home).events(columns)
    return sorted(zip(*(table[name].to_pylist() for name in columns), strict=True))


def test_a_csv_becomes_a_day_of_events(write: Write, home: Home) -> None:
    report = ingest(write("events.csv", events(GOOD)), home)[0]
    assert (report.rows, report.kept) == (1, 1)
    assert [path.parent.name for path in History(home).files("events")] == ["day=2026-06-18"]
    assert read(home, "event", "at_us", "item_id") == [("Product Viewed", AT_US, "i")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"Product Viewed,{AT},,i", "user_id: missing"),
        (f"Product Viewed,{AT},u,", "item_id: missing"),
        (f"Product Eaten,{AT},u,i", "event: not an event of the vocabulary"),
        ("Product Viewed,2026-06-18 08:00:00,u,i", "at_us: a time without a zone"),
        ("Product Viewed,yesterday,u,i", "at_us: not an instant"),
        ("Product Viewed,2999-01-01T00:00:00Z,u,i", "at_us: in the future"),
        ("Product Viewed,1989-12-31T23:59:59Z,u,i", "at_us: before 1990"),
        (f"Product Viewed,{AT},u,i,-1,1", "price_fen: negative"),
        (f"Product Viewed,{AT},u,i,1,-1", "quantity: negative"),
        (f"Product Viewed,{AT},u,i,1.5,1", "price_fen: not an amount of money"),
        (f"Product Viewed,{AT},u,i,1,nan", "quantity: not a number"),
        (f"Product Viewed,{AT}", "row: another number of fields than the header"),
    ],
)
def test_a_bad_row_is_quarantined_with_its_reason(
    write: Write, home: Home, quarantined: Callable[[str], pa.Table], row: str, reason: str
) -> None:
    padded = row + ",1,1" if row.count(",") == 3 else row
    text = events(f"{GOOD},1,1", padded, f"{GOOD},2,2", more=",price_fen,quantity")
    report = ingest(write("events.csv", text), home)[0]
    assert (report.kept, report.reasons) == (2, {reason: 1})
    [row_found] = quarantined("events").to_pylist()
    assert (row_found["reason"], row_found["source"], row_found["row"]) == (reason, "events.csv", 2)
    assert isinstance(json.loads(row_found["raw"]), dict)


def test_a_self_tie_is_quarantined(write: Write, home: Home) -> None:
    ties = "user_id,peer_id,tie_type\na,b,friend\nb,a,friend\na,a,friend\n"
    report = ingest(write("ties.csv", ties), home)[0]
    assert report.reasons == {"peer_id: the same person as user_id": 1}


def test_two_versions_of_one_instant(write: Write, home: Home) -> None:
    rows = ["a,0,100", "a,0,100", "a,0,200", "a,5,300", "b,0,100"]
    text = "\n".join(["item_id,valid_from_us,price_fen", *rows]).replace(
        ",5,", ",1600000000000000,"
    )
    report = ingest(write("items.csv", text), home)[0]
    assert (report.rows, report.kept, report.duplicate, report.quarantined) == (5, 3, 1, 1)
    assert report.reasons == {"item_id: a second row with this key but other content": 1}
    assert History(home).items(10)["price_fen"].to_pylist() == [100, 100]


def test_a_contradiction_of_the_home_is_quarantined(write: Write, home: Home) -> None:
    ingest(write("items.csv", "item_id,title\na,A\nb,B\n"), home)
    report = ingest(write("items.csv", "item_id,title\na,A\nb,other\nc,C\n"), home)[0]
    assert (report.kept, report.duplicate, report.quarantined) == (1, 1, 1)


def test_events_of_unknown_items(write: Write, home: Home) -> None:
    write("items.csv", "item_id\ni\n")
    source = write("events.csv", events(GOOD, GOOD, GOOD.replace(",i", ",ghost"))).parent
    report = ingest(source, home)[1]
    assert (report.kept, report.reasons) == (2, {"item_id: not in the items table": 1})
    assert ingest(source, home, unknown_items="keep")[1].kept == 1
    assert (home.quarantine / "events").glob("*.parquet").__next__ is not None


def test_without_items_no_item_is_unknown(write: Write, home: Home) -> None:
    assert ingest(write("events.csv", events(GOOD)), home)[0].kept == 1


def test_unknown_columns_are_kept_in_extra_and_noted(write: Write, home: Home) -> None:
    report = ingest(write("events.csv", events(f"{GOOD},red,", more=",colour,mood")), home)[0]
    assert read(home, "extra") == [('{"colour":"red"}',)]
    assert report.notes == ("2 unknown columns kept in extra: colour, mood",)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("events.csv", b"", "empty file"),
        ("events.csv", b"event,at_us,user_id\n", "no rows"),
        ("events.csv", b"\x89PNG\r\n\x1a\n\x00\x00", "not what its name says.*PNG"),
        ("events.csv", b"PAR1\x00\x00PAR1", "not what its name says.*got Parquet"),
        ("events.parquet", b"event,at_us\n", "not Parquet"),
        ("events.parquet", b"PAR1 cut short", "cannot be read as Parquet"),
        ("events.csv", '{"event": "x"}\n', "got JSON"),
        ("events.csv", b"event,at_us,user_id\n\xd3\xc3,1,2\n", "encoding"),
        ("events.csv.gz", b"\x1f\x8b\x08\x00 broken", "cannot be opened"),
        ("events.csv", "user_id,user_id\na,b\n", "two columns of one name"),
    ],
)
def test_an_unusable_file_is_refused_and_nothing_is_written(
    write: Write, home: Home, name: str, content: str | bytes, words: str
) -> None:
    with pytest.raises(FileRefused, match=words):
        ingest(write(name, content), home)
    assert not home.root.exists()


def test_a_mostly_bad_file_is_refused_with_its_reasons(write: Write, home: Home) -> None:
    text = events(GOOD, f"Product Viewed,{AT},u,", f"Product Viewed,{AT},v,", f"Eaten,{AT},u,i")
    with pytest.raises(FileRefused, match=r"3 of 4 rows are bad.*item_id: missing \(2\)"):
        ingest(write("events.csv", text), home)
    assert not home.root.exists()


def test_one_refused_file_keeps_the_whole_folder_out(write: Write, home: Home) -> None:
    write("users.csv", "user_id\nu\n")
    with pytest.raises(FileRefused):
        ingest(write("events.parquet", b"PAR1 cut short").parent, home)
    assert not home.root.exists()


def test_the_same_source_twice_adds_nothing(write: Write, home: Home) -> None:
    source = write("events.csv", events(GOOD, GOOD, f"Product Viewed,{AT},u,"))
    first, second = ingest(source, home)[0], ingest(source, home)[0]
    assert (first.kept, first.duplicate, first.quarantined) == (2, 0, 1)
    assert (second.kept, second.duplicate, second.quarantined) == (0, 2, 1)
    assert len(list((home.quarantine / "events").iterdir())) == 1


def test_a_mended_source_empties_its_quarantine(write: Write, home: Home) -> None:
    ingest(write("events.csv", events(GOOD, f"Product Viewed,{AT},u,")), home)
    ingest(write("events.csv", events(GOOD, f"Product Viewed,{AT},u,j")), home)
    assert list((home.quarantine / "events").iterdir()) == []
    assert [item for (item,) in read(home, "item_id")] == ["i", "j"]


def test_a_grown_source_adds_only_what_is_new(write: Write, home: Home) -> None:
    ingest(write("events.csv", events(GOOD)), home)
    report = ingest(write("events.csv", events(GOOD, GOOD)), home)[0]
    assert (report.kept, report.duplicate) == (1, 1)
    assert len(read(home, "message_id")) == 2


def test_repeats_of_a_message_are_dropped(write: Write, home: Home) -> None:
    rows = (f"{GOOD},m1,0", f"{GOOD},m1,0", f"{GOOD},m1,1", f"{GOOD},m2,0")
    report = ingest(write("events.csv", events(*rows, more=",message_id,line")), home)[0]
    assert (report.kept, report.duplicate) == (3, 1)


def test_partitioned_folders_of_both_formats(write: Write, home: Home) -> None:
    write("events/ds=2026-06-18/part-0.csv", "event,user_id,item_id\nProduct Viewed,u,i\n")
    source = write("events/ds=2026-06-19/part-0.csv", "event,user_id,item_id\nProduct Viewed,u,i\n")
    columns = "{event: event, user_id: user_id, item_id: item_id, at_us: ds}"
    mapping = parse(f"events: {{columns: {columns}, timezone: Asia/Shanghai}}")
    reports = ingest(source.parents[2], home, mapping)
    assert [report.kept for report in reports] == [1, 1]
    assert read(home, "at_us", "extra") == [
        (1_781_712_000_000_000, None),
        (1_781_798_400_000_000, None),
    ]


def test_valid_from_is_the_birth_of_the_row_or_always(write: Write, home: Home) -> None:
    ingest(write("users.csv", f"user_id,registered_us\na,{AT}\nb,\n"), home)
    assert History(home).users()["valid_from_us"].to_pylist() == [AT_US, 0]


def test_a_missing_required_column_names_what_is_there(write: Write, home: Home) -> None:
    with pytest.raises(MappingError, match=r"no column for at_us.*got event, user.*--guess"):
        ingest(write("events.csv", "event,user_id\nx,y\n"), home)


def test_a_mapped_column_that_is_not_there(write: Write, home: Home) -> None:
    mapping = parse("users: {columns: {user_id: uid}}")
    with pytest.raises(
        MappingError, match=r"user_id: unknown column of users.csv 'uid'.*use one of: u_id"
    ):
        ingest(write("users.csv", "u_id\nx\n"), home, mapping)


def test_nothing_belongs_to_a_table(write: Write, home: Home) -> None:
    with pytest.raises(FileRefused, match="belongs to a table"):
        ingest(write("orders/a.csv", "x\n1\n").parent, home)
    assert ingest(write("orders/a.csv", "userId\n1\n"), home, table="users")[0].kept == 1
    with pytest.raises(UnknownName):
        ingest(write("orders/a.csv", "userId\n1\n"), home, table="orders")


def test_arrow_tables_come_in_the_same_way(home: Home) -> None:
    table = pa.table({"user_id": [1, 2, None], "peer_id": [2, 1, 3], "tie_type": ["friend"] * 3})
    report = ingest_table(table, "ties", home, "friends of a set")
    assert (report.kept, report.reasons) == (2, {"user_id: missing": 1})
    assert ingest_table(iter(table.to_batches()), "ties", home, "friends of a set").kept == 0
    assert History(home).ties()["user_id"].to_pylist() == ["1", "2"]


def test_arrow_rows_without_a_batch(home: Home) -> None:
    with pytest.raises(FileRefused, match="no rows"):
        ingest_table(iter([]), "ties", home, "nothing")


def test_ids_that_met_a_nan_are_whole_numbers(home: Home) -> None:
    table = pa.table({
        "user_id": [7.0, 8.0, float("nan")],
        "peer_id": [8, 7, 7],
        "tie_type": ["f"] * 3,
    })
    assert ingest_table(table, "ties", home, "t").reasons == {"user_id: missing": 1}
    assert History(home).ties()["user_id"].to_pylist() == ["7", "8"]


def test_parquet_with_nested_and_zoned_columns(write: Write, home: Home) -> None:
    path = write("events.parquet", b"")
    moment = pa.array([AT_US], pa.timestamp("us", "Asia/Shanghai"))
    table = pa.table({"e": ["Product Viewed"], "t": moment, "u": [1], "p": [{"goods": 5}]})
    pq.write_table(table, path)
    mapping = parse("events: {columns: {event: e, at_us: t, user_id: u, item_id: p.goods}}")
    ingest(path, home, mapping)
    assert read(home, "at_us", "user_id", "item_id") == [(AT_US, "1", "5")]


def test_lists_of_texts(write: Write, home: Home) -> None:
    ingest(write("items.csv", 'item_id,style_tags\na,"red,blue"\nb,"[""x""]"\nc,\n'), home)
    assert History(home).items()["style_tags"].to_pylist() == [["red", "blue"], ["x"], None]


def test_a_mapping_without_parts_takes_nothing(write: Write, home: Home) -> None:
    with pytest.raises(FileRefused, match="belongs to a table"):
        ingest(write("users.csv", "user_id\nu\n"), home, Mapping())


@pytest.mark.parametrize(("unit", "fen"), [("fen", [5, 1990]), ("yuan", [500, 199000])])
def test_money_in_fen_and_yuan(write: Write, home: Home, unit: str, fen: list[int]) -> None:
    mapping = parse(f"items: {{columns: {{item_id: id, price_fen: price}}, money: {unit}}}")
    ingest(write("items.csv", "id,price\na,5\nb,1990\n"), home, mapping)
    assert History(home).items()["price_fen"].to_pylist() == fen


def test_money_units_by_column_and_by_name(write: Write, home: Home) -> None:
    columns = "{item_id: id, price_fen: [p_fen, p], list_price_fen: l}"
    mapping = parse(f"items: {{columns: {columns}, money: {{list_price_fen: yuan}}}}")
    ingest(write("items.csv", "id,p_fen,l\na,1250,12.505\n"), home, mapping)
    assert History(home).items(columns=["price_fen", "list_price_fen"]).to_pylist() == [
        {"price_fen": 1250, "list_price_fen": 1251}
    ]


def test_gbk_and_the_separator_of_hive(write: Write, home: Home) -> None:
    text = 'u1\x01男\x01\\N\nu2\x01女\x01上海 "浦东\n'
    mapping = parse("""
        users:
          names: [uid, 性别, 城市]
          columns: {user_id: uid, gender: 性别, city: 城市}
          values: {gender: {男: male, 女: female}}
          encoding: gbk
          delimiter: '\\001'
    """)
    ingest(write("users/000000_0", text.encode("gbk")).parent, home, mapping)
    assert History(home).users(columns=["user_id", "gender", "city"]).to_pylist() == [
        {"user_id": "u1", "gender": "male", "city": None},
        {"user_id": "u2", "gender": "female", "city": '上海 "浦东'},
    ]


@pytest.mark.parametrize(
    ("time", "how"),
    [
        ("1781740800", "epoch: s"),
        ("1781740800000", "epoch: ms"),
        ("1781740800000000", "epoch: us"),
        ("2026-06-18 08:00:00", "timezone: Asia/Shanghai"),
        ("2026-06-18T00:00:00Z", "timezone: Asia/Shanghai"),
        ("2026/6/18 8:00", "timezone: Asia/Shanghai, format: '%Y/%m/%d %H:%M'"),
        ("18.06.2026 02:00 +0200", "format: '%d.%m.%Y %H:%M %z'"),
    ],
)
def test_times_in_every_spelling(write: Write, home: Home, time: str, how: str) -> None:
    columns = "{event: e, at_us: t, user_id: u}"
    mapping = parse(f"events: {{columns: {columns}, {how}}}")
    ingest(write("events.csv", f"e,t,u\nCart Viewed,{time},u\n"), home, mapping)
    assert read(home, "at_us") == [(AT_US,)]


def test_numbers_as_times_need_a_unit(home: Home) -> None:
    table = pa.table({"event": ["Cart Viewed"], "t": [5], "user_id": ["u"]})
    path = home.root.parent / "events.parquet"
    pq.write_table(table, path)
    mapping = parse("events: {columns: {event: event, at_us: t, user_id: user_id}}")
    with pytest.raises(MappingError, match=r"at_us comes from 't', which holds numbers.*epoch"):
        ingest(path, home, mapping)


def test_one_source_becomes_several_tables(write: Write, home: Home) -> None:
    mapping = parse("""
        ties:
          when: {kind: follow}
          columns: {user_id: u, peer_id: x}
          constants: {tie_type: follow}
        events:
          when: {kind: [buy, pv]}
          columns: {event: kind, at_us: t, user_id: u, item_id: x, order_id: t}
          values: {event: {buy: Order Completed, pv: Product Viewed}}
    """)
    text = f"kind,u,x,t\nfollow,a,b,\nbuy,a,i,{AT}\npv,a,i,{AT}\nlogin,a,,{AT}\n"
    ties, events = ingest(write("log.csv", text), home, mapping)
    assert (ties.rows, events.rows) == (1, 2)
    assert events.notes == ("2 rows are not selected by when:",)


def test_ndjson_of_both_spellings(write: Write, home: Home) -> None:
    common = f'"event":"Product Viewed","timestamp":"{AT}","properties":{{"product_id":7}}'
    lines = [f'{{"messageId":"a","userId":1,{common}}}', "", "not json"]
    lines.append(f'{{"message_id":"b","anonymous_id":"c",{common}}}')
    report = ingest(write("events.jsonl", "\n".join(lines)), home)[0]
    assert read(home, "message_id", "user_id", "item_id") == [
        ("a", "1", "7"),
        ("b", "anonymous:c", "7"),
    ]
    assert report.reasons == {"row: not a JSON object": 1}


def test_a_json_array_and_a_gzipped_file(write: Write, home: Home) -> None:
    write("users.json", '[\n{"userId": 1},\n{"userId": 2}]')
    source = write("items.csv.gz", gzip.compress(b"item_id\ni\n")).parent
    assert [report.kept for report in ingest(source, home)] == [2, 1]


def test_days_are_sorted_by_time(write: Write, home: Home) -> None:
    rows = [f"Cart Viewed,2026-06-18T0{hour}:00:00Z,u," for hour in (3, 1, 2)]
    ingest(write("events.csv", events(*rows)), home)
    times = pq.read_table(History(home).files("events")[0])["at_us"].to_pylist()
    assert times == sorted(times)
