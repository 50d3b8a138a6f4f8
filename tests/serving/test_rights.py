"""People of several ids over HTTP, and what everybody may do with what is known."""

from collections.abc import Callable
from typing import Any

import pytest

from serving import shell
from serving.asking import Asking
from serving.resources import Resources
from serving.routes.events import about
from serving.schemas import EventsRequest

Event = Callable[..., dict[str, Any]]
AT = "2026-06-18T11:59:00+08:00"


def call(message_id: str, **more: Any) -> dict[str, Any]:
    return {"messageId": message_id, "timestamp": AT, **more}


def test_a_visitor_who_signs_in_keeps_what_was_seen(client: Any, event: Event) -> None:
    seen = {key: value for key, value in event().items() if key != "user_id"}
    client.post("/v1/events", json={"events": [seen | {"anonymous_id": "a1"}]})
    before = client.post("/v1/feed", json={"user_id": "u1"}).json()
    answer = client.post("/v1/identify", json=call("m2", userId="u1", anonymousId="a1"))
    assert answer.json()["accepted"] == 1
    after = client.post("/v1/feed", json={"user_id": "u1"}).json()
    assert (before["known_user"], after["known_user"]) == (False, True)
    assert client.store.state("u1") == client.store.state("anonymous:a1")


def test_aliases_come_in_every_way_and_go_again(client: Any, event: Event) -> None:
    client.post("/v1/alias", json=call("m1", userId="u1", previousId="u2"))
    batch = [call("m2", type="alias", userId="u1", previousId="u3")]
    client.post("/v1/batch", json={"batch": batch})
    linked = call(
        "m3", type="track", event="User Aliased", userId="u3", properties={"peer_id": "u4"}
    )
    client.post("/v1/events", json={"events": [linked]})
    assert client.store.ids("u4") == ("u1", "u2", "u3", "u4")
    apart = event("User Separated", "m4", properties={"peer_id": "u3"})
    client.post("/v1/events", json={"events": [apart]})
    assert client.store.ids("u4") == ("u3", "u4")


def test_oneself_is_no_alias(client: Any) -> None:
    answer = client.post("/v1/alias", json=call("m1", userId="u1", previousId="u1")).json()
    assert answer["rejected"] == [{"index": 0, "detail": "peer_id: the same person as user_id"}]


def test_a_person_decides_for_all_ids_at_once(client: Any) -> None:
    client.put("/v1/users/u2/personalization", json={"enabled": False})
    client.post("/v1/alias", json=call("m1", userId="u1", previousId="u2"))
    assert not client.store.state("u1").personalized
    on = client.put("/v1/users/u1/personalization", json={"enabled": True}).json()
    assert on["enabled"] is True
    said = client.put("/v1/users/u1/consents", json={"scopes": ["personalize", "share_out"]})
    assert said.json()["scopes"] == ["personalize", "share_out"]
    client.post("/v1/events", json={"events": [
        call("m2", type="track", event="User Separated", userId="u1", properties={"peer_id": "u2"})
    ]})  # fmt: skip
    for one in ("u1", "u2"):
        assert client.store.state(one).personalized
        assert client.store.state(one).consents == ["personalize", "share_out"]


@pytest.mark.parametrize("scopes", [["everything"], "personalize", [None]])
def test_unknown_scopes_are_refused(client: Any, scopes: object) -> None:
    answer = client.put("/v1/users/u1/consents", json={"scopes": scopes})
    assert answer.status_code == 422
    assert client.store.state("u1") is None


def test_everything_is_given_and_then_erased_under_every_id(client: Any, event: Event) -> None:
    client.post("/v1/events", json={"events": [event(), event(message_id="m2", user_id="-v")]})
    client.post("/v1/alias", json=call("m3", userId="u1", previousId="-v"))
    client.put("/v1/users/u1/consents", json={"scopes": ["personalize"]})
    found = client.get("/v1/users/-v/export").json()
    assert found["ids"] == ["-v", "u1"]
    assert {one["message_id"] for one in found["events"]} > {"m1", "m2", "m3"}
    assert found["events"][0]["at"] == "2026-06-18T03:59:00Z"
    assert found["choices"]["consents"] == ["personalize"]
    assert found["tags"]
    done = client.delete("/v1/users/-v").json()
    assert done["ids"] == 2
    assert done["erased"]["states"]["rows"] == 2
    assert done["pending"] == []
    assert client.store.state("u1") is None
    again = client.post("/v1/events", json={"events": [event(message_id="m9")]}).json()
    assert "forgotten" in again["rejected"][0]["detail"]


@pytest.mark.parametrize(("code", "kind"), [(3, "busy"), (6, "store-unavailable"), (1, "store-")])
def test_a_command_that_fails_is_no_defect(
    client: Any, monkeypatch: pytest.MonkeyPatch, code: int, kind: str
) -> None:
    monkeypatch.setattr(shell, "_START", f"import sys; sys.stderr.write('why'); sys.exit({code})")
    answer = client.delete("/v1/users/u1")
    assert answer.status_code == 503
    assert answer.json()["type"].startswith(f"/problems/{kind}")
    assert answer.json()["detail"] == "why"


@pytest.mark.parametrize(
    "told",
    [
        call("m1", type="alias", userId="u1", previousId="victim"),
        call("m1", type="identify", userId="u1", anonymousId="victim"),
        call("m1", event="User Aliased", userId="u1", properties={"peer_id": "victim"}),
        call("m1", event="Group Buy Updated", userId="u1", properties={"group_buy_id": "g1"}),
    ],
)
def test_a_persons_token_says_nothing_of_who_is_who(
    told: dict[str, Any], resources: Resources
) -> None:
    """Else it would open what is known of somebody else."""
    asking = Asking(EventsRequest([told]), {}, resources, "r", 0)
    assert list(about(asking)) == [None]
