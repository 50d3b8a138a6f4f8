"""A service in process around the real store and models whose answers can be foreseen."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from features.clock import HOUR_US, parse_instant
from features.home import Home
from features.references import References
from features.store import Item, open_store
from recsys.query import (
    Chance,
    FeedAnswer,
    FeedItem,
    FeedQuery,
    Forecast,
    GroupQuery,
    GroupsAnswer,
    LaunchAnswer,
    LaunchItem,
    OpenGroup,
    People,
    PromptAnswer,
    PromptQuery,
    Reason,
    ShareAnswer,
    SharedItem,
    ShareItemsAnswer,
    ShareItemsQuery,
    ShareQuery,
    ShareTarget,
)
from serving.app import build
from serving.loading import Models
from serving.overlay import Overlay
from serving.resources import Resources
from serving.settings import Limits, Settings

NOW = "2026-06-18T12:00:00+08:00"


class Ladder:
    """Recommends i0, i1, i2, … of ``size`` items, less what is excluded."""

    def __init__(self, size: int = 50) -> None:
        self.size = size
        self.asked: list[FeedQuery] = []
        self.fails: Exception | None = None

    def recommend(self, query: FeedQuery, people: People) -> FeedAnswer:
        if self.fails:
            raise self.fails
        self.asked.append(query)
        names = [f"i{n}" for n in range(self.size) if f"i{n}" not in query.exclude][: query.k]
        items = tuple(
            FeedItem(name, 1.0 / (place + 1), ("popular",), (Reason("popular", 7),), 0.5)
            for place, name in enumerate(names)
        )
        state = people.states([query.user_id]).get(query.user_id)
        return FeedAnswer(
            items=items,
            known_user=state is not None,
            personalized=query.personalized and (state is None or state.personalized),
            degraded=("source:friends",),
            feature_names=("popularity", "price"),
            features=np.array([[1.0, np.nan]] * len(names), dtype=np.float32).reshape(-1, 2),
            removed={"seen": ("i99",)} if query.explain else {},
            milliseconds={"score": 0.1},
            candidates={"popular": 10},
        )


class Friends:
    """Recommends to share with f0, f1, …"""

    def targets(self, query: ShareQuery, people: People, ledger=None) -> ShareAnswer:
        reason = (Reason("opened_before", 3),)
        found = tuple(ShareTarget("person", f"f{n}", 0.5, reason) for n in range(query.k))
        return ShareAnswer(found, held_back=3)


class Boards:
    """Shows every open group, forecasts one in two, and has i0, i1, … to start one for."""

    SAID = Forecast(0.5, 0.25, 0.75, (("group.missing", -1.0),))

    def open(self, query: GroupQuery, people: People, groups) -> GroupsAnswer:
        found = groups.all(query.at_us)[: query.k]
        reasons = (Reason("nearly_full", 1),)
        return GroupsAnswer(tuple(OpenGroup(g, 1.0, 0, self.SAID, reasons) for g in found), True)

    def launch(self, query: GroupQuery, people: People, groups) -> LaunchAnswer:
        reasons = (Reason("fills_often"),)
        items = tuple(LaunchItem(f"i{n}", 1.0, reasons) for n in range(query.k))
        return LaunchAnswer(items, True, ("launches",))

    def forecast(self, group, people: People, at_us: int) -> Forecast:
        return self.SAID


class Gifts:
    """Has i0, i1, … to share with anybody but m, who muted."""

    def recommend(self, query: ShareItemsQuery, people: People) -> ShareItemsAnswer:
        if query.peer_id == "m":
            return ShareItemsAnswer((), (("m", "muted"),))
        reasons = (Reason("may_like"),)
        return ShareItemsAnswer(tuple(SharedItem(f"i{n}", 1.0, reasons) for n in range(query.k)))


class Prompts:
    """Prompts in the app alone, once an hour."""

    def decide(self, query: PromptQuery, people: People, ledger) -> PromptAnswer:
        chance = Chance(0.2, 0.1, 0.3)
        if query.surface == "app":
            return PromptAnswer(True, "likely", None, chance)
        return PromptAnswer(False, "capped", query.at_us + HOUR_US, chance, ("propensity",))


class Shelf:
    """Items that remember what they were told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def overlay(self, records: Sequence[Item]) -> None:
        self.told += [record.item_id for record in records]


class StillClock:
    """Time stands still, so that answers can be foreseen."""

    offset_us = 0

    def now_us(self) -> int:
        return parse_instant(NOW)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    # However busy the machine is, nothing is left out for lateness.
    return Settings(Home(tmp_path / "home"), limits=Limits(answer_seconds=60.0))


@pytest.fixture
def models() -> Models:
    as_of = parse_instant("2026-06-18T00:00:00+08:00")
    overlay = Overlay(Shelf(), as_of)
    return Models(
        "cafe0123",
        as_of,
        References.empty(),
        Ladder(),
        Friends(),
        Boards(),
        Gifts(),
        Prompts(),
        overlay,
    )


@pytest.fixture
def resources(settings: Settings, models: Models) -> Iterator[Resources]:
    store = open_store(settings.home)
    made = replace(Resources.around(settings, store), clock=StillClock())
    made.loading.models = models
    made.impressions.start()
    yield made
    made.close()


class Client:
    """Asks an application in process; what was written is in force when the answer is there."""

    def __init__(self, resources: Resources) -> None:
        self.app = build(resources)
        self.store = resources.store

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = asyncio.run(self._request(method, path, **more))
        assert self.store.wait_applied(self.store.log_seq)
        return answer

    async def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, **more)

    def __getattr__(self, method: str) -> Callable[..., httpx.Response]:
        return lambda path, **more: self.request(method.upper(), path, **more)


@pytest.fixture
def client(resources: Resources) -> Client:
    return Client(resources)


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    def make(name: str = "Product Viewed", message_id: str = "m1", **more: Any) -> dict[str, Any]:
        return {
            "type": "track",
            "event": name,
            "message_id": message_id,
            "user_id": "u1",
            "timestamp": "2026-06-18T11:59:00+08:00",
            "properties": {"product_id": "i1"},
        } | more

    return make
