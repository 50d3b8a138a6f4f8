"""A table becomes a trial, or says why not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from features.errors import FileRefused, InputError, UnknownName
from training.uplift.table import Design, read

DESIGN = Design("arm", "none", "visit", ("age", "city", "vip"))
N = 400


def rows() -> pa.Table:
    at = np.arange(N)
    return pa.table({
        "arm": np.where(at % 2, "none", "mail"),
        "age": pa.array([None if i % 10 == 0 else i % 60 for i in range(N)], pa.int64()),
        "city": np.array(["A", "B", "C"])[at % 3],
        "vip": at % 4 == 0,
        "visit": (at % 5 == 0).astype(int),
        "sent": np.datetime64("2026-05-02T00:00:00") + at.astype("timedelta64[s]"),
        "came": np.datetime64("2026-05-02T01:00:00") + at.astype("timedelta64[s]"),
        "name": [f"u{i}" for i in range(N)],
    })


@pytest.fixture
def path(tmp_path: Path) -> Path:
    pq.write_table(rows(), tmp_path / "trial.parquet")
    return tmp_path / "trial.parquet"


def test_words_become_columns_and_unknown_stays_unknown(path: Path):
    trial = read(path, DESIGN)
    assert trial.columns == ("age", "city=A", "city=B", "city=C", "vip")
    assert trial.treated[:4].tolist() == [True, False, True, False]
    assert np.isnan(trial.rows[0, 0])
    assert trial.rows[1].tolist() == [1, 0, 1, 0, 0]
    assert trial.outcome.sum() == N / 5


def test_a_csv_gives_the_same(path: Path, tmp_path: Path):
    pc.write_csv(rows(), tmp_path / "trial.csv")
    ours, theirs = read(path, DESIGN), read(tmp_path / "trial.csv", DESIGN)
    assert np.array_equal(ours.rows, theirs.rows, equal_nan=True)
    assert ours.treated.tolist() == theirs.treated.tolist()


def test_many_words_are_numbered_commonest_first(path: Path):
    trial = read(path, replace(DESIGN, features=("name", "sent")))
    assert trial.columns == ("name", "sent")
    assert sorted(trial.rows[:, 0]) == list(range(N))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"control": "nobody"}, "treatment without control.*'mail' 200, 'none' 200"),
        ({"outcome": "name"}, "name is no number"),
        ({"treated_at": "came", "outcome_at": "sent"}, "earlier than its treatment.*400 rows"),
    ],
)
def test_what_is_no_trial_is_refused(path: Path, changed: dict[str, str], said: str):
    with pytest.raises(InputError, match=said):
        read(path, replace(DESIGN, **changed))


def test_an_outcome_after_its_treatment_is_taken(path: Path):
    assert len(read(path, replace(DESIGN, treated_at="sent", outcome_at="came"))) == N


@pytest.mark.parametrize("later", ["arm", "visit", "spend", "came"])
def test_what_came_after_is_no_feature(later: str):
    with pytest.raises(InputError, match=f"{later} is no feature"):
        Design(
            "arm", "none", "visit", ("age", later), after=("spend",), treated_at="sent",
            outcome_at="came",
        )  # fmt: skip


def test_an_unknown_column_names_the_nearest(path: Path):
    with pytest.raises(UnknownName, match="unknown column 'visits'; next: use one of: visit"):
        read(path, replace(DESIGN, outcome="visits"))


def test_a_file_that_is_no_table_is_refused(tmp_path: Path):
    with pytest.raises(FileRefused, match="is not there"):
        read(tmp_path / "no.parquet", DESIGN)
    (tmp_path / "bad.parquet").write_text("no")
    with pytest.raises(FileRefused, match="cannot be read"):
        read(tmp_path / "bad.parquet", DESIGN)
