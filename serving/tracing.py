"""OpenTelemetry traces of a share of the requests; without one, nothing of it is imported.

A request has one server span, and a personal list one child for each of its stages. The caller's
``traceparent`` is continued, and whether the caller samples decides before the share does. A span
names the route, never the path, the query or a person; of the caller's headers nothing else goes
on. Spans leave in batches from a thread of their own, by OTLP over HTTP to where
``OTEL_EXPORTER_OTLP_ENDPOINT`` and its sisters say; those that find the queue full are dropped.

Attributes follow OpenTelemetry's semantic conventions for HTTP spans (1.23, stable).
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from features.errors import InputError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span, Tracer

_EXPORTER = "opentelemetry.exporter.otlp.proto.http"
FLUSH_SECONDS = 5.0
"""How long a stopping worker waits for a collector."""


class Trace:
    """The sampled trace of one request.

    Parameters
    ----------
    span : Span
        Of the request.
    tracer : Tracer
        Makes the spans of its stages.
    """

    def __init__(self, span: "Span", tracer: "Tracer") -> None:
        self.span = span
        self.tracer = tracer

    def staged(self, began_ns: int, milliseconds: Mapping[str, float]) -> None:
        """Add the stages of an answer, one after the other.

        Parameters
        ----------
        began_ns : int
            When the first one began; nanoseconds of the Unix epoch.
        milliseconds : mapping of str to float
            How long each took, in their order.
        """
        from opentelemetry.trace import set_span_in_context

        within, at_ns = set_span_in_context(self.span), began_ns
        for stage, taken in milliseconds.items():
            span = self.tracer.start_span(stage, within, start_time=at_ns)
            at_ns += round(taken * 1e6)
            span.end(at_ns)

    def answered(self, answer: Any) -> None:
        """Say which bundle took part in an answer, and what it left out."""
        model = getattr(answer, "model_version", None)
        if model is not None:
            self.span.set_attribute("huoren.model_version", model)
        degraded = getattr(answer, "degraded", ())
        if degraded:
            self.span.set_attribute("huoren.degraded", tuple(degraded))

    def end(self, status: int) -> None:
        """Close the span of the request with the status of its answer."""
        from opentelemetry.trace import StatusCode

        self.span.set_attribute("http.response.status_code", status)
        if status >= 500:
            self.span.set_attribute("error.type", str(status))
            self.span.set_status(StatusCode.ERROR)
        self.span.end()


class Tracing:
    """Traces of one worker's requests.

    Parameters
    ----------
    share : float
        Of the requests whose caller did not decide, above 0 and up to 1.
    processor : SpanProcessor
        Where finished spans go.
    """

    def __init__(self, share: float, processor: "SpanProcessor") -> None:
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        own = Resource({"service.name": "huoren"} | _version())
        self.provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(share)),
            resource=Resource.create().merge(own).merge(OTELResourceDetector().detect()),
            shutdown_on_exit=False,
        )
        self.provider.add_span_processor(processor)
        self.tracer = self.provider.get_tracer("huoren")
        self.extract = TraceContextTextMapPropagator().extract

    @classmethod
    def open(cls, share: float) -> "Tracing | None":
        """Begin to trace; None, and nothing is imported, for a share of 0.

        Raises
        ------
        InputError
            When the exporter is not installed.
        """
        if not share:
            return None
        check(share)
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        return cls(share, BatchSpanProcessor(OTLPSpanExporter()))

    def begin(
        self, method: str, route: str, headers: Mapping[str, str], request_id: str
    ) -> Trace | None:
        """Open the span of a request; None where it is not sampled."""
        from opentelemetry.trace import SpanKind

        parent = headers.get("traceparent")
        span = self.tracer.start_span(
            f"{method} {route}",
            self.extract({"traceparent": parent}) if parent else None,
            SpanKind.SERVER,
            {
                "http.request.method": method,
                "http.route": route,
                "huoren.request_id": request_id,
            },
        )
        return Trace(span, self.tracer) if span.is_recording() else None

    def close(self) -> None:
        """Send what waits, for ``FLUSH_SECONDS`` at most."""
        flush = threading.Thread(target=self.provider.shutdown, daemon=True)
        flush.start()
        flush.join(FLUSH_SECONDS)


def check(share: float) -> None:
    """Refuse to trace without the exporter.

    Raises
    ------
    InputError
        Which names the extra that brings it.
    """
    if not share:
        return
    with suppress(ModuleNotFoundError):
        if find_spec(_EXPORTER) is not None:
            return
    raise InputError(
        "traces need OpenTelemetry's exporter, which is not installed",
        expected="the extra huoren[tracing], or HUOREN_TRACES=0",
        got=f"HUOREN_TRACES={share:g}",
        next_step="pip install 'huoren[tracing]'",
    )


def _version() -> dict[str, str]:
    try:
        return {"service.version": version("huoren")}
    except PackageNotFoundError:  # a Bento holds the packages, not the distribution
        return {}
