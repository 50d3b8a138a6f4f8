"""Whatever comes in, the answer is a problem that names the field, never a defect of ours."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.app import ROUTES
from serving.asking import Route

DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"user_id": "u1"} x', 400),
        (b'{"user_id": "u1", "k": NaN}', 400),
        (b'{"user_id": "\xff"}', 400),
        (b'{"user_id": "\\ud800"}', 400),
        ('{"user_id": "u1"}'.encode("utf-16"), 400),
        (b'\xef\xbb\xbf{"user_id": "u1"}', 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"user_id": "u1", "exclude": ' + DEEP + b"}", 422),
        (DEEP, 422),
    ],
)
def test_what_is_no_request_at_all(client: Any, body: bytes, status: int) -> None:
    answer = client.post("/v1/feed", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{}", "user_id"),
        ('{"user_id": 1}', "user_id"),
        ('{"user_id": ""}', "user_id"),
        ('{"user_id": "a\\u0000b"}', "user_id"),
        ('{"user_id": "a\\n"}', "user_id"),
        ('{"user_id": "%s"}' % ("x" * 257), "user_id"),
        ('{"user_id": "u1", "k": 0}', "k"),
        ('{"user_id": "u1", "k": 501}', "k"),
        ('{"user_id": "u1", "k": 1e400}', "k"),
        ('{"user_id": "u1", "k": 123456789012345678901234567890}', "k"),
        ('{"user_id": "u1", "k": 1.5}', "k"),
        ('{"user_id": "u1", "k": true}', "k"),
        ('{"user_id": "u1", "kk": 1}', "kk"),
        ('{"user_id": "u1", "user_id": "u2"}', "user_id"),
        ('{"user_id": "u1", "filters": {"price_max": -1}}', "filters.price_max"),
        ('{"user_id": "u1", "filters": {"price_max": 0.001}}', "filters.price_max"),
        ('{"user_id": "u1", "filters": {"price_max": "NaN"}}', "filters.price_max"),
        ('{"user_id": "u1", "filters": {"colour": "red"}}', "filters.colour"),
        ('{"user_id": "u1", "context": {"at": "2026-06-18"}}', "context.at"),
        ('{"user_id": "u1", "context": {"at": "2026-06-18T00:00:00"}}', "context.at"),
        ('{"user_id": "u1", "context": {"at": "1970-01-01T00:00:00Z"}}', "context.at"),
        ('{"user_id": "u1", "context": {"at": "9999-12-31T23:59:59Z"}}', "context.at"),
        ('{"user_id": "u1", "cursor": "zzz"}', "cursor"),
        ('{"user_id": "u1", "exclude": ["i1", 2]}', "exclude[1]"),
        ('{"user_id": "u1", "recent": [{"item_id": "i1"}]}', "recent[0].event"),
        (
            '{"user_id": "u1", "recent": [{"event": "No", "item_id": "i",'
            ' "at": "2026-06-18T00:00:00Z"}]}',
            "recent[0].event",
        ),
        (
            '{"user_id": "u1", "recent": [{"event": "Product Viewed", "item_id": "i",'
            ' "at": "2099-06-18T00:00:00Z"}]}',
            "recent[0].at",
        ),
    ],
)
def test_the_field_is_named(client: Any, text: str, field: str) -> None:
    answer = client.post(
        "/v1/feed", content=text.encode(), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/v1/share-targets", {"user_id": "u", "item_id": "i", "purpose": "x"}, "purpose"),
        ("POST", "/v1/events", {"events": []}, "events"),
        ("POST", "/v1/events", {"events": [{}] * 1001}, "events"),
        ("POST", "/v1/events", {"events": ["x"]}, "events[0]"),
        ("PUT", "/v1/users/u1/personalization", {"enabled": "no"}, "enabled"),
        ("PUT", "/v1/users/%00/personalization", {"enabled": True}, "id"),
        ("DELETE", f"/v1/users/u1/portrait/tags/{'t' * 257}", None, "tag"),
        ("GET", "/v1/users//portrait", None, "id"),
        ("PUT", "/v1/items", {"items": [{"item_id": "i", "price": 0.001}]}, "items[0].price"),
        ("PUT", "/v1/items", {"items": [{"item_id": "i", "stock": -1}]}, "items[0].stock"),
        ("PUT", "/v1/items", {"items": [{"item_id": "i", "currency": "¥"}]}, "items[0].currency"),
        ("PATCH", "/v1/items/i1", {}, "(body)"),
        ("PATCH", "/v1/items/i1", {"price": "1.999"}, "price"),
        ("PATCH", "/v1/items/i1", {"title": "x"}, "title"),
        (
            "PUT", "/v1/ties",
            {"ties": [{"user_id": "u", "peer_id": "u", "tie_type": "friend"}]},
            "ties[0].peer_id",
        ),
    ],
)  # fmt: skip
def test_the_field_is_named_on_every_route(
    client: Any, method: str, path: str, body: Any, field: str
) -> None:
    more = {} if body is None else {"json": body}
    answer = client.request(method, path, **more)
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]


def test_ten_megabytes_are_refused(client: Any) -> None:
    answer = client.post("/v1/events", content=b" " * (10 << 20))
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=gbk"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_only_plain_json_is_read(client: Any, headers: dict[str, str]) -> None:
    answer = client.post("/v1/feed", content=b'{"user_id": "u1"}', headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/media-type")


def test_a_cursor_of_someone_else_is_refused(client: Any) -> None:
    cursor = client.post("/v1/feed", json={"user_id": "u1", "k": 5}).json()["cursor"]
    answer = client.post("/v1/feed", json={"user_id": "u2", "cursor": cursor})
    assert answer.json()["errors"][0]["field"] == "cursor"


def test_one_bad_event_does_not_cost_the_others(
    client: Any, event: Callable[..., dict[str, Any]]
) -> None:
    batch = [{}, event(), {"event": 7}, event(timestamp="yesterday", message_id="m3")]
    answer = client.post("/v1/events", json={"events": batch}).json()
    assert answer["accepted"] == 1
    assert [one["index"] for one in answer["rejected"]] == [0, 2, 3]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
WORDS = [
    "user_id", "anonymous_id", "peer_id", "item_id", "k", "cursor", "context", "filters", "recent",
    "explain", "events", "batch", "items", "ties", "enabled", "price", "stock", "status", "type",
    "event", "message_id", "timestamp", "properties", "expires_at", "tie_type", "purpose",
]  # fmt: skip
BODIES = st.recursive(
    VALUES | st.sampled_from(["track", "Product Viewed", "friend", "2026-06-18T00:00:00Z", "u1"]),
    lambda inner: (
        st.dictionaries(st.sampled_from(WORDS), inner, max_size=6) | st.lists(inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.asks], ids=lambda r: r.name)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES)
def test_no_json_is_a_defect(client: Any, route: Route, body: Any) -> None:
    answer = client.request(
        route.method,
        route.path.replace("{id}", "i1"),
        content=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    # 429: tasks enough under way; 503: a home without features, or somebody else writes
    assert answer.status_code in {route.status, 400, 404, 422, 429, 503}, answer.text
    assert answer.status_code != 429 or answer.json()["type"].endswith("/too-many-tasks")
    assert answer.status_code != 503 or answer.json()["type"].endswith(("/not-ready", "/busy"))
