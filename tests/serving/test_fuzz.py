"""Schemathesis asks what the OpenAPI document allows, and what it does not: all checks hold.

``HUOREN_FUZZ_CASES`` says how many cases (default 200; ``make soak`` asks ten thousand).
"""

import os
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from starlette.types import ASGIApp, Receive, Scope, Send

from features import job
from features.clock import DAY_US, BusinessZone
from features.events import Event
from features.home import Home
from features.references import References
from features.store import open_store
from serving.app import ROUTES, build
from serving.asking import Route
from serving.loading import Models
from serving.overlay import Overlay
from serving.resources import Resources
from serving.settings import Settings
from tests.features.histories import keep
from tests.serving.conftest import (
    Boards,
    Friends,
    Gifts,
    Ladder,
    Prompts,
    Shelf,
    StillClock,
)

CASES = int(os.environ.get("HUOREN_FUZZ_CASES", "200"))


def on_this_machine(app: ASGIApp) -> ASGIApp:
    """The application as a caller of this machine sees it."""

    async def local(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "client": ("127.0.0.1", 50_000)}, receive, send)

    return local


MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
REFUSED = ["401", "403", "404", "409", "413", "422", "429", "503"]
CONFIG = schemathesis.Config.from_dict({
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["2xx", *REFUSED]},
        "negative_data_rejection": {"expected-statuses": ["400", "405", "415", *REFUSED]},
    }
})  # fmt: skip
"""A body may be larger than is read, whatever it says: 413."""

PATIENCE_S = 120
"""Some routes start a process that reads the whole home; a busy machine takes its time."""

BEYOND_SCHEMAS = re.compile(
    r"user_id|cursor|context\.at|recent\[\d+\]\.at|ties\[\d+\]\.peer_id|\(body\)|events|batch"
    r"|(.*\.)?(event|price|list_price|price_max)|id|tag|word|lift"
)
"""Fields that may be refused though they fit the schema: it cannot say what two fields owe each
other, whose cursor it is, or which instants are too far away."""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    home = Home(tmp_path_factory.mktemp("fuzz"))
    keep(
        home,
        [Event(message_id="m", event="Product Viewed", at_us=DAY_US, user_id="u", item_id="i")],
    )
    job.run(home, 2 * DAY_US, BusinessZone("UTC"))
    made = Resources.around(Settings(home), open_store(home))
    resources = replace(made, clock=StillClock())
    overlay = Overlay(Shelf(), 0)
    resources.loading.models = Models(
        "v", 0, References.empty(), Ladder(), Friends(), Boards(), Gifts(), Prompts(), overlay
    )
    yield schemathesis.openapi.from_asgi(
        "/v1/openapi.json",
        on_this_machine(build(resources)),
        config=CONFIG,
        headers={"host": "127.0.0.1"},
    )
    resources.close()


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_answers_are_as_documented(
    schema: schemathesis.BaseSchema, route: Route, mode: schemathesis.GenerationMode
) -> None:
    operation = schema[route.path][route.method]
    if (
        mode is schemathesis.GenerationMode.NEGATIVE
        and route.asks is None
        and "{" not in route.path
    ):
        pytest.skip("nothing to spoil")

    @settings(
        max_examples=max(1, CASES // (len(ROUTES) * len(MODES))),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def asked(case: schemathesis.Case) -> None:
        answer = case.call_and_validate(headers={"host": "127.0.0.1"}, timeout=PATIENCE_S)
        if mode is schemathesis.GenerationMode.POSITIVE and answer.status_code == 422:
            for fault in answer.json()["errors"]:
                whole = fault["detail"].endswith("got `float`")  # 1.0 is a whole number to JSON
                assert whole or BEYOND_SCHEMAS.fullmatch(fault["field"]), fault

    asked()
