"""What marketers ask through the clients are the routes of the service, and it answers them."""

import asyncio
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from features.home import Home
from recsys.segments.webhook import FILE
from serving import app
from serving import people as p
from serving.calls import Call
from serving.client import AsyncClient, Client, Refused
from serving.marketing import AsyncMarketing, Marketing
from tests.recsys.segments.receivers import named, receiver
from tests.serving.test_segments import BUYERS, marketers

CALLS = sorted(set(vars(Marketing)) - {"ask", "wait", "download"} - set(dir(object)))
CALLS = [name for name in CALLS if not name.startswith("_")]


class Asked(Marketing):
    """Keeps the call that a method makes."""

    def ask(self, call: Call[Any]) -> Any:
        self.call = call
        return call


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_a_route_with_its_types(name: str) -> None:
    method, asked = getattr(Marketing, name), Asked()
    given = [
        "a/b" if one.annotation is str else one.annotation
        for one in list(inspect.signature(method).parameters.values())[1:]
    ]
    method(asked, *given)
    (route,) = [
        one
        for one in app.ROUTES
        if one.method == asked.call.method
        and re.fullmatch(re.sub(r"\{\w+\}", "a%2Fb", one.path), asked.call.path)
    ]
    assert route.gives is asked.call.gives
    assert route.asks is asked.call.body  # its type was given in place of a request


def test_both_clients_ask_the_same() -> None:
    both = [{n for n in vars(one) if n[0] != "_"} for one in (Marketing, AsyncMarketing)]
    assert both[0] == both[1]
    asked = Asked()
    for name in CALLS:
        count = len(inspect.signature(getattr(Marketing, name)).parameters) - 1
        made = [f"{n}" for n in range(count)]
        getattr(asked, name)(*made)
        assert asyncio.run(_awaited(name, made)) == asked.call


async def _awaited(name: str, given: list[str]) -> Call[Any]:
    class Later(AsyncMarketing):
        async def ask(self, call: Call[Any]) -> Any:
            return call

    found: Call[Any] = await getattr(Later(), name)(*given)
    return found


def _task(state: str, **more: Any) -> dict[str, Any]:
    told = p.TaskReply(
        request_id="r", model_version=None, as_of="2026", task_id="t", kind="export", state=state,
        started_at="2026", ended_at=None, done=0.5, doing="", result=None, detail="",
    )  # fmt: skip
    return msgspec.to_builtins(told) | more


def _through(answers: list[httpx.Response]) -> Any:
    return httpx.MockTransport(lambda _: answers.pop(0))


def test_tasks_are_waited_for_and_files_streamed(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("serving.marketing.POLL_S", 0.001)

    def answers() -> list[httpx.Response]:
        return [
            httpx.Response(200, json=_task("running")), httpx.Response(200, json=_task("done")),
            httpx.Response(200, content=b"user_id"), httpx.Response(404, text="gone"),
        ]  # fmt: skip

    running = msgspec.convert(_task("running"), p.TaskReply)
    with Client("http://service") as client:
        client._http = httpx.Client(transport=_through(answers()), base_url="http://service")
        assert client.wait(running).state == "done"
        assert client.download("a.csv", tmp_path / "a.csv").read_bytes() == b"user_id"
        with pytest.raises(Refused, match="HTTP 404"):
            client.download("b.csv", tmp_path / "b.csv")
        with pytest.raises(TimeoutError, match="task t"):
            client.wait(running, timeout_s=-1.0)

    async def ask() -> None:
        async with AsyncClient("http://service") as client:
            transport = _through(answers())
            client._http = httpx.AsyncClient(transport=transport, base_url="http://service")
            assert (await client.wait(running)).state == "done"
            path = await client.download("a.csv", tmp_path / "c.csv")
            assert path.read_bytes() == b"user_id"
            with pytest.raises(Refused, match="HTTP 404"):
                await client.download("b.csv", tmp_path / "b.csv")

    asyncio.run(ask())


@pytest.fixture(scope="module")
def service(tmp_path_factory: Any) -> Iterator[Any]:
    yield from marketers(Home(tmp_path_factory.mktemp("clients")))


@pytest.fixture
def client(service: Any) -> Client:
    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"content-type": request.headers.get("content-type", "text/plain")}
        path = str(request.url.raw_path, "ascii")
        told = service.request(request.method, path, content=request.read(), headers=headers)
        return httpx.Response(told.status_code, content=told.content)

    made = Client("http://service")
    made._http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://service")
    return made


def test_a_send_list_goes_to_a_webhook(client: Client, service: Any) -> None:
    saved = client.save_segment(p.SaveRequest(name="买家", segment=BUYERS)).saved
    assert saved.version == 1
    assert [one.people for one in client.trend("买家").points] == [80]
    asked = p.DeliverRequest(campaign="autumn", webhook="crm", control=20.0)
    with receiver((503, {})) as told:
        named(service.store_home, told.url)
        task = client.wait(client.deliver("买家", asked))
    assert task.state == "done", task.detail
    assert (task.result["people"], task.result["attempts"]) == (len(set(told.people)), 2)
    found = client.activations("买家")
    assert [(one["campaign"], one["destination"]) for one in found.exports] == [("autumn", "plain")]
    assert [one["status"] for one in found.deliveries] == [503, 204]
    (service.store_home / FILE).unlink()
    failed = client.wait(client.deliver("买家", asked))
    assert (failed.state, "unknown webhook" in failed.detail) == ("failed", True), failed
