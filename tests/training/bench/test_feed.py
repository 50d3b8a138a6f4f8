"""All services answer with the same list; load is counted as it comes back."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from features.clock import parse_instant
from features.home import Home
from features.store import open_store
from recsys.bundle import Bundle
from recsys.feed import Feed
from recsys.query import FeedQuery
from training.bench.feed import careful, load, obvious, tables, world

AT = parse_instant("2026-06-18T12:00:00+08:00")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[world.World, Path]:
    folder = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "TREES", replace(world.TREES, rounds=5, num_leaves=7))
        patch.setattr(world, "LEARNERS", 5)
        shop = world.make(folder / "home", 600, 12, AT)
    tables.write(shop, folder / "tables")
    return shop, folder / "tables"


@pytest.fixture(scope="module")
def served(made: tuple[world.World, Path]) -> list[list[str]]:
    shop, _ = made
    feed, store = Feed(Bundle.open(shop.bundle)), open_store(Home(shop.root), world.ZONE)
    answers = [feed.recommend(FeedQuery(user, 20, AT), store) for user in shop.users]
    store.close()
    return [[item.item_id for item in answer.items] for answer in answers]


def test_the_obvious_rival_gives_the_same_lists(
    made: tuple[world.World, Path], served: list[list[str]]
) -> None:
    shop = obvious.Shop(made[1], made[0].bundle, world.CANDIDATES, AT)
    answers = [shop.recommend(user, 20) for user in range(12)]
    assert [[item.item_id for item in answer.items] for answer in answers] == served


def test_the_careful_rival_gives_the_same_lists(
    made: tuple[world.World, Path], served: list[list[str]]
) -> None:
    shop = careful.Shop(made[1], made[0].bundle, world.CANDIDATES, AT)
    answers = [shop.recommend(user, 20) for user in range(12)]
    assert [[name for name, _ in answer.items] for answer in answers] == served


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says 200, 503, 200, … on one connection."""
    for turn in range(10**6):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            break
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split()[0]))
        status = (b"200 OK", b"503 Busy")[turn % 2]
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")
    writer.close()


@pytest.mark.parametrize("paced", [True, False])
def test_answers_are_counted_by_status(paced: bool) -> None:
    async def run() -> load.Told:
        async with await asyncio.start_server(answering, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            asked = load.bodies(["u1"], None)
            paced_or_not = load.pace(url, asked, 0.2, 100.0, 1) if paced else None
            told = await (paced_or_not or load.saturate(url, asked, 0.1, 1))
            await asyncio.sleep(0.05)  # the server sees that the connection is gone
            return told

    told = asyncio.run(run())
    assert told.count() == told.count(200, 503) >= 10
    assert abs(told.count(200) - told.count(503)) <= 1
    assert told.percentile(99, 200) is not None
    assert told.percentile(99, 404) is None


def test_nobody_there_is_status_zero() -> None:
    told = asyncio.run(load.pace("http://127.0.0.1:9", load.bodies(["u"], None), 0.05, 100.0, 1))
    assert set(told.milliseconds) == {0}
