"""What marketers ask through the clients is answered in its type, by the real service."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.home import Home
from recsys.segments.webhook import FILE
from serving import people as p
from serving.client import AsyncClient, Client, Refused
from tests.recsys.segments.conftest import PEOPLE
from tests.recsys.segments.receivers import named, receiver
from tests.serving.test_segments import BUYERS, marketers


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Any]:
    yield from marketers(Home(tmp_path_factory.mktemp("clients")))


@pytest.fixture
def client(service: Any) -> Client:
    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"content-type": request.headers.get("content-type", "text/plain")}
        told = service.request(
            request.method, str(request.url.raw_path, "ascii"), content=request.read(),
            headers=headers,
        )  # fmt: skip
        return httpx.Response(told.status_code, content=told.content)

    made = Client("http://service")
    made._http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://service")
    return made


def test_a_marketer_needs_no_http(client: Client, service: Any, tmp_path: Path) -> None:
    saved = client.save_segment(p.SaveRequest(name="买家", segment=BUYERS)).saved
    assert (saved.version, client.segment("买家").versions) == (1, [saved])
    assert client.segment_size("买家").people == 80
    assert client.estimate(p.EstimateRequest(segment="买家")).people == 80
    assert [one.people for one in client.trend("买家").points] == [80]
    assert client.contains("买家", "u001").contains
    assert client.members("买家", p.MembersRequest(k=2)).user_ids == PEOPLE[:2]
    assert client.overlap("买家", p.OtherSegments(others=[{"all": []}])).people["买家"]["#1"] == 80
    assert client.insight("买家").insight is not None
    flow = p.WaterfallRequest(segment="买家", channel="push")
    assert client.waterfall(flow).segment == 80
    assert client.silent(p.SilentRequest(days=30)).asleep == 0
    assert client.put_list("vip/1", p.ListRequest(user_ids=["u001", "x"])).strangers == 1
    assert client.sample_size(p.SampleSizeRequest(rate=0.1, lift=0.2)).people == 3841
    client.save_segment(p.SaveRequest(name="买家", segment={"all": [BUYERS]}))
    assert client.diff("买家", p.DiffRequest(old=1, new=2)).lines
    assert [one.name for one in client.segments().segments] == ["买家"]
    assert client.presets().presets
    task = client.wait(client.export("买家", p.ExportRequest(campaign="spring", control=20.0)))
    assert task.state == "done", task.detail
    file = client.download(task.result["path"], tmp_path / "out.csv")
    assert len(file.read_text(encoding="utf-8-sig").splitlines()) == 81
    assert client.delete_segment("买家").deleted == "买家"


def test_a_send_list_goes_to_a_webhook(client: Client, service: Any) -> None:
    client.save_segment(p.SaveRequest(name="buyers", segment=BUYERS))
    asked = p.DeliverRequest(campaign="autumn", webhook="crm", control=20.0)
    with receiver((503, {})) as told:
        named(service.store_home, told.url)
        task = client.wait(client.deliver("buyers", asked))
    assert task.state == "done", task.detail
    assert (task.result["people"], task.result["attempts"]) == (len(told.people), 2)
    found = client.activations("buyers")
    assert [(one["campaign"], one["destination"]) for one in found.exports] == [("autumn", "plain")]
    assert [one["status"] for one in found.deliveries] == [503, 204]
    (service.store_home / FILE).unlink()
    failed = client.wait(client.deliver("buyers", asked))
    assert (failed.state, "unknown webhook" in failed.detail) == ("failed", True), failed


def test_scores_and_models(client: Client, service: Any) -> None:
    folder = service.store_home / "scores"
    folder.mkdir()
    card = {"as_of": "2026-06-01T00:00:00Z", "sentence": "orders", "backtest": {"band": "good"}}
    (folder / "buy.json").write_text(json.dumps(card))
    rows = {"user_id": PEOPLE, "probability": [0.5] * 200, "percentile": [9] * 200,
            "reasons": [[]] * 200}  # fmt: skip
    pq.write_table(pa.table(rows), folder / "buy.parquet")
    (one,) = client.score("buy", p.ScoreRequest(user_ids=["u007"])).scores
    assert (one.probability, one.percentile) == (0.5, 9)
    with pytest.raises(Refused, match="no audience has been fitted"):
        client.audience(p.AudienceRequest(item_id="i1"))
    task = client.wait(client.fit("repurchase", p.FitRequest()))
    assert (task.state, client.task(task.task_id).state) == ("failed", "failed")
    client.save_segment(p.SaveRequest(name="seed", segment=BUYERS))
    task = client.wait(client.lookalike("seed", p.LookalikeRequest(name="x")))
    assert "seed is too small" in task.detail
    assert client.cancel_task(task.task_id).state == "failed"


def test_the_same_calls_awaited(service: Any, tmp_path: Path) -> None:
    async def ask() -> None:
        async with AsyncClient("http://service") as client:
            transport = httpx.ASGITransport(service.app, client=("127.0.0.1", 1))
            client._http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
            await client.save_segment(p.SaveRequest(name="later", segment=BUYERS))
            assert (await client.segment_size("later")).people == 80
            task = await client.export("later", p.ExportRequest(campaign="winter"))
            task = await client.wait(task, timeout_s=60)
            assert task.state == "done", task.detail
            path = await client.download(task.result["path"], tmp_path / "out.csv")
            assert path.stat().st_size > 100
            with pytest.raises(Refused, match="no export"):
                await client.download("nothing.csv", tmp_path / "none.csv")

    asyncio.run(ask())


def test_both_clients_ask_the_same() -> None:
    from serving.marketing import AsyncMarketing, Marketing

    assert {one for one in vars(Marketing) if one[0] != "_"} == {
        one for one in vars(AsyncMarketing) if one[0] != "_"
    }
