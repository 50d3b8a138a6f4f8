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


def test_a_share_into_a_community_is_charged_to_it(
    client: Any, event: Any, resources: Resources
) -> None:
    told = {"product_id": "i1", "share_id": "s1", "community_id": "c1"}
    sent = event("Product Shared", "m1", properties=told)
    for _ in range(2):  # what is sent again counts once
        client.post("/v1/events", json={"events": [sent]})
    at_us = resources.clock.now_us()
    assert resources.ledger.count("community:c1", "share", "day", at_us) == 1


def test_who_was_erased_is_proposed_to_nobody(client: Any, resources: Resources) -> None:
    tie = {"user_id": "u1", "peer_id": "gone", "tie_type": "friend"}
    client.put("/v1/ties", json={"ties": [tie]})
    assert set(resources.store.states(["u1"])["u1"].ties) == {"gone"}
    resources.store.forget(["gone"])
    assert "gone" not in resources.store.states(["u1"])["u1"].ties
