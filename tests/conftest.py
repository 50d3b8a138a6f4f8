"""Fixtures that every room shares."""

import json
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def bench_data() -> Path:
    """Folder of the public benchmark data: HUOREN_BENCH_DATA, else ../shared/data.

    Skips with the reason where it is absent; fails instead when HUOREN_REQUIRE_ALL=1.
    """
    project = Path(__file__).parent.parent
    named = os.environ.get("HUOREN_BENCH_DATA")
    folder = Path(named) if named else project.parent / "shared" / "data"
    if not folder.is_dir():
        reason = f"no benchmark data folder at {folder} (set HUOREN_BENCH_DATA)"
        if os.environ.get("HUOREN_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(autouse=True)
def quiet_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads the developer's own home or store."""
    monkeypatch.delenv("HUOREN_HOME", raising=False)
    monkeypatch.delenv("HUOREN_STORE", raising=False)


FIGURES: list[dict[str, object]] = []


@pytest.fixture
def figures() -> list[dict[str, object]]:
    """Rows that a measurement adds; printed as JSON lines when the run ends."""
    return FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured."""
    if FIGURES:
        terminalreporter.section("figures")
    for row in FIGURES:
        terminalreporter.line(json.dumps(row))
