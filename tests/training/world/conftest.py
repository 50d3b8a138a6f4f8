from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.clock import parse_instant
from training.world import Summary, Truth, World, simulate

END = parse_instant("2026-06-01T15:30:00+08:00")
"""The instant at which every world of these tests is told."""

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    """One world that the statistics are taken of."""
    out = tmp_path_factory.mktemp("worlds") / "small"
    return out, simulate(World(users=1_200, items=400, days=24), out, 5, end_us=END)


@pytest.fixture(scope="session")
def world(made: tuple[Path, Summary]) -> Path:
    return made[0]


@pytest.fixture(scope="session")
def summary(made: tuple[Path, Summary]) -> Summary:
    return made[1]


@pytest.fixture(scope="session")
def truth(world: Path) -> Truth:
    return Truth(world)


@pytest.fixture(scope="session")
def ask(world: Path) -> Ask:
    """Ask SQL of the world: e are its events, u, i and t users, items and ties."""
    engine = duckdb.connect()
    for name, files in (("e", "events/*"), ("u", "users"), ("i", "items"), ("t", "ties")):
        engine.execute(f"create view {name} as from '{world}/{files}.parquet'")
    for name in ("campaign", "shares", "group_buys", "ties", "users", "group_looks"):
        engine.execute(f"create view true_{name} as from '{world}/truth/_{name}.parquet'")
    return lambda sql: engine.execute(sql).fetchall()
