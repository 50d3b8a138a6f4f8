"""``huoren bench events`` as a user calls it, small."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench


def test_events_are_taken_and_every_worker_knows_them(figures: list[dict[str, object]]) -> None:
    called = [str(Path(sys.executable).with_name("huoren")), "bench", "events", "--json",
              "--seconds", "3"]  # fmt: skip
    told = json.loads(subprocess.run(called, capture_output=True, check=True).stdout)
    rows = {row["stage"]: row for row in told["rows"]}
    assert tuple(rows) == ("accepted", "visible")
    assert rows["accepted"]["events_per_s"] > 200
    assert rows["accepted"]["refused"] == 0
    assert 0 <= rows["visible"]["p50_ms"] <= rows["visible"]["p99_ms"] < 1_000
    figures.extend({"bench": "events", **row} for row in told["rows"])
