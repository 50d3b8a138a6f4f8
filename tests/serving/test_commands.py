from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.clock import now_us, parse_instant
from features.errors import InputError
from serving import running
from serving.commands import app
from serving.guard import Guard
from serving.settings import Settings


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    settings: list[Settings] = []
    monkeypatch.setattr(running, "run", settings.append)
    return settings


def test_serve_hands_its_options_over(ran: list[Settings], tmp_path: Path) -> None:
    options = ["--data", str(tmp_path), "--workers", "3", "--port", "0", "--bundle", "beef"]
    CliRunner().invoke(app, ["serve", *options], catch_exceptions=False)
    [settings] = ran
    assert (settings.home.root, settings.workers, settings.port) == (tmp_path.resolve(), 3, 0)
    assert (settings.bundle, settings.clock_offset_us, settings.keys) == ("beef", 0, None)


def test_serve_reads_from_the_environment_what_has_no_option(
    ran: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUOREN_KEY_RATE", "3")
    monkeypatch.setenv("HUOREN_ORIGINS", "https://a.example,https://b.example")
    monkeypatch.setenv("HUOREN_TRACES", "0.01")
    CliRunner().invoke(app, ["serve"], catch_exceptions=False)
    [settings] = ran
    assert (settings.limits.key_rate, settings.traces) == (3.0, 0.01)
    assert settings.origins == ("https://a.example", "https://b.example")


def test_a_bundle_may_be_a_directory(ran: list[Settings], tmp_path: Path) -> None:
    CliRunner().invoke(app, ["serve", "--bundle", str(tmp_path)], catch_exceptions=False)
    assert ran[0].bundle == str(tmp_path.resolve())


def test_the_clock_starts_where_it_is_told(ran: list[Settings]) -> None:
    at = "2011-05-01T08:00:00+08:00"
    CliRunner().invoke(app, ["serve", "--at", at], catch_exceptions=False)
    assert abs(now_us() + ran[0].clock_offset_us - parse_instant(at)) < 60_000_000


def test_a_time_without_a_zone_is_refused(ran: list[Settings]) -> None:
    with pytest.raises(InputError, match="without a zone"):
        CliRunner().invoke(app, ["serve", "--at", "2011-05-01 08:00"], catch_exceptions=False)


def test_a_made_key_opens_the_service(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["key", "app", "--name", "shop server"]).output.splitlines()
    key, line = (text.partition(":")[2].strip() for text in told)
    (tmp_path / "keys").write_text(line)
    guard = Guard.open(tmp_path / "keys")
    assert guard.keys is not None
    [kept] = guard.keys()
    assert kept.scopes == {"app"}
    assert key not in line
