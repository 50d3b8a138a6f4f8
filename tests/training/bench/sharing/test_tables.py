"""Files of shares as canonical tables."""

import pytest

from features.errors import InputError
from training.bench.sharing import tables

SHARES = """inviter_id,item_id,voter_id,timestamp
u,i,a,2022-01-01 00:00:01
u,i,b,2022-01-01 00:00:01
u,,c,2022-01-01 00:00:02
"""


def test_those_who_opened_at_once_opened_one_share(tmp_path):
    (tmp_path / "s.csv").write_text(SHARES)
    events = tables.read(tmp_path / "s.csv", None, None)["events"].to_pylist()
    assert [(one["event"], one["user_id"]) for one in events] == [
        ("Product Shared", "u"), ("Share Link Opened", "a"), ("Share Link Opened", "b"),
    ]  # fmt: skip
    assert len({one["share_id"] for one in events}) == 1
    assert events[0]["at_us"] == 1_640_995_201_000_000


def test_attributes_by_the_names_they_have(tmp_path):
    (tmp_path / "s.csv").write_text(SHARES)
    (tmp_path / "i.csv").write_text("item_id,cate_id,brand_id\ni,7,0\nj,-1,3\n")
    (tmp_path / "u.csv").write_text("user_id,user_gender\nu,0\n")
    found = tables.read(tmp_path / "s.csv", tmp_path / "u.csv", tmp_path / "i.csv")
    items = [(one["category"], one["brand"], one["shop"]) for one in found["items"].to_pylist()]
    assert items == [("7", None, None), (None, "3", None)]
    assert found["users"]["gender"].to_pylist() == ["0"]


def test_another_file_is_refused(tmp_path):
    (tmp_path / "s.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="inviter_id"):
        tables.read(tmp_path / "s.csv", None, None)
    with pytest.raises(InputError, match="cannot be read"):
        tables.read(tmp_path / "none.parquet", None, None)
