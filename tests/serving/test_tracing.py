"""Spans of requests: what they say, what they leave out, and that they cost nothing when off."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from features.errors import InputError
from serving import tracing
from serving.resources import Resources
from serving.tracing import Tracing
from tests.serving.conftest import Client

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(resources: Resources, spans: InMemorySpanExporter) -> Iterator[Client]:
    """A service that traces only requests whose caller does, or nearly so."""
    made = Tracing(1e-12, SimpleSpanProcessor(spans))
    yield Client(replace(resources, tracing=made))
    made.close()


def asked(client: Client, body: Any, flags: str = "01", path: str = "/v1/feed") -> Any:
    headers = {"traceparent": CALLER.format(flags=flags), "tracestate": "shop=somebody"}
    return client.post(path, json=body, headers=headers)


def test_the_callers_trace_goes_on(traced: Client, spans: InMemorySpanExporter) -> None:
    answer = asked(traced, {"user_id": "somebody", "k": 2}).json()
    *stages, request = spans.get_finished_spans()
    assert request.name == "POST /v1/feed"
    assert format(request.context.trace_id, "032x") == CALLER.split("-")[1]
    assert format(request.parent.span_id, "016x") == CALLER.split("-")[2]
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/feed",
        "http.response.status_code": 200,
        "huoren.request_id": answer["request_id"],
        "huoren.model_version": "cafe0123",
        "huoren.degraded": ("source:friends",),
    }
    assert [stage.name for stage in stages] == ["score"]
    assert stages[0].parent.span_id == request.context.span_id
    assert stages[0].end_time - stages[0].start_time == 100_000  # 0.1 ms in nanoseconds


def test_nothing_tells_who_asked(traced: Client, spans: InMemorySpanExporter) -> None:
    asked(traced, {"user_id": "somebody"})
    asked(traced, {"user_id": "somebody", "k": "many"})
    headers = {"traceparent": CALLER.format(flags="01")}
    traced.get("/v1/users/somebody/portrait?of=somebody", headers=headers)
    told = "".join(span.to_json() for span in spans.get_finished_spans())
    assert "GET /v1/users/{id}/portrait" in told
    assert "somebody" not in told


def test_the_callers_no_counts_and_so_does_the_share(
    traced: Client, spans: InMemorySpanExporter
) -> None:
    asked(traced, {"user_id": "u1"}, flags="00")
    traced.post("/v1/feed", json={"user_id": "u1"})
    traced.post("/v1/feed", json={"user_id": "u1"}, headers={"traceparent": "00-no-trace-at-all"})
    assert spans.get_finished_spans() == ()


def test_a_refusal_is_no_error_and_a_defect_is(
    traced: Client, spans: InMemorySpanExporter, models: Any
) -> None:
    asked(traced, {"user_id": "u1", "k": "many"})
    models.feed.fails = RuntimeError("u1 broke it")
    asked(traced, {"user_id": "u1"})
    refused, broken = spans.get_finished_spans()
    assert (refused.status.is_ok, refused.attributes["http.response.status_code"]) == (True, 422)
    assert (broken.status.is_ok, broken.attributes["error.type"]) == (False, "500")
    assert broken.events == ()


def test_without_a_share_nothing_is_imported() -> None:
    script = "import sys; from serving.tracing import Tracing; assert Tracing.open(0.0) is None"
    ending = "; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    command = [sys.executable, "-c", script + ending]
    assert subprocess.run(command, capture_output=True, check=True).stdout.strip() == b"[]"


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "find_spec", lambda name: None)
    tracing.check(0.0)
    with pytest.raises(InputError, match=r"pip install 'huoren\[tracing\]'"):
        tracing.check(0.01)


def test_a_worker_does_not_wait_long_for_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "FLUSH_SECONDS", 0.05)
    made = Tracing(1.0, SimpleSpanProcessor(InMemorySpanExporter()))
    monkeypatch.setattr(made.provider, "shutdown", threading.Event().wait)
    before = time.monotonic()
    made.close()
    assert time.monotonic() - before < 5.0
