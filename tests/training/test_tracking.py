import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from features.errors import TrackingError
from training.tracking import CHALLENGER, CHAMPION, Tracking


def logged(tracking: Tracking, run_id: str) -> Any:
    return tracking._client.get_run(run_id)


def test_a_run_keeps_figures_by_slice_and_params(tracking: Tracking) -> None:
    with tracking.run("train", {"feed": {"k": 20}, "engine": "duckdb"}) as run:
        run.metrics({"feed": {"history=20+": {"ndcg@20": 0.25, "note": "no figure"}}, "users": 3})
    found = logged(tracking, run.id)
    assert found.data.params == {"feed/k": "20", "engine": "duckdb"}
    assert found.data.metrics == {"feed/history_20_plus/ndcg_at_20": 0.25, "users": 3.0}
    assert found.info.status == "FINISHED"


def test_more_figures_than_one_request_takes(tracking: Tracking) -> None:
    many = {f"n{i}": i for i in range(250)}
    with tracking.run("train", many) as run:
        run.metrics(many)
    found = logged(tracking, run.id).data
    assert (len(found.params), found.metrics) == (250, many)


@pytest.mark.parametrize(
    ("kind", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")]
)
def test_a_run_that_breaks_says_so(
    tracking: Tracking, kind: type[BaseException], status: str
) -> None:
    with pytest.raises(kind), tracking.run("train") as run:
        raise kind
    assert logged(tracking, run.id).info.status == status


def test_files_come_back(tracking: Tracking, tmp_path: Path) -> None:
    bundle = tmp_path / "made"
    bundle.mkdir()
    (bundle / "manifest.json").write_text("{}")
    (tmp_path / "report.html").write_text("<html/>")
    with tracking.run("train") as run:
        run.artifact(bundle, "bundle")
        run.artifact(tmp_path / "report.html")
    version = tracking.register("f11e5", f"{run.artifacts}/bundle", run.id)
    folder = tracking.fetch(version, tmp_path / "fetched")
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]
    assert (Path(run.artifacts) / "report.html").read_text() == "<html/>"


def test_an_alias_moves_and_a_bundle_is_registered_once(tracking: Tracking) -> None:
    first = tracking.register("aaa1", "/somewhere")
    second = tracking.register("bbb2", "/elsewhere")
    assert tracking.find(CHALLENGER) == second
    assert tracking.register("aaa1", "/somewhere", alias=CHAMPION) == first
    assert tracking.find(CHAMPION) == tracking.find("aaa1") == tracking.find(first.number) == first
    assert tracking.find(CHALLENGER) == second


@pytest.mark.parametrize("ref", ["ccc3", "99999", "no-such-alias", "'; drop", "1234567890123456"])
def test_what_nobody_registered_is_not_found(tracking: Tracking, ref: str) -> None:
    assert tracking.find(ref) is None


def test_a_server_that_is_down_is_named_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(TrackingError, match=rf"expected MLflow at http://127.0.0.1:{port}; got"):
        Tracking.connect(f"http://127.0.0.1:{port}")


def test_a_place_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlruns").write_text("a file")
    with pytest.raises(TrackingError, match="HUOREN_MLRUNS"):
        Tracking.connect(f"sqlite:///{tmp_path}/mlruns/mlflow.db")


def test_a_server_that_fails_later_is_named_too(tracking: Tracking) -> None:
    with tracking.run("train") as run, pytest.raises(TrackingError, match="no-such-file"):
        run.artifact(Path("no-such-file"))
    assert logged(tracking, run.id).info.status == "FINISHED"


def test_migrations_are_quiet_and_telemetry_is_off(
    first_connection: tuple[Tracking, list[str]],
) -> None:
    assert first_connection[1] == []
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_importing_the_module_does_not_import_mlflow() -> None:
    script = "import sys, training.tracking; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
