"""A token opens what is about one person, for a quarter of an hour."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.tokens import LIFETIME_US, Tokens
from tests.serving.conftest import Client

NOW = 1_780_000_000_000_000


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens.open(tmp_path / "tokens.key")


def test_a_token_is_good_until_its_time_is_over(tokens: Tokens) -> None:
    token, until_us = tokens.mint("用户1", NOW)
    assert until_us == NOW + LIFETIME_US
    assert tokens.person(token, until_us - 1) == "用户1"
    assert tokens.person(token, until_us) is None


@pytest.mark.parametrize("spoil", [lambda t: t[:-2], lambda t: t + "A", lambda t: "ut_" + t[::-1],
                                   lambda t: "ut_", lambda t: "ut_é"])  # fmt: skip
def test_a_changed_token_is_none(tokens: Tokens, spoil: Callable[[str], str]) -> None:
    token, _ = tokens.mint("u1", NOW)
    assert tokens.person(spoil(token), NOW) is None


def test_an_older_secret_still_verifies_and_a_removed_one_does_not(
    tokens: Tokens, tmp_path: Path
) -> None:
    token, _ = tokens.mint("u1", NOW)
    path = tmp_path / "tokens.key"
    old = path.read_text()
    path.write_text("n" * 64 + "\n" + old)
    tokens.secrets.look()
    assert tokens.person(token, NOW) == "u1"
    path.write_text("n" * 64 + "\n")
    tokens.secrets.look()
    assert tokens.person(token, NOW) is None


def test_the_secret_is_its_owners_alone_and_made_once(tokens: Tokens, tmp_path: Path) -> None:
    assert (tmp_path / "tokens.key").stat().st_mode & 0o077 == 0
    token, _ = tokens.mint("u1", NOW)
    assert Tokens.open(tmp_path / "tokens.key").person(token, NOW) == "u1"


@pytest.fixture
def as_u1(client: Client) -> dict[str, str]:
    token = client.post("/v1/tokens", json={"user_id": "u1"}).json()["token"]
    return {"authorization": f"Bearer {token}"}


def test_a_person_asks_for_the_own_feed_alone(client: Client, as_u1: dict[str, str]) -> None:
    own = client.post("/v1/feed", json={"user_id": "u1", "k": 2}, headers=as_u1)
    other = client.post("/v1/feed", json={"user_id": "u2", "k": 2}, headers=as_u1)
    assert (own.status_code, other.status_code) == (200, 403)
    assert client.get("/v1/users/u2/portrait", headers=as_u1).status_code == 403


def test_a_person_tells_of_own_acts_and_not_who_is_who(
    client: Client, as_u1: dict[str, str], event: Callable[..., dict[str, Any]]
) -> None:
    def told(**more: Any) -> int:
        batch = {"events": [event(), event(message_id="m2", **more)]}
        return client.post("/v1/events", json=batch, headers=as_u1).status_code

    assert told() == 202
    assert told(user_id="u2") == 403
    assert told(type="alias", previous_id="u2") == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/v1/items", {"items": [{"item_id": "i1"}]}),
        ("POST", "/v1/tokens", {"user_id": "u1"}),
        ("GET", "/metrics", None),
    ],
)
def test_a_person_opens_nothing_else(
    client: Client, as_u1: dict[str, str], method: str, path: str, body: object
) -> None:
    assert client.request(method, path, json=body, headers=as_u1).status_code == 403


def test_an_unknown_token_is_no_key(client: Client) -> None:
    answer = client.post(
        "/v1/feed", json={"user_id": "u1"}, headers={"authorization": "Bearer ut_AAAA"}
    )
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/no-key")
