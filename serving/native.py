"""BentoML's own routes for batch scoring, behind the guard of all others.

``score`` is a BentoML task: BentoML's client submits a list of people, asks how far it is, and
gets the scores that ``POST /v1/score/{model}`` gives. Nobody reaches BentoML's application past the
routes below: guard, bounds, audit and problems are those of every route, and what goes on is made
anew of what was decoded. So no key is kept with a task, and no body of another kind (BentoML reads
pickles) is ever parsed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp, Message, Scope

from serving import predicted
from serving.asking import Answers, Asking, Route
from serving.endpoint import encoded, endpoint, problem
from serving.errors import MEDIA_TYPE, Refusal
from serving.ids import request_id
from serving.resources import Resources
from serving.routes import scores
from serving.schemas import Asked, Id

MOST = 100
"""Requests that BentoML may have under way in one worker; a task is one until it is done."""

SETTLE_SECONDS = 20.0
"""How long a stopping worker waits for them."""


class BatchRequest(Asked):
    """Whose scores of which model are wanted."""

    model: Id
    user_ids: Annotated[list[Id], Meta(min_length=1, max_length=10_000)]


class Submitted(Struct):
    """A task as BentoML tells of it."""

    task_id: str
    status: str


class Native:
    """BentoML's application, and the routes that lead to it.

    Parameters
    ----------
    app : ASGI application, optional
        Set when BentoML has made it.
    """

    def __init__(self, app: ASGIApp | None = None) -> None:
        self.app = app
        self.running: set[asyncio.Future[None]] = set()
        self.turn = asyncio.Semaphore(1)

    def routes(self, resources: Resources) -> list[StarletteRoute]:
        """Guarded routes with the paths that BentoML's client knows."""
        listed = (
            Route(
                "POST", "/score", self._posted("/score"), predicted.ScoreReply,
                "Scores, waited for.", asks=BatchRequest, scope="marketer",
            ),
            Route(
                "POST", "/score/submit", self._posted("/score/submit"), Submitted,
                "Scores as a task.", asks=BatchRequest, scope="marketer",
            ),
            Route(
                "GET", "/score/status", self._got("/score/status"), Submitted,
                "How far a task is.", scope="marketer",
            ),
            Route(
                "GET", "/score/get", self._got("/score/get"), predicted.ScoreReply,
                "The scores of a task.", scope="marketer",
            ),
            Route(
                "GET", "/schema.json", self._got("/schema.json"), dict,
                "What BentoML's client reads first.", scope="marketer",
            ),
        )  # fmt: skip
        return [
            StarletteRoute(route.path, _with_query(route, resources), methods=[route.method])
            for route in listed
        ]

    async def score(self, resources: Resources, model: str, user_ids: list[str]) -> Response:
        """The work of the task: one list at a time, so that recommendations keep their core."""
        at_us = resources.clock.now_us()
        asking_id = request_id(at_us)
        asked = predicted.ScoreRequest(user_ids=user_ids)
        try:
            async with self.turn:
                asking = Asking(asked, {"model": model}, resources, asking_id, at_us)
                return encoded(await scores.score(asking))
        except Exception as error:
            return problem(error, asking_id)

    async def ask(self, method: str, path: str, query: str = "", body: bytes = b"") -> Response:
        """Ask BentoML; what it does after its answer goes on.

        Raises
        ------
        Refusal
            ``too-many-tasks`` with ``MOST`` requests under way, ``unknown-task``.
        """
        if len(self.running) >= MOST:
            raise Refusal("too-many-tasks", f"{MOST} requests are under way")
        assert self.app is not None
        exchange = _Exchange(body)
        scope = _scope(method, path, query, body)
        going = asyncio.ensure_future(self.app(scope, exchange.receive, exchange.send))
        self.running.add(going)
        going.add_done_callback(self.running.discard)
        going.add_done_callback(exchange.over)
        answer = await exchange.answer
        if answer.status_code == 404 and answer.headers["content-type"] != MEDIA_TYPE:
            raise Refusal("unknown-task", "there is no such task; its time may be over")
        return answer

    async def settle(self) -> None:
        """Let what is under way end, for ``SETTLE_SECONDS`` at most."""
        if self.running:
            await asyncio.wait(self.running, timeout=SETTLE_SECONDS)

    def _posted(self, path: str) -> Answers:
        async def answer(asking: Asking) -> Response:
            return await self.ask("POST", path, body=msgspec.json.encode(asking.body))

        return answer

    def _got(self, path: str) -> Answers:
        async def answer(asking: Asking) -> Response:
            return await self.ask("GET", path, urlencode(asking.path))

        return answer


def _with_query(route: Route, resources: Resources) -> Callable[[Request], Awaitable[Response]]:
    """Endpoint of a route that takes its one parameter, ``task_id``, from the query."""
    respond = endpoint(route, resources)
    named = route.path in {"/score/status", "/score/get"}

    async def with_query(request: Request) -> Response:
        told = {"task_id": request.query_params.get("task_id", "")} if named else {}
        request.scope["path_params"] = told
        return await respond(request)

    return with_query


class _Exchange:
    """One request to an application in process, and its answer.

    Parameters
    ----------
    body : bytes
        Of the request.
    """

    def __init__(self, body: bytes) -> None:
        self.left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        self.answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.begun: Message = {}
        self.chunks: list[bytes] = []

    async def receive(self) -> Message:
        """The body, once; nobody hangs up."""
        if self.left:
            return self.left.pop()
        never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await never

    async def send(self, message: Message) -> None:
        """Collect the answer."""
        if message["type"] == "http.response.start":
            self.begun = message
            return
        self.chunks.append(message.get("body", b""))
        if not message.get("more_body", False) and not self.answer.done():
            kind = dict(self.begun["headers"]).get(b"content-type", b"application/json")
            whole = Response(b"".join(self.chunks), self.begun["status"])
            whole.raw_headers += [(b"content-type", kind)]
            self.answer.set_result(whole)

    def over(self, going: "asyncio.Future[None]") -> None:
        """Hand on why there will be no answer."""
        if going.cancelled():
            self.answer.cancel()
        elif self.answer.done():
            going.exception()
        else:
            self.answer.set_exception(going.exception() or RuntimeError("BentoML did not answer"))


def _scope(method: str, path: str, query: str, body: bytes) -> Scope:
    headers: list[tuple[bytes, bytes]] = []
    if body:
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
        "client": None,
        "server": None,
    }
