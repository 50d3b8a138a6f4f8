"""``huoren bench feed`` as a user calls it, small."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench


def test_feeds_beside_rivals_and_floor(figures: list[dict[str, object]]) -> None:
    called = [str(Path(sys.executable).with_name("huoren")), "bench", "feed", "--json",
              "--items", "20000", "--users", "300", "--seconds", "3"]  # fmt: skip
    told = json.loads(subprocess.run(called, capture_output=True, check=True).stdout)
    rows = {row["service"]: row for row in told["rows"]}
    assert tuple(rows) == ("huoren", "rival", "careful", "floor")
    assert all(rows[name]["same_top_k"] >= 0.9 for name in ("rival", "careful"))
    assert rows["huoren"]["at_three_times"]["failed"] == 0
    assert rows["huoren"]["requests_per_cpu_s"] > rows["careful"]["requests_per_cpu_s"]
    figures.extend({"bench": "feed", **row} for row in told["rows"])
