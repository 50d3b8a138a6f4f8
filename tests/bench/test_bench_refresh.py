"""``huoren bench refresh`` on a simulated world: a refresh costs less and names nearly as much."""

from dataclasses import replace
from pathlib import Path

import pytest

from features.clock import parse_instant
from training.bench.refresh.run import rows
from training.config import TrainConfig
from training.world import World, simulate

pytestmark = pytest.mark.bench


def test_a_refresh_keeps_up(tmp_path: Path, figures: list[dict[str, object]]) -> None:
    end = parse_instant("2026-06-01T12:00:00+08:00")
    simulate(World(users=600, items=400, days=50), tmp_path / "world", 1, end_us=end)
    config = replace(TrainConfig(), queries=600)
    found = list(rows("simulated", tmp_path / "world", config, periods=10, days=2))
    figures += [{"bench": "refresh", **row} for row in found]
    total = {row["way"]: row for row in found if row["period"] == "all"}
    assert total["refreshed"]["seconds"] < 0.7 * total["retrained"]["seconds"]
    assert total["refreshed"]["ndcg@20"] >= 0.9 * total["retrained"]["ndcg@20"]
