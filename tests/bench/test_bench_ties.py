"""``huoren bench ties`` as a user calls it: what it promises holds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench


def test_ties_are_learned_and_fakes_are_found(figures):
    called = [str(Path(sys.executable).with_name("huoren")), "bench", "ties", "--json"]
    told = json.loads(subprocess.run(called, capture_output=True, check=True).stdout)
    rows = {(row["data"], row["method"]): row for row in told["rows"]}
    for data in {data for data, method in rows if method == "huoren"}:
        assert rows[data, "huoren"]["gain"] >= 0.03
        assert rows[data, "huoren"]["gain_low"] > 0.0
    assert rows["simulated", "communities"]["nmi"] > 0.8
    assert rows["fraud", "fakes: any"]["precision"] > 0.9
    assert rows["fraud", "fakes: any"]["recall"] > 0.8
    assert rows["demo", "fakes: any"]["flagged"] <= 3
    figures.extend({"bench": "ties", **row} for row in told["rows"])
