"""Segments over HTTP, counted by the process that the service asks."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features import job
from features.home import Home
from features.store import open_store
from serving.resources import Resources
from serving.settings import Settings
from tests.features.histories import keep
from tests.recsys.segments.conftest import AT, PEOPLE, ZONE, _event
from tests.serving.conftest import Client, StillClock

BUYERS = {"event": "Order Completed", "within": "7d"}


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[Client]:
    yield from marketers(Home(tmp_path_factory.mktemp("marketers")))


def marketers(home: Home) -> Iterator[Client]:
    """A service of two hundred people, 80 of whom ordered yesterday."""
    events = [_event(f"v{who}", "Product Viewed", who, 2.0, "i0") for who in PEOPLE]
    events += [_event(f"o{who}", "Order Completed", who, 1.0, "i1") for who in PEOPLE[:80]]
    keep(home, events)
    job.run(home, AT, ZONE)
    resources = Resources.around(Settings(home), open_store(home))
    made = Client(replace(resources, clock=StillClock()))
    made.store_home = home.root
    yield made
    resources.close()


def test_a_segment_from_the_first_count_to_its_results(client: Any) -> None:
    found = client.post("/v1/segments/estimate", json={"segment": BUYERS, "sample": True}).json()
    assert (found["people"], found["base"], len(found["sample"])) == (80, 200, 10)
    assert found["sentence"]["en"]
    saved = client.post("/v1/segments", json={"name": "买家", "segment": BUYERS})
    assert (saved.status_code, saved.json()["saved"]["version"]) == (201, 1)
    path = "/v1/segments/买家"
    assert client.get(path).json()["segment"]["segment"] == BUYERS
    assert client.get(f"{path}/size").json()["told"] == "80"
    assert client.get(f"{path}/contains/u001").json()["contains"]
    assert client.get(f"{path}/insight").json()["insight"]["items"] == [["i1", 80]]
    other = client.post(f"{path}/overlap", json={"others": [{"all": []}]}).json()
    assert other["people"]["买家"]["#1"] == 80
    assert client.post(f"{path}/members", json={"k": 3}).json()["user_ids"] == PEOPLE[:3]
    flow = {"segment": "买家", "channel": "push", "campaign": "spring"}
    assert client.post("/v1/segments/waterfall", json=flow).json()["steps"][1]["people"] == 0
    assert client.post("/v1/segments/silent", json={"days": 30}).json()["asleep"] == 0
    assert client.put("/v1/lists/vip", json={"user_ids": ["u001", "x"]}).json()["strangers"] == 1
    exported(client, path)
    names = [one["name"] for one in client.get("/v1/segments").json()["segments"]]
    assert "买家" in names
    assert client.delete(path).json()["deleted"] == "买家"
    assert client.get(path).status_code == 404


def exported(client: Any, path: str) -> None:
    asked = {"campaign": "spring", "format": "xlsx", "control": 20}
    task = client.post(f"{path}/export", json=asked).json()
    task = ended(client, task)
    assert task["state"] == "done", task["detail"]
    assert task["result"]["target"] + task["result"]["control"] == 80
    file = client.get(f"/v1/exports/{task['result']['path']}")
    assert file.content.startswith(b"PK")
    results = client.get("/v1/campaigns/spring/results")
    assert results.status_code == 422  # nobody's days are over yet
    assert "assigned at least" in results.json()["detail"]


def ended(client: Any, task: dict[str, Any]) -> dict[str, Any]:
    end = time.monotonic() + 60
    while task["state"] == "running" and time.monotonic() < end:
        time.sleep(0.1)
        task = client.get(f"/v1/tasks/{task['task_id']}").json()
    return task


def test_a_model_that_cannot_be_fitted_says_why(client: Any) -> None:
    task = client.post("/v1/models/repurchase/fit", json={})
    assert task.status_code == 202
    found = ended(client, task.json())
    assert (found["state"], "repurchase" in found["detail"]) == ("failed", True), found
    assert client.post("/v1/models/..%2Fgoal.toml/fit", json={}).status_code == 404


def test_a_seed_that_is_too_small_says_so(client: Any) -> None:
    client.post("/v1/segments", json={"name": "--help", "segment": BUYERS})
    task = client.post("/v1/segments/--help/lookalike", json={"name": "x"}).json()
    found = ended(client, task)
    assert (found["state"], "seed is too small" in found["detail"]) == ("failed", True), found


def test_scores_of_a_segment(client: Any) -> None:
    folder = client.store_home / "scores"
    folder.mkdir()
    card = {"as_of": "2026-06-01T00:00:00Z", "sentence": "orders", "backtest": {"band": "good"}}
    (folder / "buy.json").write_text(json.dumps(card))
    rows = {"user_id": PEOPLE, "probability": [n / 200 for n in range(200)],
            "percentile": list(range(200)), "reasons": [[]] * 200}  # fmt: skip
    pq.write_table(pa.table(rows), folder / "buy.parquet")
    client.post("/v1/segments", json={"name": "buyers", "segment": BUYERS})
    found = client.post("/v1/score/buy", json={"segment_id": "buyers", "k": 2}).json()
    assert [one["user_id"] for one in found["scores"]] == ["u079", "u078"]
    assert found["people"] == 80
    assert client.post("/v1/score/buy", json={}).status_code == 422


def test_the_language_and_its_presets_are_told(client: Any) -> None:
    assert client.get("/v1/segments/schema").json()["$defs"]["tag"]
    assert client.get("/v1/segments/presets").json()["presets"][0]["zh"] == "即将购买"
    asked = {"rate": 0.1, "lift": 0.2}
    assert client.post("/v1/campaigns/sample-size", json=asked).json()["people"] == 3841


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("post", "/v1/segments/estimate", {"segment": {"tag": "life.stge", "op": "known"}}, 422,
         "life.stage"),
        ("post", "/v1/segments/estimate", {"segment": "nobody"}, 422, "unknown segment"),
        ("get", "/v1/segments/nobody", None, 404, "unknown segment"),
        ("post", "/v1/segments", {"name": "me", "segment": {"segment": "me"}}, 422, "itself"),
        ("get", "/v1/exports/..%2Fsegments.db", None, 404, "no export"),
        ("get", "/v1/tasks/none", None, 404, "no task"),
        ("post", "/v1/campaigns/sample-size", {"rate": 0.9, "lift": 0.5}, 422, "lift"),
        ("post", "/v1/campaigns/sample-size", {"rate": 5e-324, "lift": 61.2}, 422, "lift"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_problem(client, method, path, body, status, words) -> None:
    answer = client.request(method.upper(), path, json=body)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.json()


def test_a_later_question_of_a_draft_takes_the_place(client: Any) -> None:
    async def both() -> list[int]:
        asked = {"segment": BUYERS, "draft": "mine"}
        first = [client._request("POST", "/v1/segments/estimate", json=asked) for _ in range(12)]
        return [answer.status_code for answer in await asyncio.gather(*first)]

    codes = asyncio.run(both())
    assert set(codes) <= {200, 409}
    assert 200 in codes
    assert 409 in codes
