"""The DAGs of docs/airflow run to their end in a real Airflow, in an environment of its own.

Its pins are many and not ours, so ``make soak`` installs it beside the environment, not into it.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from features.home import Home
from training import champion
from training.world import World, simulate

pytestmark = pytest.mark.soak

PROJECT = Path(__file__).parents[2]
INSTALLED = Path(os.environ.get("HUOREN_AIRFLOW", str(Path(sys.prefix) / "airflow")))

SETTINGS = """
queries = 60
cuts = [0.5, 0.7, 0.85]
als.iterations = 3
feed.rounds = 20
"""

GATES = """
feed_of_popularity = 0.0
coverage_of_popularity = 0.0
sharing_of_frequency = 0.0
calibration_error = 99.0
latency_ms = 60000
chances_of_rate = 99.0
"""
"""A tiny model proves nothing; what is promoted here is to be in service, not admired."""

Airflow = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("airflow")
    simulate(World(users=160, items=100, days=26), root / "world", 5)
    huoren = str(Path(sys.executable).with_name("huoren"))
    called = [huoren, "ingest", str(root / "world"), "--data", str(root / "home")]
    subprocess.run(called, check=True, capture_output=True, timeout=120)
    return Home(root / "home")


@pytest.fixture(scope="module")
def airflow(home: Home) -> Airflow:
    if not (INSTALLED / "bin" / "airflow").exists():
        reason = f"no Airflow in {INSTALLED} (make soak installs it)"
        if os.environ.get("HUOREN_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    root = home.root.parent
    (root / "settings.toml").write_text(SETTINGS)
    (root / "gates.toml").write_text(GATES)
    environment = os.environ | {
        "AIRFLOW_HOME": str(root / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "docs" / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "HUOREN": str(Path(sys.executable).with_name("huoren")),
        "HUOREN_HOME": str(home.root),
        "HUOREN_MLRUNS": str(root / "mlruns"),
        "HUOREN_CONFIG": str(root / "settings.toml"),
        "HUOREN_GATES": str(root / "gates.toml"),
    }

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(INSTALLED / "bin" / "airflow"), *words]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=1_800, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    call("db", "migrate")
    return call


def test_a_week_trains_anew_and_a_night_refreshes(home: Home, airflow: Airflow) -> None:
    airflow("dags", "test", "huoren_weekly")
    first = champion.read(home)
    assert first is not None
    airflow("dags", "test", "huoren_nightly")
    second = champion.read(home)
    assert second is not None
    assert second.previous == first.sha
    assert [one["why"] for one in champion.history(home)] == ["huoren_weekly", "huoren_nightly"]
