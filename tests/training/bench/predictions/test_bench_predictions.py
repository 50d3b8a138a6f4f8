"""The bench of lifetime value, on a shop where half of the customers come every week."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.cli import build
from features.errors import FileRefused, InputError, UnknownName
from training.bench.predictions.orders import Named, Orders
from training.bench.predictions.run import rows

NAMED = Named("who", "day", "paid")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    bought = []
    for who in range(600):
        weekly = who % 2 == 0
        days = rng.integers(0, 30) + np.cumsum(rng.integers(4, 11, 50) if weekly else [90, 200])
        bought += [(f"c{who}", int(day), 10.0 + who % 3) for day in days if day < 280]
    bought += [("", 5, 9.0), ("c1", 5, -3.0)]
    who, days, paid = zip(*bought, strict=True)
    at = np.datetime64("2026-01-01") + np.array(days).astype("timedelta64[D]")
    file = tmp_path_factory.mktemp("orders") / "orders.parquet"
    pq.write_table(pa.table({"who": who, "day": at, "paid": paid}), file)
    return file


def test_customers_are_counted_by_days(path: Path):
    orders = Orders.read(path, NAMED)
    known = orders.known(int(orders.day.min()) + 150)
    regular = known.people.repeats[known.ids == "c0"][0]
    assert 12 < regular < 30
    assert (orders.money > 0).all()
    assert "" not in known.ids


def test_ours_beats_the_mean_and_finds_who_brings_money(path: Path):
    orders = Orders.read(path, NAMED)
    found = {str(row["method"]): row for row in rows(orders)}
    assert set(found) == {"huoren", "same_rate", "mean", "gbdt"}
    assert found["huoren"]["mae_money"] < 0.7 * found["mean"]["mae_money"]
    assert found["huoren"]["bias"] == pytest.approx(1, abs=0.2)
    assert found["mean"]["top10"] == pytest.approx(0.1)


def test_bad_input_is_told(path: Path, tmp_path: Path):
    with pytest.raises(FileRefused, match="cannot be read"):
        Orders.read(tmp_path / "no.parquet", NAMED)
    with pytest.raises(UnknownName, match="unknown column 'date'"):
        Orders.read(path, Named("who", "date", "paid"))
    with pytest.raises(InputError, match="no money is named"):
        Named("who", "day")
    with pytest.raises(InputError, match="one side of the cut"):
        next(rows(Orders.read(path, NAMED), 0))


def test_the_command_prints_one_object(path: Path):
    words = ["bench", "predictions", "--orders", str(path), "--customer=who", "--date=day"]
    result = CliRunner().invoke(build(), [*words, "--amount=paid", "--json"])
    assert json.loads(result.stdout)["bench"] == "predictions"
    refused = CliRunner().invoke(build(), [*words, "--amount=paid", "--cut=soon"]).exception
    assert isinstance(refused, InputError)
