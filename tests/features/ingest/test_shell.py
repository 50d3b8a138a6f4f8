import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from features.commands import app
from features.home import Home
from features.ingest.report import Report
from features.ingest.shell import show

Write = Callable[[str, str], Path]


def run(*words: object) -> str:
    result = CliRunner().invoke(app, ["ingest", *map(str, words)], catch_exceptions=False)
    return result.stdout


def test_json_is_one_object(write: Write, home: Home) -> None:
    source = write("ties.csv", "user_id,peer_id,tie_type\na,b,friend\na,b,friend\na,a,friend\n")
    printed = json.loads(run(source, "--data", home.root, "--json"))
    [report] = printed["reports"]
    assert {key: report[key] for key in ("table", "in", "kept", "duplicate", "quarantined")} == {
        "table": "ties",
        "in": 3,
        "kept": 1,
        "duplicate": 1,
        "quarantined": 1,
    }


def test_the_table_tells_reasons_and_where(write: Write, home: Home) -> None:
    source = write("ties.csv", "user_id,peer_id,tie_type\na,b,friend\nb,a,friend\na,a,friend\n")
    said = " ".join(run(source, "--data", home.root).split())
    assert "ties: 1 quarantined: peer_id: the same person as user_id" in said
    assert "quarantined rows are in" in said


def test_many_files_are_one_line() -> None:
    console = Console(width=100, file=StringIO())
    show([Report("users", f"{n}.csv", 1, kept=1) for n in range(9)], Home(Path("h")), console)
    assert "9 files" in console.file.getvalue()  # type: ignore[attr-defined]


def test_guess_then_ingest(write: Write, home: Home, tmp_path: Path) -> None:
    source = write("people.csv", "会员ID,城市\n1,上海\n2,北京\n")
    mapping = tmp_path / "mapping.yaml"
    assert "check it" in run(source, "--guess", "--mapping", mapping)
    assert run(source, "--guess") == mapping.read_text()
    printed = run(source, "--data", home.root, "--mapping", mapping, "--json")
    assert json.loads(printed)["reports"][0]["kept"] == 2


@pytest.mark.parametrize("option", ["--unknown-items=drop", "--table"])
def test_wrong_usage(option: str) -> None:
    assert CliRunner().invoke(app, ["ingest", "x.csv", option]).exit_code == 2
