import json
from pathlib import Path

import pytest

from features.cli import build, main
from features.errors import InputError, UnknownName
from training.world.command import world_of

TINY = ["--users", "12", "--items", "9", "--days", "2", "--end", "2026-06-01T12:00:00+08:00"]


def call(*words: str) -> None:
    build()(["simulate", *words], standalone_mode=False)


def test_it_prints_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(str(tmp_path / "w"), *TINY, "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["users"] == 12
    assert told["end"] == "2026-06-01T03:00:00Z"
    assert "this world" in told["measures"]


def test_it_prints_the_world_beside_the_real_sets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUOREN_BENCH_DATA", str(tmp_path / "nowhere"))
    call(str(tmp_path / "w"), *TINY)
    lines = capsys.readouterr().out.splitlines()
    assert any("oracle" in line for line in lines)
    [degree] = [line.split() for line in lines if "degree, mean" in line]
    assert degree[-5:] == ["-"] * 5


def test_bad_input_ends_with_code_3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["huoren", "simulate", str(tmp_path / "w"), "--users", "0"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3


def test_presets_can_be_changed_but_not_invented() -> None:
    world = world_of("bench", users=None, items=5, days=None, zone="Europe/Paris")
    assert (world.users, world.items, world.zone) == (100_000, 5, "Europe/Paris")
    with pytest.raises(UnknownName, match="bench, demo"):
        world_of("huge", users=None, items=None, days=None, zone="")
    with pytest.raises(InputError, match="expected days >= 1"):
        world_of("demo", users=None, items=None, days=-1, zone="")
