import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving.monitoring import Metrics


def test_only_the_bundle_in_service_is_one() -> None:
    metrics = Metrics()
    metrics.serve("cafe")
    metrics.serve("beef")
    lines = metrics.text().decode().splitlines()
    assert 'huoren_bundle_info{version="beef"} 1.0' in lines
    assert 'huoren_bundle_info{version="cafe"} 0.0' in lines


def test_drops_are_told_from_the_start() -> None:
    lines = Metrics().text().decode().splitlines()
    assert 'huoren_impressions_total{result="dropped"} 0.0' in lines


def test_stages_and_sources_of_a_list_are_counted() -> None:
    metrics = Metrics()
    metrics.listed({"ranking": 2.5}, {"als": 200})
    lines = metrics.text().decode().splitlines()
    assert 'huoren_feed_stage_seconds_sum{stage="ranking"} 0.0025' in lines
    assert 'huoren_feed_candidates_sum{source="als"} 200.0' in lines


def test_gauges_of_a_killed_worker_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lagging = (
        "import os; from serving.monitoring import Metrics; "
        "Metrics().lag.set(7); os.kill(os.getpid(), 9)"
    )
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    subprocess.run([sys.executable, "-c", lagging], env=dict(os.environ), check=False)
    assert list(tmp_path.glob("gauge_livemax_*.db"))
    assert "huoren_state_lag_entries" not in Metrics().text().decode()
    assert not list(tmp_path.glob("gauge_livemax_*.db"))
