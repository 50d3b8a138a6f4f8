"""The document is true: every route is in it, and real answers are as it says."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from serving.app import ROUTES, document
from serving.errors import KINDS
from serving.resources import Resources
from tests.serving.schema_checker import Checker

Event = Callable[..., dict[str, Any]]


def schemas_in(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part
        for inner in part.values():
            yield from schemas_in(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from schemas_in(inner)


def answers_as_documented(client: Any, method: str, path: str, **more: Any) -> int:
    """Ask, and compare the answer with the document; returns its status."""
    answer = client.request(method, path, **more)
    spec = document()
    [operation] = [
        operations[method.lower()]
        for template, operations in spec["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
        and method.lower() in operations
    ]
    content = operation["responses"][str(answer.status_code)]["content"]
    media = answer.headers["content-type"].partition(";")[0]
    if media != "text/plain":
        faults = list(Checker(spec).faults(content[media]["schema"], answer.json()))
        assert not faults
    return int(answer.status_code)


def test_every_reference_resolves() -> None:
    spec = document()
    checker = Checker(spec)
    found = list(schemas_in(spec))
    assert len(found) > 30
    assert all(checker.resolve(one) for one in found)


def test_every_route_is_in_it_once() -> None:
    named = {(route.method.lower(), route.path) for route in ROUTES}
    spec = document()["paths"]
    assert {(method, path) for path in spec for method in spec[path]} == named
    ids = [operation["operationId"] for path in spec.values() for operation in path.values()]
    assert len(ids) == len(set(ids)) == len(ROUTES)


def test_the_service_publishes_it(client: Any) -> None:
    assert client.get("/v1/openapi.json").json() == document()


def test_all_kinds_of_problem_but_those_of_no_route_are_in_it() -> None:
    text = str(document())
    missing = {word for word in KINDS if f"/problems/{word}`" not in text}
    assert missing == {"method-not-allowed"}


def test_good_answers_are_as_documented(client: Any, event: Event) -> None:
    ask = answers_as_documented
    item = {"item_id": "i1", "price": 1, "stock": 2, "expires_at": "2026-07-01T00:00:00Z"}
    tie = {"user_id": "u1", "peer_id": "u2", "tie_type": "friend"}
    bad = event("No Such Event", "m2")
    feed = {"user_id": "u1", "explain": True}
    share = {"user_id": "u1", "item_id": "i1"}
    assert ask(client, "POST", "/v1/events", json={"events": [event(), bad]}) == 202
    assert ask(client, "POST", "/v1/track", json=event()) == 200
    assert ask(client, "POST", "/v1/batch", json={"batch": [event()]}) == 200
    assert ask(client, "POST", "/v1/feed", json=feed) == 200
    assert ask(client, "POST", "/v1/share-targets", json=share) == 200
    assert ask(client, "GET", "/v1/users/u1/portrait") == 200
    assert ask(client, "DELETE", "/v1/users/u1/portrait/tags/life.r_days") == 200
    assert ask(client, "PUT", "/v1/users/u1/personalization", json={"enabled": True}) == 200
    assert ask(client, "PUT", "/v1/items", json={"items": [item]}) == 200
    assert ask(client, "PATCH", "/v1/items/i1", json={"stock": 1}) == 200
    assert ask(client, "PUT", "/v1/ties", json={"ties": [tie]}) == 200
    for path in ("/livez", "/readyz", "/metrics", "/v1/openapi.json", "/problems/too-large"):
        assert ask(client, "GET", path) == 200


def test_refusals_are_as_documented(client: Any, resources: Resources) -> None:
    ask = answers_as_documented
    plain = {"content": b"{}", "headers": {"content-type": "text/plain"}}
    assert ask(client, "POST", "/v1/feed", content=b"{") == 400
    assert ask(client, "POST", "/v1/feed", json={}) == 422
    assert ask(client, "POST", "/v1/feed", content=b" " * (2 << 20)) == 413
    assert ask(client, "POST", "/v1/feed", **plain) == 415
    assert ask(client, "GET", "/v1/users/none/portrait") == 404
    assert ask(client, "DELETE", "/v1/users/u1/portrait/tags/none") == 404
    assert ask(client, "PATCH", "/v1/items/none", json={"stock": 1}) == 404
    assert ask(client, "GET", "/problems/none") == 404
    resources.loading.models = None
    assert ask(client, "POST", "/v1/feed", json={"user_id": "u1"}) == 503
    assert ask(client, "GET", "/readyz") == 503


@pytest.mark.parametrize("route", [route for route in ROUTES if route.scope == "app"])
def test_routes_of_the_app_name_their_keys(route: Any) -> None:
    operation = document()["paths"][route.path][route.method.lower()]
    assert {"401", "403"} <= operation["responses"].keys()
    assert {"bearer": []} in operation["security"]
