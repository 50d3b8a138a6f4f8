"""Both clients say what the service says, and come back when they are told to."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from serving import schemas as s
from serving import social as so
from serving.app import build
from serving.client import AsyncClient, Client, Refused
from serving.resources import Resources

Event = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(resources: Resources) -> Callable[..., Any]:
    """Calls the asynchronous client by the name of a method."""

    async def called(name: str, *given: Any, **more: Any) -> Any:
        async with AsyncClient("http://127.0.0.1") as client:
            transport = httpx.ASGITransport(build(resources), client=("127.0.0.1", 1))
            client._http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
            return await getattr(client, name)(*given, **more)

    return lambda name, *given, **more: asyncio.run(called(name, *given, **more))


def test_every_call_is_answered_in_its_type(ask: Callable[..., Any], event: Event) -> None:
    item = s.ItemRequest(item_id="i/1", price="9.90", stock=3)
    calls: list[tuple[type, str, tuple[Any, ...], dict[str, Any]]] = [
        (s.FeedReply, "feed", (s.FeedRequest(user_id="u1", k=2),), {}),
        (so.ShareItemsReply, "share_items", (so.ShareItemsRequest(user_id="u", peer_id="f"),), {}),
        (so.PromptReply, "share_prompt", (so.PromptRequest(user_id="u", item_id="i"),), {}),
        (so.OpenGroupsReply, "open_groups", (so.PersonRequest(user_id="u1"),), {}),
        (so.LaunchReply, "launches", (so.PersonRequest(user_id="u1", k=3),), {}),
        (so.ShareReply, "share_targets", (so.ShareRequest(user_id="u1", item_id="i1"),), {}),
        (s.EventsReply, "events", ([event()],), {}),
        (s.PersonalizationReply, "personalization", ("u1",), {"enabled": False}),
        (s.PortraitReply, "portrait", ("u1",), {}),
        (s.WrittenReply, "put_items", ([item],), {}),
        (s.ItemReply, "patch_item", ("i/1", s.ItemChange(stock=0)), {}),
        (s.WrittenReply, "put_ties",
         ([s.TieRequest(user_id="u1", peer_id="u2", tie_type="friend")],), {}),
        (s.TokenReply, "token", ("u1",), {}),
    ]  # fmt: skip
    for kind, name, given, more in calls:
        assert type(ask(name, *given, **more)) is kind


def test_a_refusal_carries_its_problem(ask: Callable[..., Any]) -> None:
    with pytest.raises(Refused, match="Nothing is known of this person") as caught:
        ask("portrait", "nobody")
    document = caught.value.document
    assert (document.status, document.type) == (404, "/problems/unknown-user")


def blocking(answers: list[httpx.Response], retries: int = 2) -> Client:
    client = Client("http://service", key="k", retries=retries)
    transport = httpx.MockTransport(lambda request: answers.pop(0))
    client._http = httpx.Client(transport=transport, base_url="http://service")
    return client


BUSY = {"status_code": 503, "headers": {"retry-after": "0"}, "text": "busy"}


def test_it_comes_back_when_told_to() -> None:
    said = s.TokenReply(
        request_id="r", model_version=None, as_of="2026", token="t", expires_at="2026"
    )
    answers = [httpx.Response(**BUSY), httpx.Response(200, content=msgspec.json.encode(said))]
    with blocking(answers) as client:
        assert client.token("u1") == said


def test_it_does_not_come_back_for_ever() -> None:
    answers = [httpx.Response(**BUSY) for _ in range(3)]
    with blocking(answers, retries=1) as client, pytest.raises(Refused, match="HTTP 503"):
        client.token("u1")
    assert len(answers) == 1
