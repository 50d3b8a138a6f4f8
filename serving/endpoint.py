"""From an HTTP request to an answer: guard, body, turn, work, encoding, measure."""

import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from serving import audit, body
from serving.asking import Asking, Route
from serving.errors import MEDIA_TYPE, Refusal, invalid, refusal
from serving.guard import ANYONE
from serving.ids import request_id
from serving.resources import Resources
from serving.schemas import Id
from serving.tracing import Trace

_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
"""Headers of every answer: a browser guesses nothing, keeps nothing, shows it in no frame."""

_ENCODE = msgspec.json.Encoder().encode
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(route: Route, resources: Resources) -> Endpoint:
    """Make the ASGI endpoint of one route."""
    limits, clock, tracing = resources.settings.limits, resources.clock, resources.tracing

    async def work(request: Request, asking_id: str, at_us: int, trace: Trace | None) -> Response:
        if route.queued:
            resources.admission.check()  # before anything is read
        caller = resources.guard.check(request, route.scope, at_us)
        resources.rate(caller)
        request.state.caller = caller
        _check_path(request.path_params)
        asked = None
        if route.asks is not None:
            asked = body.decode(await body.read(request, limits), route.asks)
        asking = Asking(
            asked, request.path_params, resources, asking_id, at_us, caller,
            request.is_disconnected, trace=trace,
        )  # fmt: skip
        _check_person(route, asking)
        if route.queued:
            async with resources.admission.turn():
                answer = route.answer(asking)
        else:
            answer = route.answer(asking)
            if inspect.isawaitable(answer):
                answer = await answer
        if trace is not None:
            trace.answered(answer)
        return _response(answer, route.status)

    async def respond(request: Request) -> Response:
        started = time.perf_counter()
        at_us = clock.now_us()
        asking_id = request_id(at_us)
        trace = None
        if tracing is not None:
            trace = tracing.begin(route.method, route.path, request.headers, asking_id)
        try:
            response = await work(request, asking_id, at_us, trace)
        except Exception as error:
            response = problem(error, asking_id)
        response.raw_headers += [(b"x-request-id", asking_id.encode()), *_SAFE]
        if route.scope in audit.SCOPES:
            note = getattr(request.state, "caller", ANYONE).note
            resources.audit.note(
                at_us, note, route.scope or "", route.name, response.status_code, asking_id
            )
        spent = time.perf_counter() - started
        resources.metrics.seconds.labels(route.name, response.status_code).observe(spent)
        if trace is not None:
            trace.end(response.status_code)
        return response

    return respond


def _check_person(route: Route, asking: Asking) -> None:
    """A token of a person opens what is about that person alone."""
    person = asking.caller.user_id
    if person is None or route.scope is None:
        return
    if route.about is None:
        raise Refusal("forbidden", "a person's token does not open this")
    if any(other != person for other in route.about(asking)):
        raise Refusal("forbidden", "the token is bound to another person")


def _check_path(parameters: dict[str, str]) -> None:
    for name, value in parameters.items():
        try:
            msgspec.convert(value, Id)
        except msgspec.ValidationError as error:
            raise invalid(name, str(error)) from None


def _response(answer: Any, status: int) -> Response:
    if isinstance(answer, Response):
        return answer
    return encoded(answer, status)


def encoded(answer: Any, status: int = 200) -> Response:
    """JSON of an answer."""
    return Response(_ENCODE(answer), status, media_type="application/json")


def problem(error: Exception, asking_id: str) -> Response:
    """Answer that says why a request was refused."""
    refused = refusal(error, asking_id)
    document = refused.problem(asking_id)
    return Response(
        _ENCODE(document), document.status, headers=refused.headers, media_type=MEDIA_TYPE
    )
