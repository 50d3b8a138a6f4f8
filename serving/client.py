"""A typed Python client of the service, blocking and asynchronous.

    with Client("http://127.0.0.1:3000", key="…") as client:
        for item in client.feed(FeedRequest(user_id="u1", k=10)).items:
            show(item.item_id)

Requests and answers are the types of ``serving.schemas``. A refusal is raised as ``Refused`` with
its problem document; ``overloaded`` and ``rate-limited`` are asked again after ``Retry-After``,
which is safe for every route: events are known by their ``message_id``, others can be repeated.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from features.errors import HuorenError
from serving import schemas as s
from serving import social as so
from serving.errors import Problem

T = TypeVar("T")

PATIENCE_S = 5.0
"""Longest ``Retry-After`` that is waited for."""

_AGAIN = frozenset({429, 503})


class Refused(HuorenError):
    """The service refused a request.

    Parameters
    ----------
    problem : Problem
        Its problem document: ``type``, ``status``, ``detail``, ``errors``, ``request_id``.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(
            problem.title, got=problem.detail, next_step=f"see {problem.type} of the service"
        )
        self.document = problem


@dataclass(frozen=True)
class _Call(Generic[T]):
    """One request, and what its answer is."""

    method: str
    path: str
    gives: type[T]
    body: Any = None

    def request(self) -> dict[str, Any]:
        content = None if self.body is None else msgspec.json.encode(self.body)
        headers = {} if content is None else {"content-type": "application/json"}
        return {"method": self.method, "url": self.path, "content": content, "headers": headers}

    def answer(self, response: httpx.Response) -> T:
        if response.is_success:
            return msgspec.json.decode(response.content, type=self.gives)
        try:
            problem = msgspec.json.decode(response.content, type=Problem)
        except msgspec.DecodeError:  # something between us and the service answered
            said = response.text[:200]
            status = response.status_code
            problem = Problem("about:blank", f"HTTP {status}", status, said, "")
        raise Refused(problem)


def _of_person(user_id: str) -> str:
    return f"/v1/users/{quote(user_id, safe='')}"


def _of_item(item_id: str) -> str:
    return f"/v1/items/{quote(item_id, safe='')}"


def _waits(response: httpx.Response, retries: int) -> Iterator[float]:
    """How long to wait before each further attempt; nothing where there is none."""
    if response.status_code in _AGAIN and retries > 0:
        told = response.headers.get("retry-after", "")
        yield min(float(told) if told.isdigit() else 1.0, PATIENCE_S)


class _Calls:
    """What both clients share: where the service is, and how often to ask again."""

    def __init__(
        self, url: str, key: str | None = None, timeout_s: float = 10.0, retries: int = 2
    ) -> None:
        """Say where the service is and with which key or token to ask it."""
        self.retries = retries
        self._how: dict[str, Any] = {
            "base_url": url,
            "timeout": timeout_s,
            "headers": {} if key is None else {"authorization": f"Bearer {key}"},
        }


class Client(_Calls):
    """The blocking client; one connection pool, usable from several threads.

    Parameters
    ----------
    url : str
        Such as ``http://127.0.0.1:3000``.
    key : str, optional
        A key, or the token of a person.
    timeout_s : float
        Of one attempt.
    retries : int
        Further attempts where the service says to come back.
    """

    def __init__(
        self, url: str, key: str | None = None, timeout_s: float = 10.0, retries: int = 2
    ) -> None:
        super().__init__(url, key, timeout_s, retries)
        self._http = httpx.Client(**self._how)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _ask(self, call: _Call[T]) -> T:
        left = self.retries
        while True:
            response = self._http.request(**call.request())
            wait = next(_waits(response, left), None)
            if wait is None:
                return call.answer(response)
            left -= 1
            time.sleep(wait)

    def feed(self, asked: s.FeedRequest) -> s.FeedReply:
        """Ask for a personal list."""
        return self._ask(_Call("POST", "/v1/feed", s.FeedReply, asked))

    def share_targets(self, asked: so.ShareRequest) -> so.ShareReply:
        """Ask whom to share an item with."""
        return self._ask(_Call("POST", "/v1/share-targets", so.ShareReply, asked))

    def share_items(self, asked: so.ShareItemsRequest) -> so.ShareItemsReply:
        """Ask what to share with a friend."""
        return self._ask(_Call("POST", "/v1/share-items", so.ShareItemsReply, asked))

    def share_prompt(self, asked: so.PromptRequest) -> so.PromptReply:
        """Ask whether to show a prompt to share now."""
        return self._ask(_Call("POST", "/v1/share-prompts/decide", so.PromptReply, asked))

    def open_groups(self, asked: so.PersonRequest) -> so.OpenGroupsReply:
        """Ask which group buys somebody may join."""
        return self._ask(_Call("POST", "/v1/group-buys/open", so.OpenGroupsReply, asked))

    def launches(self, asked: so.PersonRequest) -> so.LaunchReply:
        """Ask what somebody should start a group buy for."""
        return self._ask(_Call("POST", "/v1/group-buys/launch", so.LaunchReply, asked))

    def forecast(self, group_buy_id: str) -> so.ForecastReply:
        """Ask for the chance that a group buy fills."""
        path = f"/v1/group-buys/{quote(group_buy_id, safe='')}/forecast"
        return self._ask(_Call("POST", path, so.ForecastReply))

    def events(self, events: Sequence[Mapping[str, Any]]) -> s.EventsReply:
        """Send events; durable when this returns."""
        return self._ask(_Call("POST", "/v1/events", s.EventsReply, {"events": events}))

    def portrait(self, user_id: str) -> s.PortraitReply:
        """Ask for the tags of a person."""
        return self._ask(_Call("GET", f"{_of_person(user_id)}/portrait", s.PortraitReply))

    def personalization(self, user_id: str, *, enabled: bool) -> s.PersonalizationReply:
        """Set a person's own switch."""
        path, body = (
            f"{_of_person(user_id)}/personalization",
            s.PersonalizationRequest(enabled=enabled),
        )
        return self._ask(_Call("PUT", path, s.PersonalizationReply, body))

    def put_items(self, items: Sequence[s.ItemRequest]) -> s.WrittenReply:
        """Add or replace items."""
        return self._ask(_Call("PUT", "/v1/items", s.WrittenReply, {"items": items}))

    def patch_item(self, item_id: str, change: s.ItemChange) -> s.ItemReply:
        """Change price, stock, status or expiry of an item."""
        return self._ask(
            _Call("PATCH", f"/v1/items/{quote(item_id, safe='')}", s.ItemReply, change)
        )

    def put_ties(self, ties: Sequence[s.TieRequest]) -> s.WrittenReply:
        """Add or replace ties."""
        return self._ask(_Call("PUT", "/v1/ties", s.WrittenReply, {"ties": ties}))

    def token(self, user_id: str) -> s.TokenReply:
        """Ask for a token of one person."""
        return self._ask(_Call("POST", "/v1/tokens", s.TokenReply, {"user_id": user_id}))


class AsyncClient(_Calls):
    """The asynchronous client; the same calls, awaited.

    Parameters
    ----------
    url : str
        Such as ``http://127.0.0.1:3000``.
    key : str, optional
        A key, or the token of a person.
    timeout_s : float
        Of one attempt.
    retries : int
        Further attempts where the service says to come back.
    """

    def __init__(
        self, url: str, key: str | None = None, timeout_s: float = 10.0, retries: int = 2
    ) -> None:
        super().__init__(url, key, timeout_s, retries)
        self._http = httpx.AsyncClient(**self._how)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _ask(self, call: _Call[T]) -> T:
        left = self.retries
        while True:
            response = await self._http.request(**call.request())
            wait = next(_waits(response, left), None)
            if wait is None:
                return call.answer(response)
            left -= 1
            await asyncio.sleep(wait)

    async def feed(self, asked: s.FeedRequest) -> s.FeedReply:
        """Ask for a personal list."""
        return await self._ask(_Call("POST", "/v1/feed", s.FeedReply, asked))

    async def share_targets(self, asked: so.ShareRequest) -> so.ShareReply:
        """Ask whom to share an item with."""
        return await self._ask(_Call("POST", "/v1/share-targets", so.ShareReply, asked))

    async def share_items(self, asked: so.ShareItemsRequest) -> so.ShareItemsReply:
        """Ask what to share with a friend."""
        return await self._ask(_Call("POST", "/v1/share-items", so.ShareItemsReply, asked))

    async def share_prompt(self, asked: so.PromptRequest) -> so.PromptReply:
        """Ask whether to show a prompt to share now."""
        return await self._ask(_Call("POST", "/v1/share-prompts/decide", so.PromptReply, asked))

    async def open_groups(self, asked: so.PersonRequest) -> so.OpenGroupsReply:
        """Ask which group buys somebody may join."""
        return await self._ask(_Call("POST", "/v1/group-buys/open", so.OpenGroupsReply, asked))

    async def launches(self, asked: so.PersonRequest) -> so.LaunchReply:
        """Ask what somebody should start a group buy for."""
        return await self._ask(_Call("POST", "/v1/group-buys/launch", so.LaunchReply, asked))

    async def forecast(self, group_buy_id: str) -> so.ForecastReply:
        """Ask for the chance that a group buy fills."""
        path = f"/v1/group-buys/{quote(group_buy_id, safe='')}/forecast"
        return await self._ask(_Call("POST", path, so.ForecastReply))

    async def events(self, events: Sequence[Mapping[str, Any]]) -> s.EventsReply:
        """Send events; durable when this returns."""
        return await self._ask(_Call("POST", "/v1/events", s.EventsReply, {"events": events}))

    async def portrait(self, user_id: str) -> s.PortraitReply:
        """Ask for the tags of a person."""
        return await self._ask(_Call("GET", f"{_of_person(user_id)}/portrait", s.PortraitReply))

    async def personalization(self, user_id: str, *, enabled: bool) -> s.PersonalizationReply:
        """Set a person's own switch."""
        path, body = (
            f"{_of_person(user_id)}/personalization",
            s.PersonalizationRequest(enabled=enabled),
        )
        return await self._ask(_Call("PUT", path, s.PersonalizationReply, body))

    async def put_items(self, items: Sequence[s.ItemRequest]) -> s.WrittenReply:
        """Add or replace items."""
        return await self._ask(_Call("PUT", "/v1/items", s.WrittenReply, {"items": items}))

    async def patch_item(self, item_id: str, change: s.ItemChange) -> s.ItemReply:
        """Change price, stock, status or expiry of an item."""
        return await self._ask(
            _Call("PATCH", f"/v1/items/{quote(item_id, safe='')}", s.ItemReply, change)
        )

    async def put_ties(self, ties: Sequence[s.TieRequest]) -> s.WrittenReply:
        """Add or replace ties."""
        return await self._ask(_Call("PUT", "/v1/ties", s.WrittenReply, {"ties": ties}))

    async def token(self, user_id: str) -> s.TokenReply:
        """Ask for a token of one person."""
        return await self._ask(
            _Call("POST", "/v1/tokens", s.TokenReply, s.TokenRequest(user_id=user_id))
        )
