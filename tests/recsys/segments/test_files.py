"""Files for spreadsheets and machines: ids stay text, nothing half-written is left."""

import zipfile

import pyarrow.parquet as pq
import pytest

from features.errors import InputError
from recsys.segments.files import writer

ROWS = [["0042", "target", 1.5, [{"key": "茶"}]], ["=1+1", "control", None, []]]


def write(path) -> None:
    with writer(path, ["用户ID", "实验组", "价值", "品类"]) as add:
        for row in ROWS:
            add(row)


def test_a_spreadsheet_holds_ids_as_text_and_chinese_titles(tmp_path):
    write(tmp_path / "out.xlsx")
    with zipfile.ZipFile(tmp_path / "out.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert '<c r="A2" s="1" t="inlineStr"><is><t>0042</t></is></c>' in sheet
    assert "用户ID" in sheet
    assert "<f>" not in sheet  # no formula


def test_a_csv_opens_in_spreadsheets(tmp_path):
    write(tmp_path / "out.csv")
    data = (tmp_path / "out.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert "'=1+1" in data.decode()


def test_parquet_keeps_words(tmp_path):
    write(tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["用户ID"].to_pylist() == ["0042", "=1+1"]


def test_a_file_is_whole_or_not_there(tmp_path):
    with pytest.raises(ZeroDivisionError), writer(tmp_path / "out.csv", ["a"]):
        raise ZeroDivisionError
    with pytest.raises(InputError, match="no kind of file"), writer(tmp_path / "a.doc", ["a"]):
        pass
    assert not list(tmp_path.iterdir())
