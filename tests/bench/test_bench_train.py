"""``huoren bench train`` as a user calls it, small."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from training.run import STEPS

pytestmark = pytest.mark.bench


def test_a_run_step_by_step_and_its_engines_beside_themselves(figures):
    called = [str(Path(sys.executable).with_name("huoren")), "bench", "train", "--json",
              "--events", "1000000"]  # fmt: skip
    told = json.loads(subprocess.run(called, capture_output=True, check=True).stdout)
    rows = {(row["step"], row["method"]): row for row in told["rows"]}
    assert {("features", "huoren"), ("train", "huoren")} <= rows.keys()
    assert {(step, "huoren") for step in STEPS} <= rows.keys()
    for engine in ("als alone", "ranker alone"):
        assert rows[engine, "huoren"]["ratio"] <= 1.15
        assert rows[engine, "bare"]["seconds"] > 0
    figures.extend({"bench": "train", **row} for row in told["rows"])
