"""Sharing over HTTP: what the app is told, and what operators alone are told."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from serving.guard import Guard
from serving.resources import Resources
from tests.serving.conftest import Client


def test_items_to_share_with_a_friend(client: Any) -> None:
    found = client.post("/v1/share-items", json={"user_id": "u", "peer_id": "f", "k": 2}).json()
    assert [one["item_id"] for one in found["items"]] == ["i0", "i1"]


def test_a_prompt_is_decided(client: Any) -> None:
    asked = {"user_id": "u", "item_id": "i0"}
    shown = client.post("/v1/share-prompts/decide", json=asked).json()
    assert (shown["show"], shown["why"], shown["next_allowed_at"]) == (True, "likely", None)
    held = client.post("/v1/share-prompts/decide", json=asked | {"surface": "moments"}).json()
    assert (held["show"], held["next_allowed_at"]) == (False, "2026-06-18T05:00:00Z")
    assert held["propensity"] == {"p": 0.2, "low": 0.1, "high": 0.3}


def test_why_somebody_is_held_back_is_for_operators(resources: Resources, tmp_path: Any) -> None:
    keys = {"app": "app-key", "admin": "admin-key"}
    file = tmp_path / "keys"
    file.write_text(
        "".join(f"{scope} {sha256(key.encode()).hexdigest()} x\n" for scope, key in keys.items())
    )
    client = Client(replace(resources, guard=Guard.open(file)))
    asked = {"user_id": "u", "peer_id": "m"}
    told = {
        scope: client.post(
            "/v1/share-items", json=asked, headers={"authorization": f"Bearer {key}"}
        ).json()
        for scope, key in keys.items()
    }
    assert "held" not in told["app"]
    assert told["admin"]["held"] == [{"id": "m", "why": "muted"}]
    assert told["app"]["items"] == told["admin"]["items"] == []
