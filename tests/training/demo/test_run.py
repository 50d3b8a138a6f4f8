import json
from pathlib import Path

import pytest

from features.errors import FileRefused, InputError, UnknownName
from features.home import Home
from training.demo.run import run
from training.demo.steps import StepFailed, Steps


def test_the_whole_way_on_a_small_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = run("simulated", None, tmp_path, size={"users": 500, "items": 300, "days": 35})
    written = json.loads((tmp_path / "simulated" / "summary.json").read_text())
    assert written == summary
    names = [step["name"] for step in summary["steps"]]
    assert names == ["simulate", "ingest", "features", "train", "evaluate", "promote", "serve"]
    assert all(step["seconds"] > 0 and step["peak_mb"] > 0 for step in summary["steps"])
    feed = {name: row["ndcg@20"] for name, row in summary["feed"].items()}
    assert feed["full"] > feed["popularity"]
    assert summary["http"]["changed_after_event"] is True
    told = capsys.readouterr().out
    assert "the whole way" in told
    assert "whom to share with" in told


def test_an_unknown_source_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="taobao-share"):
        run("taobao", None, tmp_path)


def test_a_public_set_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--path"):
        run("ciao", None, tmp_path)


def test_a_step_that_refuses_ends_the_demo_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ratings\.parquet"):
        run("ciao", tmp_path, tmp_path / "out")


def test_a_step_says_how_to_run_it_by_hand(tmp_path: Path) -> None:
    steps = Steps({}, lambda name: None)
    with pytest.raises((StepFailed, FileRefused, InputError), match="huoren ingest"):
        steps.run("ingest", "ingest", str(tmp_path / "nothing"), "--data", str(Home(tmp_path).root))
