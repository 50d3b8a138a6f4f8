"""Batch scoring by BentoML's own client, and nothing else of BentoML's without a key."""

import asyncio
import base64
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import bentoml
import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bentoml.exceptions import BentoMLException

from features.clock import DAY_US, now_us
from features.home import Home
from serving import native
from serving.app import build
from serving.guard import new_key
from serving.native import Native
from serving.resources import Resources
from tests.serving.conftest import Client
from tests.serving.shops import promote, write_bundle
from tests.serving.test_serve import Served

PICKLES = "application/vnd.bentoml+pickle"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    promote(home, write_bundle(home, now_us() - DAY_US))
    folder = home.root / "scores"
    folder.mkdir()
    card = {"as_of": "2026-06-01T00:00:00Z", "sentence": "orders", "backtest": {"band": "good"}}
    (folder / "buy.json").write_text(json.dumps(card))
    rows = {"user_id": ["u1", "u2"], "probability": [0.5, 0.25], "percentile": [50, 0],
            "reasons": [["user.orders"], []]}  # fmt: skip
    pq.write_table(pa.table(rows), folder / "buy.parquet")
    return home


@pytest.fixture(scope="module")
def keys(home: Home) -> dict[str, str]:
    made = {scope: new_key(scope, f"key of {scope}") for scope in ("app", "marketer")}
    (home.root / "keys.txt").write_text("\n".join(line for _, line in made.values()))
    return {scope: key for scope, (key, _) in made.items()}


@pytest.fixture(scope="module")
def served(home: Home, keys: dict[str, str]) -> Iterator[Served]:
    served = Served(home, "--workers", "2", "--keys", str(home.root / "keys.txt"))
    yield served
    served.end()


@asynccontextmanager
async def client_of(url: str, key: str | None = None) -> AsyncIterator[Any]:
    """BentoML's client, of which nothing is left to the garbage collector."""
    made = bentoml.AsyncHTTPClient(url, token=key)
    try:
        yield await made.__aenter__()
    finally:
        await made.close()
        made._temp_dir.cleanup()


async def submitted(url: str, key: str, **asked: Any) -> tuple[str, Any]:
    """How a task ended, and what it gave, as BentoML's client tells."""
    async with client_of(url, key) as client:
        task = await client.score.submit(**asked)
        end = time.monotonic() + 60
        while (status := await task.get_status()).value == "in_progress":
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
        try:
            return status.value, await task.get()
        except BentoMLException as error:
            return status.value, json.loads(str(error))


def test_a_task_of_bentoml_scores_a_list(served: Served, keys: dict[str, str]) -> None:
    asked = {"model": "buy", "user_ids": ["u2", "nobody", "u1"] * 1_000}
    status, answer = asyncio.run(submitted(served.url, keys["marketer"], **asked))
    assert (status, answer["quality"]) == ("completed", "good")
    assert [one["probability"] for one in answer["scores"]] == [0.25, None, 0.5] * 1_000


def test_a_task_that_fails_says_why(served: Served, keys: dict[str, str]) -> None:
    asked = {"model": "sell", "user_ids": ["u1"]}
    status, answer = asyncio.run(submitted(served.url, keys["marketer"], **asked))
    assert (status, answer["type"]) == ("failed", "/problems/unknown-model")


def test_the_blocking_client_waits_for_scores(served: Served, keys: dict[str, str]) -> None:
    with bentoml.SyncHTTPClient(served.url, token=keys["marketer"]) as client:
        answer = client.score(model="buy", user_ids=["u1"])
    client._temp_dir.cleanup()
    assert answer["scores"][0]["reasons"] == ["user.orders"]


def test_the_client_gets_nowhere_without_a_key(served: Served) -> None:
    async def entered() -> None:
        async with client_of(served.url):
            """Not let in."""

    with pytest.raises(BentoMLException, match=r"schema\.json"):
        asyncio.run(entered())


GUARDED = (
    ("POST", "/score"),
    ("POST", "/score/submit"),
    ("GET", "/score/status?task_id=t"),
    ("GET", "/score/get?task_id=t"),
    ("GET", "/schema.json"),
)


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_what_is_open_asks_for_a_marketers_key(
    served: Served, keys: dict[str, str], method: str, path: str
) -> None:
    for key, status, word in ((None, 401, "no-key"), (keys["app"], 403, "forbidden")):
        headers = {"authorization": f"Bearer {key}"} if key else {}
        answer = httpx.request(method, served.url + path, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{word}")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/score/retry?task_id=t"),
        ("PUT", "/score/cancel?task_id=t"),
        ("GET", "/healthz"),
        ("GET", "/docs.json"),
        ("GET", "/"),
        ("GET", "/static_content/index.css"),
        ("GET", "/assets/index.js"),
        ("POST", "/score/"),
        ("POST", "//score"),
    ],
)
def test_everything_else_of_bentoml_is_shut(
    served: Served, keys: dict[str, str], method: str, path: str
) -> None:
    headers = {"authorization": f"Bearer {keys['marketer']}"}
    answer = httpx.request(method, served.url + path, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", PICKLES, 415),
        (b"cos\nsystem\n(S'true'\ntR.", f"{PICKLES.upper()} ;a=b", 415),
        (b'--x\r\n\r\n--x--', "multipart/form-data; boundary=x", 415),
        (b"model=buy", "application/x-www-form-urlencoded", 415),
        (b" " * (1 << 20) + b"{}", "application/json", 413),
        (b'{"model": "buy", "user_ids": ["u1"], "k": 1}', "application/json", 422),
        (b'{"model": "buy", "user_ids": []}', "application/json", 422),
        (b'{"model": "buy"', "application/json", 400),
    ],
)  # fmt: skip
def test_bad_bodies_are_refused_before_bentoml_sees_them(
    served: Served, keys: dict[str, str], body: bytes, media: str, status: int
) -> None:
    headers = {"authorization": f"Bearer {keys['marketer']}", "content-type": media}
    for path in ("/score", "/score/submit"):
        answer = httpx.post(served.url + path, content=body, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_task_is_a_problem(served: Served, keys: dict[str, str]) -> None:
    headers = {"authorization": f"Bearer {keys['marketer']}"}
    for path in ("/score/status", "/score/get"):
        answer = httpx.get(served.url + path, params={"task_id": "t"}, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-task")
        assert httpx.get(served.url + path, headers=headers).status_code == 422


def test_calls_are_audited_and_no_key_is_kept(
    home: Home, served: Served, keys: dict[str, str]
) -> None:
    asked = {"model": "buy", "user_ids": ["u1"]}
    asyncio.run(submitted(served.url, keys["marketer"], **asked))
    (audit,) = (home.root / "audit").iterdir()
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    told = [line["key"] for line in lines if line["route"] == "post-score-submit"]
    assert told[-1] == "key of marketer"
    (results,) = (home.root / "tasks").glob("bentoml.*.db")
    with sqlite3.connect(results) as kept:
        inputs = [json.loads(one) for (one,) in kept.execute("SELECT input FROM result")]
    assert json.loads(base64.b64decode(inputs[-1]["content"])) == asked
    assert not [one for one in inputs if keys["marketer"] in json.dumps(one)]


def test_recommendations_are_as_open_as_before(served: Served, keys: dict[str, str]) -> None:
    answer = httpx.post(
        f"{served.url}/v1/feed",
        json={"user_id": "u1", "k": 1},
        headers={"authorization": f"Bearer {keys['app']}"},
    )
    assert len(answer.json()["items"]) == 1
    assert httpx.get(f"{served.url}/readyz").json()["ready"]


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Stands for BentoML and tells what came to it."""
    body = (await receive())["body"].decode()
    told = {"query": scope["query_string"].decode(), "headers": len(scope["headers"]), "body": body}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


async def broken(scope: Any, receive: Any, send: Any) -> None:
    """Stands for a BentoML that fails."""
    raise RuntimeError("of BentoML")


def around(resources: Resources, app: Any) -> Client:
    client = Client(resources)
    client.app = build(resources, Native(app).routes(resources))
    return client


ASKED = {"model": "buy", "user_ids": ["u1"]}


def test_without_keys_this_machine_alone_may_ask(resources: Resources) -> None:
    client = around(resources, echo)
    assert client.post("/score/submit", json=ASKED).status_code == 200
    answer = client.post("/score/submit", json=ASKED, headers={"host": "shop.example"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-local")


def test_what_goes_on_is_made_anew(resources: Resources) -> None:
    client = around(resources, echo)
    secret = {"authorization": "Bearer k", "cookie": "c"}
    told = client.post("/score?a=b", json=ASKED, headers=secret).json()
    assert (told["query"], told["headers"], json.loads(told["body"])) == ("", 2, ASKED)
    told = client.get("/score/get?task_id=t%26x=y&more=1", headers=secret).json()
    assert told == {"query": "task_id=t%26x%3Dy", "headers": 0, "body": ""}


def test_a_defect_of_bentoml_is_a_problem(resources: Resources) -> None:
    answer = around(resources, broken).post("/score", json=ASKED)
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal")
    assert "BentoML" not in answer.text


def test_past_its_capacity_a_worker_refuses(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "MOST", 0)
    answer = around(resources, echo).post("/score/submit", json=ASKED)
    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/too-many-tasks")


def test_a_stopping_worker_lets_tasks_end() -> None:
    ended = []

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await echo(scope, receive, send)
        await asyncio.sleep(0.05)
        ended.append(scope["path"])

    async def stopped() -> list[str]:
        made = Native(slow)
        await made.ask("POST", "/score/submit", body=b"{}")
        assert ended == []
        await made.settle()
        return ended

    assert asyncio.run(stopped()) == ["/score/submit"]
