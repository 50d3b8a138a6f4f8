"""One request on its way through a route, and what a route declares of itself."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

from features.clock import format_instant
from serving.guard import ANYONE, Caller
from serving.loading import Models
from serving.resources import Resources
from serving.tracing import Trace


async def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Asking:
    """A request that passed the guard.

    Parameters
    ----------
    body : Struct or None
        Decoded; an instance of what the route ``asks`` for.
    path : mapping of str to str
        Parameters of the path.
    resources : Resources
        What the worker holds.
    request_id : str
        Of the answer.
    at_us : int
        The service's instant of arrival.
    caller : Caller
        Who asks.
    gone : callable
        Whether the caller has hung up, awaited.
    arrived_s : float
        When it arrived, on the clock of ``time.monotonic``; waiting for a turn counts.
    trace : Trace or None
        Of this request, where it is sampled.
    """

    body: Any
    path: dict[str, str]
    resources: Resources
    request_id: str
    at_us: int
    caller: Caller = ANYONE
    gone: Callable[[], Awaitable[bool]] = _never
    arrived_s: float = field(default_factory=monotonic)
    trace: Trace | None = None

    def head(self, models: Models | None) -> dict[str, Any]:
        """Fields that every answer has; ``models`` are those that took part."""
        return {
            "request_id": self.request_id,
            "model_version": models.version if models else None,
            "as_of": format_instant(models.as_of_us if models else self.at_us),
        }

    def count(self, degraded: tuple[str, ...]) -> tuple[str, ...]:
        """Count in the metrics what an answer had to do without; returns it."""
        for part in degraded:
            self.resources.metrics.degraded.labels(part).inc()
        return degraded

    def staged(self, began_ns: int, milliseconds: Mapping[str, float]) -> None:
        """Trace the stages of an answer, the first of which began at ``began_ns`` (Unix epoch)."""
        if self.trace is not None:
            self.trace.staged(began_ns, milliseconds)


class Answers(Protocol):
    """A route's work: an answer, at once or awaited."""

    def __call__(self, asking: Asking) -> Any:
        """Return an instance of what the route ``gives``."""
        ...


@dataclass(frozen=True)
class Route:
    """A route as the service and its OpenAPI document know it.

    Parameters
    ----------
    method, path : str
        Such as ``POST /v1/feed``; ``{id}`` in the path may hold any text.
    answer : callable
        Asking → answer.
    gives : type
        Of the answer, for the document; bytes for plain text, bytearray for a file.
    summary : str
        One sentence.
    asks : type, optional
        Of the body.
    scope : str or None
        Of the key; ``local``: none on this machine; None: open.
    status : int
        Of a good answer.
    problems : tuple of str
        Kinds of problem it has beyond those of every route.
    queued : bool
        Whether it computes long enough to wait for a turn.
    about : callable, optional
        Asking → ids of the people it is about; without it no token of a person opens the route.
    also : tuple of (int, type)
        Other statuses that are no problems, with what they give.
    called : str, optional
        Its name, where the words of the path are those of another route.
    """

    method: str
    path: str
    answer: Answers
    gives: Any
    summary: str
    asks: Any = None
    scope: str | None = "app"
    status: int = 200
    problems: tuple[str, ...] = ()
    queued: bool = False
    about: Callable[[Asking], Iterable[str | None]] | None = None
    also: tuple[tuple[int, Any], ...] = ()
    called: str = ""

    @property
    def name(self) -> str:
        """Short name for metrics and the document: ``post-feed``."""
        if self.called:
            return self.called
        words = [w for w in self.path.split("/") if w and w != "v1" and not w.startswith("{")]
        return "-".join([self.method.lower(), *words]).replace(".", "-")
