"""Rings do what they are told to, beside the truth; without them nothing changes."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from features import risk
from features.clock import parse_instant
from features.history import History
from features.home import Home
from features.ingest.run import ingest
from training.world import World, simulate
from training.world.rings import KINDS, FraudConfig
from training.world.truth import Truth

END = parse_instant("2026-06-01T12:00:00+08:00")
WORLD = World(users=400, items=200, days=20, fraud=FraudConfig(share=0.1, fewest=8, most=12))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fraud") / "world"
    simulate(WORLD, out, 3, end_us=END)
    return out


def test_every_kind_of_ring_is_told_in_the_truth(world):
    told = Truth(world).table("fraud")
    assert set(told["kind"].to_pylist()) == {*KINDS}
    assert len(set(told["user_id"].to_pylist())) == told.num_rows
    assert 0.08 < told.num_rows / WORLD.users < 0.15


def test_the_rings_are_found_and_hardly_anybody_else(world, tmp_path):
    home = Home(tmp_path)
    ingest(world, home)
    with History(home).connect() as connection:
        found = risk.find(connection, END)
    rings = set(Truth(world).table("fraud")["user_id"].to_pylist())
    assert len(found.people & rings) >= 0.9 * len(found.people)
    assert len(found.people & rings) >= 0.5 * len(rings)


def test_devices_are_told_only_where_there_is_fraud(world, tmp_path):
    honest = tmp_path / "honest"
    simulate(World(users=30, items=20, days=3), honest, 3, end_us=END)
    for place, told in ((world, True), (honest, False)):
        extra = pq.read_table(next((place / "events").glob("*.parquet")))["extra"].to_pylist()
        assert all((one is not None) is told for one in extra)
    assert not (honest / "truth" / "_fraud.parquet").exists()
