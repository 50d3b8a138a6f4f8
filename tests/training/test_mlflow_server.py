"""A real `mlflow server`: a run is logged, found, loaded and predicts; then the server dies."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic, sleep

import httpx
import pandas as pd
import pytest

from features.errors import TrackingError
from training import job, promote
from training.gates import Gates
from training.job import Job
from training.tracking import Tracking

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@dataclass
class Server:
    """A tracking server on this machine."""

    uri: str
    process: subprocess.Popen

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def server(tracking: Tracking, tmp_path_factory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("server")
    known = tracking._client.tracking_uri.removeprefix("sqlite:///")
    shutil.copy(known, place / "mlflow.db")  # its migrations are done
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    called = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
              "--workers", "1", "--backend-store-uri", f"sqlite:///{place}/mlflow.db",
              "--artifacts-destination", str(place / "artifacts")]  # fmt: skip
    with (place / "log").open("w") as said:
        quiet = os.environ | {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # else it starts a process for each kind
        }
        process = subprocess.Popen(
            called, stdout=said, stderr=said, start_new_session=True, env=quiet
        )
        uri, until = f"http://127.0.0.1:{port}", monotonic() + 120
        while True:
            try:
                if httpx.get(f"{uri}/health").status_code == 200:
                    break
            except httpx.HTTPError:
                assert monotonic() < until, (place / "log").read_text()
                sleep(0.2)
        found = Server(uri, process)
        try:
            yield found
        finally:
            if process.poll() is None:
                found.kill()


@pytest.fixture(scope="module")
def logged(server: Server, shop, small, trained) -> Job:
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("HUOREN_MLRUNS", raising=False)
        patched.setenv("MLFLOW_TRACKING_URI", server.uri)
        patched.setenv("MLFLOW_EXPERIMENT_NAME", "somebody's own")
        return job.run(shop.home, small)


@pytest.fixture(scope="module")
def client(server: Server, logged):
    return Tracking.connect(server.uri)._client


def test_a_run_says_what_it_was_made_from(client, logged):
    run = client.get_run(logged.run_id)
    assert run.data.params["config_hash"]
    assert run.data.tags["sha"] == logged.trained.bundle.manifest["sha"]
    assert {"git revision", "code", "lightgbm"} <= run.data.tags.keys()
    (used,) = run.inputs.dataset_inputs
    assert used.dataset.name == "history"
    assert len(used.dataset.digest) == 32
    assert client.get_experiment(run.info.experiment_id).name == "somebody's own"


def test_runs_are_found_by_figures_of_slices_and_each_model_has_its_own(client, logged):
    mine = client.get_run(logged.run_id).info.experiment_id
    figure = "metrics.`feed/full/ndcg_at_20_by_person/person_known` > 0"
    assert [run.info.run_id for run in client.search_runs([mine], figure)] == [logged.run_id]
    inside = f"tags.mlflow.parentRunId = '{logged.run_id}'"
    nested = {run.info.run_name: run.data for run in client.search_runs([mine], inside)}
    assert set(nested) >= {"als", "similar", "popularity", "feed", "sharing"}
    assert nested["als"].params["factors"] == "8"
    assert nested["feed"].metrics["ndcg_at_20"] > nested["popularity"].metrics["ndcg_at_20"]


def test_the_registered_model_loads_and_predicts(server, client, logged, shop, monkeypatch):
    import mlflow

    monkeypatch.setenv("HUOREN_HOME", str(shop.home.root))
    mlflow.set_tracking_uri(server.uri)
    model = mlflow.pyfunc.load_model("models:/huoren@challenger")
    users = [*shop.past.acts.people][:3]
    found = model.predict(pd.DataFrame({"user_id": [*users, "a stranger"]}), params={"k": 5})
    assert found.groupby("user_id").size().to_dict() == dict.fromkeys([*users, "a stranger"], 5)
    assert found["place"].tolist() == [1, 2, 3, 4, 5] * 4
    lists = found.groupby("user_id")["item_id"].apply(tuple)
    assert lists.nunique() > 1


def test_a_bundle_is_promoted_from_the_server_alone(server, logged, tmp_path):
    from features.home import Home

    nothing = Gates(*[0.0] * 5, chances_of_rate=99.0, calibration_error=99.0, latency_ms=1e9)
    elsewhere = Home(tmp_path / "elsewhere")
    crowned, _ = promote.promote(elsewhere, "challenger", Tracking.connect(server.uri), nothing)
    assert crowned.sha == logged.trained.bundle.manifest["sha"]
    assert (elsewhere.bundles / crowned.sha / "manifest.json").is_file()


def test_a_server_that_dies_costs_no_work(server, logged, shop, small, monkeypatch):
    monkeypatch.setenv("HUOREN_MLRUNS", server.uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    honest = job.train

    def then_dies(*given):
        found = honest(*given)
        server.kill()
        return found

    monkeypatch.setattr(job, "train", then_dies)
    with pytest.raises(TrackingError, match=r"is written, but not logged.*finished steps are kept"):
        job.run(shop.home, small)
    with pytest.raises(TrackingError, match="the tracking server cannot be used"):
        job.run(shop.home, small)
