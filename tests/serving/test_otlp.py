"""Traces of a running service, as a collector receives them: OTLP, protobuf over HTTP.

The exporter's pins differ from ours, so ``make tracing`` installs it beside the environment.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from features.clock import DAY_US, now_us
from features.home import Home
from tests.serving.shops import promote, write_bundle
from tests.serving.test_serve import Served

pytestmark = pytest.mark.tracing

INSTALLED = os.environ.get("HUOREN_OTLP", str(Path(sys.prefix) / "tracing"))
CALLER = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


class Collector:
    """Receives what exporters send, and keeps the bytes."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        kept = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                kept.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def resources(self) -> list[Any]:
        """What came, decoded."""
        return [
            one
            for body in self.bodies
            for one in ExportTraceServiceRequest.FromString(body).resource_spans
        ]

    def spans(self) -> list[Any]:
        """Every span that came."""
        return [span for one in self.resources() for part in one.scope_spans for span in part.spans]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    promote(home, write_bundle(home, now_us() - DAY_US))
    return home


def told(home: Home, collector: Collector, monkeypatch: Any, share: str) -> dict[str, Any]:
    """Ask a service twice, once with a trace of one's own, and stop it; the second answer."""
    ours = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [ours, INSTALLED])))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("HUOREN_TRACES", share)
    served = Served(home)
    try:
        body = {"user_id": "somebody", "k": 3}
        httpx.post(f"{served.url}/v1/feed?for=somebody", json=body)
        answer = httpx.post(f"{served.url}/v1/feed", json=body, headers=CALLER)
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(60) == 0
    finally:
        served.end()
    return answer.json()


def attributes(one: Any) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in one.attributes}


def test_spans_arrive_and_name_nobody(
    home: Home, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = told(home, collector, monkeypatch, "1")
    assert {attributes(one.resource)["service.name"] for one in collector.resources()} == {"huoren"}
    of_caller = [s for s in collector.spans() if s.trace_id.hex() == CALLER["traceparent"][3:35]]
    (request,) = [span for span in of_caller if span.name == "POST /v1/feed"]
    assert request.parent_span_id.hex() == CALLER["traceparent"][36:52]
    assert attributes(request)["huoren.request_id"] == answer["request_id"]
    assert attributes(request)["huoren.model_version"] == answer["model_version"]
    stages = [span for span in of_caller if span.parent_span_id == request.span_id]
    assert [span.name for span in stages] == ["state", "sources", "rules", "ranking"]
    first, last = stages[0].start_time_unix_nano, stages[-1].end_time_unix_nano
    assert request.start_time_unix_nano <= first < last <= request.end_time_unix_nano
    assert len([s for s in collector.spans() if s.name == "POST /v1/feed"]) == 2
    assert b"somebody" not in b"".join(collector.bodies)


def test_none_leave_unless_asked_for(
    home: Home, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(home, collector, monkeypatch, "0")
    assert collector.bodies == []
