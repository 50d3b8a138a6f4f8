"""`huoren train` and `huoren evaluate` as people call them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.cli import build
from features.errors import InputError, TrackingError
from training.commands import app
from training.config import read, to_toml


@pytest.fixture(scope="module")
def said(shop, small, tracking, tmp_path_factory) -> dict:
    """What `huoren train --json` printed."""
    config = tmp_path_factory.mktemp("config") / "train.toml"
    config.write_text(to_toml(small))
    called = ["train", "--data", str(shop.home.root), "--config", str(config), "--json"]
    uri = tracking._client.tracking_uri
    result = CliRunner().invoke(build(), called, env={"HUOREN_MLRUNS": uri})
    assert result.exit_code == 0, repr(result.exception)[:3000]
    return json.loads(result.stdout)


def test_the_json_names_what_was_made(said, shop):
    assert Path(said["bundle"]) == shop.home.bundles / said["sha"]
    assert Path(said["report"]).is_file()
    assert {"feed", "sharing", "ties"} <= set(said["metrics"])
    assert said["windows"]["test"][0].endswith("Z")
    assert len(said["steps"]) > 3


def test_the_same_history_settings_and_seed_make_the_same_bundle(said, trained):
    assert said["sha"] == trained.bundle.manifest["sha"]


def test_the_run_and_the_bundle_are_in_mlflow(said, tracking):
    version = tracking.find(said["sha"])
    assert version is not None
    assert version.sha == said["sha"]
    assert version.number == said["version"]
    run = tracking._client.get_run(said["run_id"])
    assert run.data.metrics["feed/full/ndcg_at_20"] == pytest.approx(
        said["metrics"]["feed"]["full"]["ndcg@20"]
    )
    assert run.data.params["als/factors"] == "8"


def test_the_report_tells_of_the_run(said):
    page = Path(said["report"]).read_text()
    assert said["run_id"] in page
    assert said["sha"][:12] in page


def test_evaluate_prints_json(said, shop, tmp_path):
    called = ["evaluate", "--data", str(shop.home.root), "--bundle", said["sha"][:12],
              "--report", str(tmp_path / "page.html"), "--json"]  # fmt: skip
    result = CliRunner().invoke(app, called)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["sha"] == said["sha"]
    assert found["metrics"]["feed"]["full"]["ndcg@20"] == pytest.approx(
        said["metrics"]["feed"]["full"]["ndcg@20"]
    )


def test_every_setting_can_be_printed_and_read(tmp_path):
    result = CliRunner().invoke(app, ["train", "--print-config"])
    (tmp_path / "train.toml").write_text(result.stdout)
    assert read(tmp_path / "train.toml") == read(None)


def test_a_wrong_setting_is_refused_before_any_work(shop, tmp_path):
    (tmp_path / "train.toml").write_text("sed = 1")
    called = ["train", "--data", str(shop.home.root), "--config", str(tmp_path / "train.toml")]
    result = CliRunner().invoke(app, called)
    assert isinstance(result.exception, InputError)


def test_a_tracking_server_that_is_down_is_told_before_any_work(shop):
    before = sorted(shop.home.bundles.glob("*"))
    called = ["train", "--data", str(shop.home.root)]
    env = {"HUOREN_MLRUNS": "http://127.0.0.1:9"}
    result = CliRunner().invoke(app, called, env=env)
    assert isinstance(result.exception, TrackingError)
    assert sorted(shop.home.bundles.glob("*")) == before


def test_tables_for_people(said, shop, tmp_path):
    called = ["evaluate", "--data", str(shop.home.root), "--report", str(tmp_path / "page.html")]
    result = CliRunner().invoke(app, called)
    assert result.exit_code == 0, result.output
    assert "feed, tested on" in result.stdout
    assert "popularity" in result.stdout


def test_a_scheduler_calls_step_by_step(said, shop, small, tmp_path):
    config = tmp_path / "train.toml"
    config.write_text(to_toml(small))
    called = ["train", "--data", str(shop.home.root), "--config", str(config)]
    result = CliRunner().invoke(app, [*called, "--until", "popularity", "--json"])
    assert [one["name"] for one in json.loads(result.stdout)["steps"]] == [
        "history",
        "ties",
        "popularity",
    ]
    result = CliRunner().invoke(app, [*called, "--until", "popularity"])
    assert result.stdout.startswith("history: unchanged, skipped; peak memory")
