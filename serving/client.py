"""A typed Python client of the service, blocking and asynchronous.

    with Client("http://127.0.0.1:3000", key="…") as client:
        for item in client.feed(FeedRequest(user_id="u1", k=10)).items:
            show(item.item_id)

Requests and answers are the types of ``serving.schemas``, and for what marketers ask
(``serving.marketing``) those of ``serving.people`` and ``serving.predicted``. A refusal is raised
as ``Refused`` with its problem document; ``overloaded`` and ``rate-limited`` are asked again after
``Retry-After``, which is safe for every route: events are known by their ``message_id``, others can
be repeated.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from serving import schemas as s
from serving import social as so
from serving.calls import Call, Calls, Refused, of_person, waits
from serving.marketing import AsyncMarketing, Marketing

__all__ = ["AsyncClient", "Client", "Refused"]

T = TypeVar("T")


class Client(Marketing, Calls):
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

    def ask(self, call: Call[T]) -> T:
        """Send a request, again where the service says to come back."""
        left = self.retries
        while True:
            response = self._http.request(**call.request())
            wait = next(waits(response, left), None)
            if wait is None:
                return call.answer(response)
            left -= 1
            time.sleep(wait)

    def feed(self, asked: s.FeedRequest) -> s.FeedReply:
        """Ask for a personal list."""
        return self.ask(Call("POST", "/v1/feed", s.FeedReply, asked))

    def share_targets(self, asked: so.ShareRequest) -> so.ShareReply:
        """Ask whom to share an item with."""
        return self.ask(Call("POST", "/v1/share-targets", so.ShareReply, asked))

    def share_items(self, asked: so.ShareItemsRequest) -> so.ShareItemsReply:
        """Ask what to share with a friend."""
        return self.ask(Call("POST", "/v1/share-items", so.ShareItemsReply, asked))

    def share_prompt(self, asked: so.PromptRequest) -> so.PromptReply:
        """Ask whether to show a prompt to share now."""
        return self.ask(Call("POST", "/v1/share-prompts/decide", so.PromptReply, asked))

    def open_groups(self, asked: so.PersonRequest) -> so.OpenGroupsReply:
        """Ask which group buys somebody may join."""
        return self.ask(Call("POST", "/v1/group-buys/open", so.OpenGroupsReply, asked))

    def launches(self, asked: so.PersonRequest) -> so.LaunchReply:
        """Ask what somebody should start a group buy for."""
        return self.ask(Call("POST", "/v1/group-buys/launch", so.LaunchReply, asked))

    def forecast(self, group_buy_id: str) -> so.ForecastReply:
        """Ask for the chance that a group buy fills."""
        path = f"/v1/group-buys/{quote(group_buy_id, safe='')}/forecast"
        return self.ask(Call("POST", path, so.ForecastReply))

    def events(self, events: Sequence[Mapping[str, Any]]) -> s.EventsReply:
        """Send events; durable when this returns."""
        return self.ask(Call("POST", "/v1/events", s.EventsReply, {"events": events}))

    def portrait(self, user_id: str) -> s.PortraitReply:
        """Ask for the tags of a person."""
        return self.ask(Call("GET", f"{of_person(user_id)}/portrait", s.PortraitReply))

    def personalization(self, user_id: str, *, enabled: bool) -> s.PersonalizationReply:
        """Set a person's own switch."""
        path, body = (
            f"{of_person(user_id)}/personalization",
            s.PersonalizationRequest(enabled=enabled),
        )
        return self.ask(Call("PUT", path, s.PersonalizationReply, body))

    def put_items(self, items: Sequence[s.ItemRequest]) -> s.WrittenReply:
        """Add or replace items."""
        return self.ask(Call("PUT", "/v1/items", s.WrittenReply, {"items": items}))

    def patch_item(self, item_id: str, change: s.ItemChange) -> s.ItemReply:
        """Change price, stock, status or expiry of an item."""
        return self.ask(Call("PATCH", f"/v1/items/{quote(item_id, safe='')}", s.ItemReply, change))

    def put_ties(self, ties: Sequence[s.TieRequest]) -> s.WrittenReply:
        """Add or replace ties."""
        return self.ask(Call("PUT", "/v1/ties", s.WrittenReply, {"ties": ties}))

    def token(self, user_id: str) -> s.TokenReply:
        """Ask for a token of one person."""
        return self.ask(Call("POST", "/v1/tokens", s.TokenReply, {"user_id": user_id}))


class AsyncClient(AsyncMarketing, Calls):
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

    async def ask(self, call: Call[T]) -> T:
        """Send a request, again where the service says to come back."""
        left = self.retries
        while True:
            response = await self._http.request(**call.request())
            wait = next(waits(response, left), None)
            if wait is None:
                return call.answer(response)
            left -= 1
            await asyncio.sleep(wait)

    async def feed(self, asked: s.FeedRequest) -> s.FeedReply:
        """Ask for a personal list."""
        return await self.ask(Call("POST", "/v1/feed", s.FeedReply, asked))

    async def share_targets(self, asked: so.ShareRequest) -> so.ShareReply:
        """Ask whom to share an item with."""
        return await self.ask(Call("POST", "/v1/share-targets", so.ShareReply, asked))

    async def share_items(self, asked: so.ShareItemsRequest) -> so.ShareItemsReply:
        """Ask what to share with a friend."""
        return await self.ask(Call("POST", "/v1/share-items", so.ShareItemsReply, asked))

    async def share_prompt(self, asked: so.PromptRequest) -> so.PromptReply:
        """Ask whether to show a prompt to share now."""
        return await self.ask(Call("POST", "/v1/share-prompts/decide", so.PromptReply, asked))

    async def open_groups(self, asked: so.PersonRequest) -> so.OpenGroupsReply:
        """Ask which group buys somebody may join."""
        return await self.ask(Call("POST", "/v1/group-buys/open", so.OpenGroupsReply, asked))

    async def launches(self, asked: so.PersonRequest) -> so.LaunchReply:
        """Ask what somebody should start a group buy for."""
        return await self.ask(Call("POST", "/v1/group-buys/launch", so.LaunchReply, asked))

    async def forecast(self, group_buy_id: str) -> so.ForecastReply:
        """Ask for the chance that a group buy fills."""
        path = f"/v1/group-buys/{quote(group_buy_id, safe='')}/forecast"
        return await self.ask(Call("POST", path, so.ForecastReply))

    async def events(self, events: Sequence[Mapping[str, Any]]) -> s.EventsReply:
        """Send events; durable when this returns."""
        return await self.ask(Call("POST", "/v1/events", s.EventsReply, {"events": events}))

    async def portrait(self, user_id: str) -> s.PortraitReply:
        """Ask for the tags of a person."""
        return await self.ask(Call("GET", f"{of_person(user_id)}/portrait", s.PortraitReply))

    async def personalization(self, user_id: str, *, enabled: bool) -> s.PersonalizationReply:
        """Set a person's own switch."""
        path, body = (
            f"{of_person(user_id)}/personalization",
            s.PersonalizationRequest(enabled=enabled),
        )
        return await self.ask(Call("PUT", path, s.PersonalizationReply, body))

    async def put_items(self, items: Sequence[s.ItemRequest]) -> s.WrittenReply:
        """Add or replace items."""
        return await self.ask(Call("PUT", "/v1/items", s.WrittenReply, {"items": items}))

    async def patch_item(self, item_id: str, change: s.ItemChange) -> s.ItemReply:
        """Change price, stock, status or expiry of an item."""
        return await self.ask(
            Call("PATCH", f"/v1/items/{quote(item_id, safe='')}", s.ItemReply, change)
        )

    async def put_ties(self, ties: Sequence[s.TieRequest]) -> s.WrittenReply:
        """Add or replace ties."""
        return await self.ask(Call("PUT", "/v1/ties", s.WrittenReply, {"ties": ties}))

    async def token(self, user_id: str) -> s.TokenReply:
        """Ask for a token of one person."""
        return await self.ask(
            Call("POST", "/v1/tokens", s.TokenReply, s.TokenRequest(user_id=user_id))
        )
