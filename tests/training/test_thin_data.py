"""Histories that are long enough and yet say next to nothing."""

from dataclasses import replace

import pytest

from features import snapshot
from features.clock import DAY_US, HOUR_US, BusinessZone
from features.errors import InputError
from features.events import Event
from features.home import Home
from tests.features.histories import keep
from tests.training.conftest import END, SMALL
from training import leakage
from training.run import Steps, train

TINY = replace(SMALL, queries=20, feed=replace(SMALL.feed, rounds=3))


def orders(users: int, items: int, apart_us: int = HOUR_US, count: int = 600) -> list[Event]:
    """One order an hour, person after person, item after item."""
    return [
        Event(
            message_id=str(i), event="Order Completed", order_id=str(i), quantity=1.0,
            price_fen=100, at_us=END - (count - i) * apart_us, user_id=f"u{i % users}",
            item_id=f"i{(i * 7) % items}",
        )
        for i in range(count)
    ]  # fmt: skip


def learned(root, events: list[Event]) -> dict[str, float]:
    home = Home(root)
    keep(home, events)
    snapshot.publish(home, END, BusinessZone())
    return train(home, TINY, Steps()).metrics["feed"]["full"]


def test_one_item_is_learned_from(tmp_path, monkeypatch):
    monkeypatch.setattr(leakage, "check", lambda *given: [])
    assert 0 < learned(tmp_path, orders(30, 1))["ndcg@20"] <= 1


@pytest.mark.parametrize(("users", "items"), [(1, 30), (600, 600)], ids=["one user", "strangers"])
def test_people_who_show_no_taste_teach_nothing(users, items, tmp_path):
    with pytest.raises(InputError, match=r"nothing to learn a ranking from.*more people come back"):
        learned(tmp_path, orders(users, items))


def test_all_on_one_day_cannot_be_split(tmp_path):
    with pytest.raises(InputError, match=r"too few days of history.*ingest a longer history"):
        learned(tmp_path, orders(30, 30, apart_us=DAY_US // 1_000))
