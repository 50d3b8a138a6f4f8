"""Scores over HTTP: those of the home, in the order asked."""

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.resources import Resources


@pytest.fixture(autouse=True)
def scored(resources: Resources) -> None:
    folder = resources.settings.home.root / "scores"
    folder.mkdir()
    card = {"as_of": "2026-06-01T00:00:00Z", "sentence": "orders", "backtest": {"band": "good"}}
    (folder / "buy.json").write_text(json.dumps(card))
    rows = {"user_id": ["u1", "u2"], "probability": [0.5, 0.25], "percentile": [50, 0],
            "reasons": [["user.orders"], []]}  # fmt: skip
    pq.write_table(pa.table(rows), folder / "buy.parquet")
    card = {"as_of": "2026-06-01T00:00:00Z", "outcome": "orders", "verdict": "no evidence"}
    (folder / "uplift.c1.json").write_text(json.dumps(card))
    rows = {"user_id": ["u1"], "effect": [-0.1], "percentile": [0], "reasons": [[]]}
    pq.write_table(pa.table(rows), folder / "uplift.c1.parquet")


def test_people_come_back_in_order_and_strangers_without_a_score(client: Any) -> None:
    answer = client.post("/v1/score/buy", json={"user_ids": ["u2", "nobody", "u1"]}).json()
    assert [one["probability"] for one in answer["scores"]] == [0.25, None, 0.5]
    assert answer["scores"][2]["reasons"] == ["user.orders"]
    assert (answer["quality"], answer["as_of"]) == ("good", "2026-06-01T00:00:00Z")


def test_an_effect_comes_with_its_verdict(client: Any) -> None:
    answer = client.post("/v1/score/uplift.c1", json={"user_ids": ["u1"]}).json()
    assert (answer["scores"][0]["effect"], answer["quality"]) == (-0.1, "no evidence")


def test_who_switched_personalisation_off_has_no_score(client: Any) -> None:
    client.put("/v1/users/u1/personalization", json={"enabled": False})
    answer = client.post("/v1/score/buy", json={"user_ids": ["u1", "u2"]}).json()
    assert [one["percentile"] for one in answer["scores"]] == [None, 0]


@pytest.mark.parametrize(
    ("model", "body", "status"),
    [
        ("sell", {"user_ids": ["u1"]}, 404),
        ("..%2Fscores%2Fbuy", {"user_ids": ["u1"]}, 404),
        ("buy", {"user_ids": []}, 422),
        ("buy", {"user_ids": ["u1"] * 1001}, 422),
        ("buy", {}, 422),
    ],
)
def test_bad_requests_are_problems(client: Any, model: str, body: Any, status: int) -> None:
    answer = client.post(f"/v1/score/{model}", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
