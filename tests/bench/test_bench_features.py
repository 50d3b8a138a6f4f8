"""``huoren bench features`` as a user calls it, small."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench


def test_declared_counters_beside_sql_and_event_by_event(figures):
    methods = ("huoren", "hand_written_sql", "online")
    called = [str(Path(sys.executable).with_name("huoren")), "bench", "features", "--json",
              "--events", "1000000", *(f"--method={name}" for name in methods)]  # fmt: skip
    told = json.loads(subprocess.run(called, capture_output=True, check=True).stdout)
    rows = {row["method"]: row for row in told["rows"]}
    assert tuple(rows) == methods
    assert rows["hand_written_sql"]["max_rel_diff"] <= 1e-9
    assert 0.3 < rows["huoren"]["ratio"] < 2.5
    assert rows["huoren"]["peak_mb"] < 2_000
    assert rows["online"]["per_cpu_s"] > 500
    assert rows["online"]["read_us"] < rows["online"]["ack_p99_ms"] * 1e3
    figures.extend({"bench": "features", **row} for row in told["rows"])
