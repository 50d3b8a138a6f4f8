"""What marketers and admins called is written down."""

from dataclasses import replace
from pathlib import Path

import msgspec

from serving import app
from serving.audit import Audit, Line
from serving.resources import Resources
from tests.serving.conftest import Client

AT = 1_781_755_200_000_000  # 2026-06-18T04:00:00Z


def lines(folder: Path) -> list[Line]:
    (path,) = folder.iterdir()
    return [msgspec.json.decode(line, type=Line) for line in path.read_bytes().splitlines()]


def test_a_line_for_each_call(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit")
    audit.note(AT, "console", "marketer", "post-segments", 201, "R1")
    audit.note(AT, "console", "marketer", "post-segments", 422, "R2")
    found = lines(tmp_path / "audit")
    assert [(line.at[:7], line.key, line.status, line.request_id) for line in found] == [
        ("2026-06", "console", 201, "R1"),
        ("2026-06", "console", 422, "R2"),
    ]
    assert next((tmp_path / "audit").iterdir()).stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_fails_no_request(tmp_path: Path, caplog) -> None:
    (tmp_path / "file").write_text("")
    Audit(tmp_path / "file").note(AT, "k", "admin", "route", 200, "R1")
    assert "audit line not written" in caplog.text
    assert "R1" in caplog.text


def test_calls_of_marketers_are_audited_and_those_of_the_app_are_not(
    resources: Resources, monkeypatch
) -> None:
    routes = tuple(
        replace(route, scope="admin") if route.path == "/v1/ties" else route for route in app.ROUTES
    )
    monkeypatch.setattr(app, "ROUTES", routes)
    client = Client(resources)
    client.post("/v1/feed", json={"user_id": "u1"})
    client.put("/v1/ties", json={"ties": []})
    (line,) = lines(resources.audit.folder)
    assert (line.key, line.route, line.status) == ("this machine", "put-ties", 422)
