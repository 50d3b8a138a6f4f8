"""Which web pages may ask from a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from features.errors import InputError
from serving.resources import Resources
from serving.settings import Settings
from tests.serving.conftest import Client

SHOP = "https://shop.example"


@contextmanager
def asked_by(resources: Resources, *origins: str) -> Iterator[Any]:
    yield Client(replace(resources, settings=replace(resources.settings, origins=origins)))


def asking(origin: str) -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }


def test_a_page_that_is_named_may_ask(resources: Resources) -> None:
    with asked_by(resources, SHOP) as client:
        before = client.options("/v1/feed", headers=asking(SHOP))
        assert before.status_code == 200
        assert before.headers["access-control-allow-origin"] == SHOP
        answer = client.post("/v1/feed", json={"user_id": "u"}, headers={"origin": SHOP})
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert "access-control-allow-credentials" not in answer.headers


def test_other_pages_may_not(resources: Resources) -> None:
    for origins in ((SHOP,), ()):
        with asked_by(resources, *origins) as client:
            before = client.options("/v1/feed", headers=asking("https://elsewhere.example"))
            assert before.status_code >= 400
            assert "access-control-allow-origin" not in before.headers


@pytest.mark.parametrize("origin", ["*", "shop.example", "https://shop.example/path", "null"])
def test_what_is_no_origin_is_refused(settings: Settings, origin: str) -> None:
    with pytest.raises(InputError, match="no origin"):
        replace(settings, origins=(origin,))


def test_workers_are_told(settings: Settings) -> None:
    told = replace(settings, origins=(SHOP, "http://127.0.0.1:8080"))
    assert Settings.from_environment(told.to_environment()).origins == told.origins
