import base64
from pathlib import Path

import pytest
from starlette.requests import Request

from features.errors import FileRefused
from serving.errors import Refusal
from serving.guard import Guard, new_key


def ask(address: str = "10.0.0.9", **headers: str) -> Request:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": (address, 1), "headers": pairs})


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    made = {scope: new_key(scope, scope) for scope in ("app", "marketer", "admin")}
    (tmp_path / "keys").write_text("# keys\n" + "\n".join(line for _, line in made.values()))
    return {scope: key for scope, (key, _) in made.items()}


def refused(guard: Guard, request: Request, scope: str | None) -> str:
    with pytest.raises(Refusal) as caught:
        guard.check(request, scope)
    return caught.value.word


def test_a_key_opens_its_scope(tmp_path: Path, keys: dict[str, str]) -> None:
    guard = Guard.open(tmp_path / "keys")
    assert guard.check(ask(authorization=f"Bearer {keys['app']}"), "app").scopes == {"app"}
    assert refused(guard, ask(authorization=f"Bearer {keys['marketer']}"), "app") == "forbidden"
    assert "app" in guard.check(ask(authorization=f"bearer {keys['admin']}"), "app").scopes


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic !!", "Digest x", "Basic"])
def test_without_a_valid_key_nothing_opens(
    tmp_path: Path, keys: dict[str, str], header: str
) -> None:
    assert refused(Guard.open(tmp_path / "keys"), ask(authorization=header), "app") == "no-key"


def test_segments_write_key_is_a_user_name(tmp_path: Path, keys: dict[str, str]) -> None:
    basic = base64.b64encode(f"{keys['app']}:".encode()).decode()
    request = ask(authorization=f"Basic {basic}")
    assert Guard.open(tmp_path / "keys").check(request, "app").scopes == {"app"}


def test_health_needs_no_key_on_this_machine(tmp_path: Path, keys: dict[str, str]) -> None:
    guard = Guard.open(tmp_path / "keys")
    assert guard.check(ask("127.0.0.1"), "local").scopes == frozenset()
    assert refused(guard, ask("10.0.0.9"), "local") == "no-key"
    assert guard.check(ask(authorization=f"Bearer {keys['marketer']}"), "local").scopes


def test_keyless_service_answers_to_its_own_names_alone() -> None:
    guard = Guard(None)
    for host in ("localhost", "127.0.0.1:3000", "[::1]:3000"):
        assert guard.check(ask("127.0.0.1", host=host), "admin").scopes
    assert refused(guard, ask("127.0.0.1", host="evil.example:3000"), "app") == "not-local"


def test_keyless_service_answers_this_machine_alone() -> None:
    assert refused(Guard(None), ask("10.0.0.9", host="localhost"), None) == "not-local"


@pytest.mark.parametrize(
    "text", ["", "app", "root " + "0" * 64, "app " + "0" * 63, ", " + "0" * 64]
)
def test_a_wrong_keys_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").write_text(text)
    with pytest.raises(FileRefused, match="huoren key app"):
        Guard.open(tmp_path / "keys")


def test_a_key_is_renewed_while_the_service_runs(tmp_path: Path, keys: dict[str, str]) -> None:
    guard = Guard.open(tmp_path / "keys")
    fresh, line = new_key("app", "the new one")
    (tmp_path / "keys").write_text(line)
    guard.keys.look()
    assert guard.check(ask(authorization=f"Bearer {fresh}"), "app").note == "the new one"
    assert refused(guard, ask(authorization=f"Bearer {keys['app']}"), "app") == "no-key"


@pytest.mark.parametrize("spoiled", ["", "app not-a-digest"])
def test_a_spoiled_keys_file_leaves_the_keys_in_force(
    tmp_path: Path, keys: dict[str, str], spoiled: str
) -> None:
    guard = Guard.open(tmp_path / "keys")
    (tmp_path / "keys").write_text(spoiled)
    guard.keys.look()
    assert guard.check(ask(authorization=f"Bearer {keys['app']}"), "app").scopes == {"app"}
