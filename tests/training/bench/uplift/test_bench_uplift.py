"""The bench prints what it promises, on a trial whose order is visible."""

import json
import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.cli import build
from features.errors import InputError
from recsys.boosting import TreesConfig
from tests.training.uplift.people import trial
from training.bench.uplift import run
from training.uplift.ensemble import NO_EVIDENCE, EnsembleConfig

QUICK = EnsembleConfig(bags=3, trees=TreesConfig("regression", rounds=15, num_leaves=4))


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, object]]:
    return {str(row["method"]): dict(row) for row in run.rows(trial(), 3, QUICK)}


def test_every_method_has_its_row(rows: dict[str, dict[str, object]]):
    assert {"huoren", "s", "t", "x", "dr", "random", "placebo", "oracle"} <= set(rows)
    assert {"ate", "uplift@10", "uplift@10_low", "uplift@10_high", "gain_low", "qini", "qini_low",
            "qini_high", "metric_library"} <= set(rows["huoren"])  # fmt: skip


def test_ours_is_near_the_oracle_and_a_placebo_is_nothing(rows: dict[str, dict[str, object]]):
    ours, fake = rows["huoren"], rows["placebo"]
    assert ours["gain"] > 0 > fake["gain_low"]
    assert ours["qini_low"] > 0
    assert ours["of_oracle"] > 0.9
    assert fake["qini_low"] < 0 < fake["qini_high"]
    assert fake["evidence"] == NO_EVIDENCE


def test_one_split_has_no_interval():
    with pytest.raises(InputError, match="--seeds 2 or more"):
        next(run.rows(trial(), 1))


def test_columns_of_afterwards_are_warned_of(caplog: pytest.LogCaptureFixture):
    one = trial()
    late = np.column_stack([one.rows[:, 0] + 9 * one.treated, one.outcome])
    with caplog.at_level(logging.WARNING):
        run.warn(trial().__class__(late, ("age", "spend"), one.treated, one.outcome))
    assert "age is not alike in both arms" in caplog.text
    assert "spend makes the outcome certain" in caplog.text


def test_the_command_says_what_it_needs(tmp_path: Path):
    result = CliRunner().invoke(build(), ["bench", "uplift"])
    assert isinstance(result.exception, InputError)
    assert "expected --table FILE with --treatment" in str(result.exception)


def test_the_command_prints_one_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    one = trial(1_200)
    table = {"arm": one.treated, "age": one.rows[:, 0], "visit": one.outcome}
    pq.write_table(pa.table(table), tmp_path / "t.parquet")
    monkeypatch.setattr(run, "TIMES", 20)
    words = "bench uplift --treatment arm --control false --outcome visit,paid --features age"
    result = CliRunner().invoke(
        build(), [*words.split(), "--table", str(tmp_path / "t.parquet"), "--seeds=2", "--json"]
    )
    assert result.exception is None
    assert json.loads(result.stdout)["bench"] == "uplift"
