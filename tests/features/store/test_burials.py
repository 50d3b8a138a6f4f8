"""Whoever is forgotten in one home that uses a keyspace is forgotten in all of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from features import forget, tombstones
from features.errors import InputError
from features.home import Home
from features.store import Cursor, Store, open_store
from features.store.sealing import seal
from tests.features.store.server import Server
from tests.features.store.steps import event, link, settled, views


@pytest.fixture
def homes(tmp_path: Path, redis_server: Server, monkeypatch: pytest.MonkeyPatch) -> list[Home]:
    keyspace = f"burials-{tmp_path.name}"
    monkeypatch.setenv("HUOREN_STORE", f"{redis_server.unix}?keyspace={keyspace}")
    made = [Home(tmp_path / name) for name in ("here", "there")]
    for home in made:
        home.root.mkdir()
    return made


@pytest.fixture
def stores(homes: list[Home]) -> Iterator[list[Store]]:
    with ExitStack() as stack:
        stores = [open_store(home) for home in homes]
        for store in stores:
            stack.callback(store.close)
        yield stores


def test_a_worker_of_another_home_lets_nobody_in(homes, stores):
    stores[1].append([event(0), event(1, user="u2"), link(2, "u2", "u3")])
    settled(stores[1])
    assert forget.forget(homes[0], "u3").ids == 2
    for user in ("u2", "u3"):
        with pytest.raises(InputError, match="forgotten"):
            stores[1].append([event(9, user=user)])
        assert user in tombstones.read(homes[1])
    stores[1].append([event(3)])
    assert views(stores[1]) == 2.0


def test_whoever_only_reads_hears_of_it_too(homes, stores):
    settled(stores[0]).append([event(0)])
    forget.forget(homes[0], "u1")
    assert "u1" not in tombstones.read(homes[1])
    stores[1].changes(Cursor(0))
    assert "u1" in tombstones.read(homes[1])
    (homes[1].root / "tombstones.json").unlink()
    seal(homes[1])
    assert "u1" in tombstones.read(homes[1])


def test_homes_that_forgot_before_they_met_agree(homes):
    for home, user in zip(homes, ("u1", "u2"), strict=True):
        forget.bury(home, user)
    for home in (*homes, homes[0]):
        open_store(home, applies=False).close()
    for home in homes:
        stones = tombstones.read(home)
        assert [user in stones for user in ("u1", "u2", "u3")] == [True, True, False]
