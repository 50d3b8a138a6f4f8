"""The house is in order: what is exported, shipped, locked, named and written down."""

import importlib
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.cli import build

ROOT = Path(__file__).parent.parent
PACKAGES = ("features", "recsys", "training", "serving")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LONGEST = 400
BESIDE = {"tracing"}
"""Extras whose pins differ from the lock file's: their `make` word installs them beside it."""


def tracked() -> list[Path]:
    """Files under version control; all of the tree where there is no git."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def packages() -> Iterator[str]:
    for path in sorted(ROOT.glob("*/**/__init__.py")):
        name = path.parent.relative_to(ROOT)
        if name.parts[0] in PACKAGES:
            yield ".".join(name.parts)


@pytest.mark.parametrize("name", [*packages()])
def test_exported_names_exist_and_packages_say_what_they_are(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    names = getattr(module, "__all__", [])
    assert [one for one in names if not hasattr(module, one)] == []
    assert sorted(names) == sorted(set(names))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        return archive.namelist()


def test_the_wheel_holds_the_four_packages_alone(wheel: list[str]) -> None:
    metadata = f"{PROJECT['name']}-{PROJECT['version']}.dist-info"
    assert {name.partition("/")[0] for name in wheel} == {*PACKAGES, metadata}


def test_the_wheel_holds_every_module_and_what_modules_read(wheel: list[str]) -> None:
    sources = [path.relative_to(ROOT) for path in tracked()]
    shipped = {path.as_posix() for path in sources if path.parts[0] in PACKAGES}
    assert shipped - set(wheel) == set()
    assert "features/ingest/mappings/segment.yaml" in wheel
    assert not [name for name in wheel if "__pycache__" in name or name.endswith(".pyc")]


def test_the_lock_file_names_hashes_and_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "http" not in re.sub(r"^[a-z0-9_.-]*http[a-z0-9_.-]*==", "", lock, flags=re.MULTILINE)
    pinned = re.findall(r"^([a-z0-9_.-]+)==", lock, re.MULTILINE)
    assert len(pinned) > 50
    assert lock.count("--hash=sha256:") >= len(pinned)


def test_the_lock_file_knows_every_dependency() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    extras = PROJECT["optional-dependencies"].items()
    locked = (one for extra, needed in extras if extra not in BESIDE for one in needed)
    named = [*PROJECT["dependencies"], *locked]
    bare = [re.split(r"[\[<>=; ]", one)[0] for one in named]
    assert [name for name in bare if not re.search(f"^{name}==", lock, re.MULTILINE)] == []


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "base", "core", "misc", "manager"}
    python = [path for path in tracked() if path.suffix == ".py"]
    assert len(python) > 200
    assert [path for path in python if drawers & set(path.stem.split("_"))] == []


def test_no_file_is_too_long_to_read() -> None:
    python = [path for path in tracked() if path.suffix == ".py"]
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in python
        if (lines := path.read_text(encoding="utf-8").count("\n")) > LONGEST
    }
    assert long == {}


def commands() -> set[str]:
    app = build()
    found = {group.name for group in app.registered_groups if group.name}
    for command in app.registered_commands:
        assert command.callback is not None
        found.add(command.name or command.callback.__name__)
    return found


def benches() -> set[str]:
    (group,) = (one for one in build().registered_groups if one.name == "bench")
    assert group.typer_instance is not None
    registered = group.typer_instance.registered_commands
    return {one.name or one.callback.__name__ for one in registered if one.callback}


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_table_of_commands_is_the_command_line(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `huoren ([a-z]+)", text, re.MULTILINE)) == commands()


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_row_of_bench_names_every_bench(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| `huoren bench NAME` \|(.*)\|$", text, re.MULTILINE)
    assert set(re.findall(r"`([a-z-]+)`", row)) == benches()


@pytest.mark.parametrize("path", ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs"])
def test_commands_and_words_that_texts_name_exist(path: str) -> None:
    files = sorted((ROOT / path).glob("*.md")) if (ROOT / path).is_dir() else [ROOT / path]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    assert set(re.findall(r"(?:`|bin/|^    )huoren ([a-z]+)", text, re.MULTILINE)) <= commands()
    words = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"(?:`|^    )make ([a-z]+)", text, re.MULTILINE)) <= set(words)


def test_exit_codes_are_told() -> None:
    told = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Exit codes")[2]
    listed = re.findall(r"^\| (\d+) \|", told.partition("\n## ")[0], re.MULTILINE)
    cli = importlib.import_module("features.cli")
    assert cli.__doc__ is not None
    stated = re.findall(r"(?:^|; |codes: |;\n)(\d+) ", cli.__doc__, re.MULTILINE)
    assert set(listed) == set(stated)
    assert {str(code) for code in cli.EXIT_CODES.values()} <= set(listed)


def test_the_changelog_knows_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(PROJECT['version'])}\]", text, re.MULTILINE)
