"""What counts as a difference between two methods."""

import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.counters import Key
from training.bench.features.compare import max_rel_diff, missing


def kept(folder: Path, value: list[float | None], people: list[str] | None = None) -> Path:
    """Counters of people; of everything else nothing."""
    folder.mkdir()
    for key in Key:
        rows = {name: pa.array([], pa.string()) for name in key.columns} | {"value": pa.array([])}
        if key is Key.USER:
            rows = {"user_id": people or [f"u{n}" for n in range(len(value))], "value": value}
        pq.write_table(pa.table(rows), folder / f"{key.word}.parquet")
    return folder


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ([1.0, None], [1.0, None], 0.0),
        ([100.0], [101.0], 1 / 101),
        ([0.0], [1e-9], 1e-3),  # divided by 1e-6
        ([1.0, None], [1.0, 2.0], math.inf),
        ([1.0], [1.0, 2.0], math.inf),
    ],
)
def test_the_largest_relative_difference(tmp_path, one, other, apart):
    folders = kept(tmp_path / "one", one), kept(tmp_path / "other", other)
    assert max_rel_diff(*folders) == pytest.approx(apart)


def test_another_person_is_another_row(tmp_path):
    folders = kept(tmp_path / "a", [1.0], ["a"]), kept(tmp_path / "b", [1.0], ["b"])
    assert max_rel_diff(*folders) == math.inf


def test_a_counter_that_nobody_wrote_by_hand_is_named_and_not_compared(tmp_path):
    ours, rival = kept(tmp_path / "ours", [1.0]), kept(tmp_path / "rival", [1.0])
    table = pq.read_table(ours / "user.parquet").append_column("new", pa.array([3.0]))
    pq.write_table(table, ours / "user.parquet")
    assert max_rel_diff(ours, rival) == math.inf
    assert (max_rel_diff(ours, rival, some=True), missing(ours, rival)) == (0.0, ["new"])
