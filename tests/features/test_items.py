"""The catalogue of a bundle as arrays."""

import numpy as np
import pyarrow as pa
import pytest

from features import columns as c
from features.catalogue import of_key
from features.counters import Key
from features.items import NEVER_US, Items
from features.store import Item
from features.tables import ITEMS


def catalogue(*rows: dict, counted: dict[str, float] | None = None) -> Items:
    """Items of rows; ``counted``: item → 30-day views, for items that events speak of."""
    table = pa.Table.from_pylist([{c.VALID_FROM: 0, **row} for row in rows], schema=ITEMS.schema)
    counted = counted or {}
    names = {one.column: one.name for one in of_key(Key.ITEM)}
    counters = pa.table({
        c.ITEM: pa.array(list(counted), pa.string()),
        **{
            column: pa.array(
                list(counted.values()) if name == "item.views_30" else [0.0] * len(counted),
                pa.float64(),
            )
            for column, name in names.items()
        },
    })
    return Items.of(table, counters, 0)


def codes(items: Items, *names: str) -> np.ndarray:
    return items.ids.codes(names)


def test_attributes_are_coded():
    items = catalogue(
        {c.ITEM: "a", c.CATEGORY: "tea", c.PRICE: 100},
        {c.ITEM: "b", c.CATEGORY: "茶杯"},
        {c.ITEM: "c", c.CATEGORY: "tea"},
    )
    a, b, third = codes(items, "a", "b", "c")
    category = items.coded[c.CATEGORY]
    assert category[a] == category[third] != category[b]
    assert items.names[c.CATEGORY].name(category[b]) == "茶杯"
    assert items.coded[c.BRAND][a] == -1
    assert (items.price_fen[a], items.price_fen[b]) == (100, -1)


def test_an_item_of_events_alone_is_an_item_too():
    items = catalogue({c.ITEM: "a", c.CATEGORY: "tea"}, counted={"ghost": 3.0, "a": 2.0})
    a, ghost = codes(items, "a", "ghost")
    assert len(items) == 2
    assert items.coded[c.CATEGORY][ghost] == -1
    assert items.counters["item.views_30"][[a, ghost]].tolist() == [2.0, 3.0]
    assert items.on_sale[ghost]


@pytest.mark.parametrize(
    ("row", "there"),
    [
        ({}, True),
        ({"status": "on_sale", "stock": 1}, True),
        ({"status": "off_sale"}, False),
        ({"stock": 0}, False),
        ({"listed_us": 10}, True),
        ({"listed_us": 11}, False),
        ({"expires_us": 11}, True),
        ({"expires_us": 10}, False),
    ],
)
def test_what_can_be_had_at_ten(row, there):
    items = catalogue({c.ITEM: "a", **row})
    assert items.available(codes(items, "a"), 10).tolist() == [there]


def test_the_live_overlay_wins():
    items = catalogue({c.ITEM: "a", c.PRICE: 100, "stock": 5}, {c.ITEM: "b", c.PRICE: 200})
    items.overlay([
        Item(item_id="a", price_fen=90, stock=0, expires_us=50),
        Item(item_id="stranger", price_fen=1),
    ])
    a, b = codes(items, "a", "b")
    assert (items.price_fen[a], items.on_sale[a], items.expires_us[a]) == (90, False, 50)
    assert (items.price_fen[b], items.on_sale[b]) == (200, True)
    items.overlay([Item(item_id="a")])
    assert (items.price_fen[a], items.on_sale[a], items.expires_us[a]) == (-1, True, NEVER_US)


def test_an_unknown_price_has_no_logarithm():
    items = catalogue({c.ITEM: "a", c.PRICE: 100}, {c.ITEM: "b"}, {c.ITEM: "free", c.PRICE: 0})
    logs = items.log_price(codes(items, "a", "b", "free"))
    assert logs[0] == pytest.approx(np.log(100))
    assert np.isnan(logs[1:]).all()


def test_opened_items_equal_the_saved_ones(tmp_path):
    items = catalogue(
        {c.ITEM: "a", c.CATEGORY: "tea", c.PRICE: 100}, {c.ITEM: "b"}, counted={"b": 4.0}
    )
    items.save(tmp_path)
    opened = Items.open(tmp_path)
    assert opened.ids.names(range(2)) == items.ids.names(range(2))
    for name in ("price_fen", "listed_us", "expires_us", "on_sale"):
        assert getattr(opened, name).tolist() == getattr(items, name).tolist()
    assert opened.coded[c.CATEGORY].tolist() == items.coded[c.CATEGORY].tolist()
    assert list(opened.counters) == list(items.counters)
    assert opened.counters["item.views_30"].tolist() == items.counters["item.views_30"].tolist()


def test_the_overlay_of_one_worker_stays_its_own(tmp_path):
    items = catalogue({c.ITEM: "a", c.PRICE: 100})
    items.save(tmp_path)
    mine, theirs = Items.open(tmp_path), Items.open(tmp_path)
    mine.overlay([Item(item_id="a", price_fen=1)])
    assert (mine.price_fen[0], theirs.price_fen[0], Items.open(tmp_path).price_fen[0]) == (
        1, 100, 100,
    )  # fmt: skip
