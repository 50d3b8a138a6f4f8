"""Every bench prints the same envelope."""

import json

import pytest

from training.bench.machine import machine, peak_mb, versions
from training.bench.report import Report, command, measured, show

ROWS = [{"method": "huoren", "seconds": 1.5, "peak_mb": 1e6, "events": 1_000},
        {"method": "online", "read_us": None}]  # fmt: skip


def test_one_json_object_with_these_keys_alone(capsys: pytest.CaptureFixture[str]):
    show(measured("features", lambda: ROWS), as_json=True)
    told = json.loads(capsys.readouterr().out)
    keys = ["bench", "at", "machine", "versions", "seconds", "peak_mb", "rows", "command"]
    assert list(told) == keys
    assert (told["bench"], told["rows"], told["peak_mb"]) == ("features", ROWS, 1e6)
    assert set(told["machine"]) == {"cpu", "cores", "memory_gb"}
    assert {"huoren", "python"} <= set(told["versions"])


def test_a_table_has_a_column_for_whatever_a_row_says(capsys: pytest.CaptureFixture[str]):
    show(measured("features", lambda: ROWS), as_json=False)
    told = capsys.readouterr().out
    assert "1,000" in told
    assert "read_us" in told


def test_the_machine_is_this_one():
    assert int(str(machine()["cores"])) >= 1
    assert versions()["python"].startswith("3.11")


def test_the_peak_stays_when_memory_is_given_back():
    block = bytearray(b"x") * 64_000_000
    most = peak_mb()
    del block
    assert most > 64
    assert peak_mb() == pytest.approx(most, rel=0.1)


def test_the_command_names_benchmark_data_wherever_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("HUOREN_BENCH_DATA", str(tmp_path))
    words = ["bench", "accuracy", "--train", f"{tmp_path}/set/train.txt", "--json", "--note", "a b"]
    told = "huoren bench accuracy --train $HUOREN_BENCH_DATA/set/train.txt --note 'a b'"
    assert command(words) == told


def test_rows_too_wide_for_a_table_stand_on_lines_of_their_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    narrow, wide = (
        Report("x", "", {"cpu": "fast"}, {}, 1.0, 1.0, [dict.fromkeys(names, 7)], "")
        for names in (["a", "b"], [f"figure_{n}" for n in range(20)])
    )
    show(narrow, as_json=False)
    assert "│" in capsys.readouterr().out
    show(wide, as_json=False)
    said = capsys.readouterr().out
    assert "│" not in said
    assert "figure_0 7  figure_1 7" in said
