import json
import socket
from pathlib import Path

import pytest

from features.errors import FileRefused, InputError, MissingStep
from features.home import Home
from serving import tracing
from serving.running import checked, free_port
from serving.settings import Settings
from tests.serving.shops import promote, write_bundle


def test_nothing_starts_without_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(MissingStep, match="huoren train"):
        checked(Settings(Home(tmp_path)))


def test_nothing_starts_with_a_wrong_keys_file(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("letmein")
    with pytest.raises(FileRefused, match="line 1"):
        checked(Settings(Home(tmp_path), keys=tmp_path / "keys"))


def test_nothing_starts_with_traces_that_cannot_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="the extra huoren"):
        checked(Settings(Home(tmp_path), traces=0.01))


def test_days_are_counted_as_the_bundle_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    bundle = write_bundle(home, 0)
    promote(home, bundle)
    path = bundle.folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["settings"]["zone"] = "UTC"
    path.write_text(json.dumps(manifest))
    assert checked(Settings(home)).zone.name == "UTC"
    monkeypatch.setenv("HUOREN_ZONE", "Asia/Tokyo")
    assert checked(Settings(home)).zone.name == "Asia/Tokyo"


def test_a_free_port_is_free() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port("127.0.0.1")))
    with pytest.raises(InputError, match="an IP address of this machine"):
        free_port("192.0.2.1")
