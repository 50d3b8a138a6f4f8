from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features import portraits
from features.counters import Key
from features.portraits import TAGS
from tests.features.portraits.people import NOON, NOTHING, ZONE

USERS = pa.table({
    "user_id": ["b", "a", "c"],
    "gender": ["female", "male", "female"],
    "city": ["1", "2", None],
    "consents": [None, ["personalize"], []],
    "suppressed": [["demo.gender"], None, None],
})


def build(tables: dict[Key, pa.Table], users: pa.Table | None = None) -> pa.Table:
    return portraits.build(tables, NOTHING, users, at_us=NOON, zone=ZONE)


@pytest.fixture
def table() -> pa.Table:
    return build({}, USERS)


def test_one_row_for_each_person_by_id(table: pa.Table):
    assert table.column_names == ["user_id", *(tag.column for tag in TAGS.values())]
    assert table["user_id"].to_pylist() == ["a", "b", "c"]


def test_deleted_tags_and_missing_consents_are_null(table: pa.Table):
    assert table["demo__gender"].to_pylist() == ["male", None, None]
    assert table["geo__city"].to_pylist() == [None, "1", None]
    assert table["life__f_365"].to_pylist() == [0, 0, None]


def test_columns_have_types_even_when_empty():
    schema = build({Key.USER: empty()}).schema
    assert schema.field("life__stage").type == pa.string()
    assert schema.field("life__r_days").type == pa.int64()
    assert schema.field("life__m_365").type == pa.float64()
    assert schema.field("soc__role_vec").type == pa.list_(pa.float64())
    entry = schema.field("aff__cat_top").type.value_type
    assert (entry.field("key").type, entry.field("score").type) == (pa.string(), pa.float64())


def test_parquet_brings_every_value_back(table: pa.Table, tmp_path: Path):
    pq.write_table(table, tmp_path / "portraits.parquet")
    assert pq.read_table(tmp_path / "portraits.parquet").to_pylist() == table.to_pylist()


def empty() -> pa.Table:
    from features.catalogue import of_key

    kinds = {"user_id": pa.string()} | {one.column: pa.float64() for one in of_key(Key.USER)}
    return pa.schema(kinds.items()).empty_table()


def test_coverage_counts_people_and_shows_what_is_common(table: pa.Table):
    rows = {one.tag.name: one for one in portraits.coverage(table)}
    assert list(rows) == list(TAGS)
    gender, orders = rows["demo.gender"], rows["life.f_365"]
    assert (gender.people, gender.share, gender.distribution) == (
        1,
        pytest.approx(1 / 3),
        "male 100%",
    )
    assert (orders.people, orders.distribution) == (2, "0 / 0 / 0")
    assert rows["aff.cat_top"].distribution == ""
