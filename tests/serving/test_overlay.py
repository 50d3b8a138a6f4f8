from collections.abc import Sequence

import pytest

from features.home import Home
from features.store import Item, open_store
from serving import overlay


class Shelf:
    def __init__(self) -> None:
        self.told: list[str] = []

    def overlay(self, records: Sequence[Item]) -> None:
        self.told += [record.item_id for record in records]


def test_every_change_comes_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "PAGE", 2)
    store, shelf = open_store(home), Shelf()
    followed = overlay.Overlay(shelf, 0)
    items = [Item(item_id=f"i{n}") for n in range(5)]
    store.wait_applied(store.put_items(items))
    assert (followed.follow(store), followed.follow(store)) == (5, 0)
    store.wait_applied(store.put_items([items[0]]))
    assert followed.follow(store) == 1
    assert sorted(shelf.told[:5]) == [item.item_id for item in items]
    store.close()


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)
