"""All routes, asked rightly and wrongly, in process."""

from collections.abc import Callable
from typing import Any

import pytest

from features.errors import StoreError
from serving.resources import Resources

Event = Callable[..., dict[str, Any]]


def test_feed_lists_with_reasons_in_both_languages(client: Any) -> None:
    answer = client.post("/v1/feed", json={"user_id": "u1", "k": 2}).json()
    assert [item["item_id"] for item in answer["items"]] == ["i0", "i1"]
    assert answer["items"][0]["reasons"][0]["count"] == 7
    assert set(answer["items"][0]["reasons"][0]["text"]) == {"zh", "en"}
    assert answer["model_version"] == "cafe0123"
    assert answer["as_of"] == "2026-06-17T16:00:00Z"
    assert answer["degraded"] == ["source:friends"]


def test_feed_tells_strangers_from_acquaintances(client: Any, event: Event) -> None:
    before = client.post("/v1/feed", json={"user_id": "u1"}).json()
    client.post("/v1/events", json={"events": [event()]})
    after = client.post("/v1/feed", json={"user_id": "u1"}).json()
    assert (before["known_user"], after["known_user"]) == (False, True)


def test_anonymous_is_a_person_of_its_own(client: Any, resources: Resources) -> None:
    client.post("/v1/feed", json={"anonymous_id": "a1"})
    assert resources.loading.require().feed.asked[-1].user_id == "anonymous:a1"


def test_pages_do_not_repeat_and_end(client: Any) -> None:
    shown, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        asked = {"user_id": "u1", "k": 20, "cursor": cursor}
        answer = client.post("/v1/feed", json=asked).json()
        shown += [item["item_id"] for item in answer["items"]]
        cursor, pages = answer["cursor"], pages + 1
    assert shown == [f"i{n}" for n in range(50)]
    assert pages == 3


def test_feed_asks_in_fen_and_microseconds(client: Any, resources: Resources) -> None:
    asked = {
        "user_id": "u1",
        "filters": {"price_max": 19.99, "category": ["c1"]},
        "context": {"city": "130200", "at": "2026-06-18T12:30:00+08:00"},
        "recent": [
            {"event": "Product Viewed", "item_id": "i9", "at": "2026-06-18T11:00:00+08:00"},
            {"event": "Product Viewed", "item_id": "i8", "at": "2026-06-18T10:00:00+08:00"},
        ],
    }
    assert client.post("/v1/feed", json=asked).status_code == 200
    query = resources.loading.require().feed.asked[-1]
    assert query.price_max_fen == 1999
    assert query.at_us - resources.clock.now_us() == 30 * 60 * 1_000_000
    assert query.context == {"city": "130200"}
    assert [act.item_id for act in query.recent] == ["i8", "i9"]


def test_explained_feed_says_what_was_removed_and_seen(client: Any) -> None:
    answer = client.post("/v1/feed", json={"user_id": "u1", "k": 1, "explain": True}).json()
    assert answer["explanation"] == {
        "proposed": {}, "removed": {"seen": ["i99"]}, "milliseconds": {"score": 0.1},
    }  # fmt: skip
    assert answer["items"][0]["features"] == {"popularity": 1.0, "price": None}


def test_switched_off_is_said(client: Any) -> None:
    switch = client.put("/v1/users/u1/personalization", json={"enabled": False})
    assert switch.json()["enabled"] is False
    assert client.post("/v1/feed", json={"user_id": "u1"}).json()["personalized"] is False
    plain = client.post("/v1/feed", json={"user_id": "u2", "personalized": False}).json()
    assert plain["personalized"] is False


def test_share_targets_come_with_a_count_of_those_held_back(client: Any) -> None:
    asked = {"user_id": "u1", "item_id": "i1", "k": 2, "purpose": "group_buy"}
    answer = client.post("/v1/share-targets", json=asked).json()
    assert [target["id"] for target in answer["targets"]] == ["f0", "f1"]
    assert answer["held_back"] == 3


def test_a_share_charges_who_receives_it_once(client: Any, event: Event, resources: Any) -> None:
    shared = event("Product Shared", properties={
        "product_id": "i1", "share_id": "s", "peer_id": "f", "share_via": "wechat",
    })  # fmt: skip
    for _ in range(2):
        assert client.post("/v1/events", json={"events": [shared]}).status_code == 202
    assert resources.ledger.count("f", "share", "day", resources.clock.now_us()) == 1


def test_events_are_counted(client: Any, event: Event) -> None:
    batch = [event(), event(), event("No Such Event", "m2")]
    response = client.post("/v1/events", json={"events": batch})
    answer = response.json()
    assert response.status_code == 202
    assert (answer["accepted"], answer["duplicates"]) == (1, 1)
    assert [one["index"] for one in answer["rejected"]] == [2]
    assert "vocabulary" in answer["rejected"][0]["detail"]


def test_segment_calls_take_events(client: Any, event: Event) -> None:
    one = client.post("/v1/track", json=event())
    many = client.post("/v1/batch", json={"batch": [event()], "sentAt": "2026-06-18T04:00:00Z"})
    assert (one.status_code, one.json()["accepted"], one.json()["success"]) == (200, 1, True)
    assert many.json()["duplicates"] == 1


def test_portrait_shows_tags_until_they_are_deleted(client: Any, event: Event) -> None:
    client.post("/v1/events", json={"events": [event()]})
    before = client.get("/v1/users/u1/portrait").json()
    name = before["tags"][0]["tag"]
    deleted = client.delete(f"/v1/users/u1/portrait/tags/{name}").json()
    after = client.get("/v1/users/u1/portrait").json()
    assert deleted["suppressed"] == [name]
    assert name not in [tag["tag"] for tag in after["tags"]]


def test_portrait_of_a_stranger_is_a_problem(client: Any) -> None:
    answer = client.get("/v1/users/nobody/portrait")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/unknown-user"


def test_ids_may_hold_anything_printable(client: Any) -> None:
    answer = client.put("/v1/users/a%2Fb%20%E8%B4%A7/personalization", json={"enabled": True})
    assert answer.json()["user_id"] == "a/b 货"


def test_items_are_put_and_patched_in_yuan(client: Any, resources: Resources) -> None:
    item = {"item_id": "i1", "price": "19.90", "stock": 3, "listed_at": "2026-06-01T00:00:00Z"}
    assert client.put("/v1/items", json={"items": [item]}).json()["written"] == 1
    change = {"price": 9.9, "expires_at": "2026-07-01T00:00:00Z"}
    answer = client.patch("/v1/items/i1", json=change).json()
    assert (answer["price"], answer["stock"]) == ("9.90", 3)
    assert answer["expires_at"] == "2026-07-01T00:00:00Z"
    assert resources.store.item("i1").price_fen == 990


def test_null_makes_a_field_unknown(client: Any) -> None:
    client.put("/v1/items", json={"items": [{"item_id": "i1", "stock": 3, "price": 1}]})
    answer = client.patch("/v1/items/i1", json={"stock": None}).json()
    assert (answer["stock"], answer["price"]) == (None, "1.00")


def test_unknown_item_is_not_patched(client: Any) -> None:
    assert client.patch("/v1/items/none", json={"stock": 1}).status_code == 404


def test_mutual_ties_hold_both_ways(client: Any) -> None:
    friends = {"user_id": "u1", "peer_id": "u2", "tie_type": "friend"}
    follows = {"user_id": "u1", "peer_id": "u3", "tie_type": "follow"}
    assert client.put("/v1/ties", json={"ties": [friends, follows]}).json()["written"] == 3


def test_health_and_metrics(client: Any) -> None:
    client.post("/v1/feed", json={"user_id": "u1"})
    assert client.get("/livez").json() == {"alive": True}
    assert client.get("/readyz").json()["model_version"] == "cafe0123"
    lines = client.get("/metrics").text.splitlines()
    assert 'huoren_request_seconds_count{route="post-feed",status="200"} 1.0' in lines
    assert 'huoren_degraded_total{part="source:friends"} 1.0' in lines


def test_without_a_bundle_the_service_says_so(client: Any, resources: Resources) -> None:
    resources.loading.models = None
    resources.loading.refused = {"beef": "a file is missing"}
    assert client.get("/readyz").json()["refused"] == {"beef": "a file is missing"}
    answer = client.post("/v1/feed", json={"user_id": "u1"})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-ready")
    assert "a file is missing" in answer.json()["detail"]


def test_a_broken_store_is_no_defect_of_the_caller(
    client: Any, resources: Resources, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(events: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(resources.store, "append", full)
    answer = client.post("/v1/events", json={"events": [event()]})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/store-unavailable")


def test_a_defect_shows_no_traceback(client: Any, resources: Resources) -> None:
    resources.loading.models.feed.fails = ZeroDivisionError("secret")
    answer = client.post("/v1/feed", json={"user_id": "u1"})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_every_kind_of_problem_is_explained(client: Any) -> None:
    assert client.get("/problems/too-large").json()["status"] == 413
    assert client.get("/problems/none").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/feed", 405), ("POST", "/nowhere", 404), ("GET", "/v1/feed/", 404)],
)
def test_unrouted(client: Any, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_line_feed_in_an_id_is_a_faulty_field(client):
    answer = client.get("/v1/users/u%0A1/portrait")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "id")
