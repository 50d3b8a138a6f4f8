"""What the sources are fitted on, as of an instant."""

import numpy as np
import pytest

from features import columns as c
from features.catalogue import CATALOGUE
from features.clock import DAY_US
from features.errors import InputError
from features.events import Event
from tests.features.histories import START, ZONE, connect
from training import fit
from training.config import TrainConfig
from training.fit import Ground
from training.past import Past


def past(*acts: tuple[str, str, str], items: list[dict] | None = None) -> Past:
    """A history of (event, user, item), an hour apart."""
    events = [
        Event(message_id=f"m{n}", event=name, at_us=START + n * DAY_US // 24, user_id=user,
              item_id=item, order_id=f"o{n}")
        for n, (name, user, item) in enumerate(acts)
    ]  # fmt: skip
    return Past(connect(events, items)[0], ZONE)


def ground(history: Past) -> Ground:
    import ibis

    rows = ibis.duckdb.from_connection(history.connection).table("facts")
    return Ground(history, rows, fit.Settings(), TrainConfig())


@pytest.fixture(autouse=True)
def enough(monkeypatch):
    monkeypatch.setattr(fit, "ENOUGH", 3)


VIEWS = [("Product Viewed", f"u{n}", "i0") for n in range(5)]
CARTS = [("Product Added", f"u{n}", "i0") for n in range(4)]
ORDERS = [("Order Completed", f"u{n}", "i0") for n in range(3)]


@pytest.mark.parametrize(
    ("acts", "target"),
    [
        (VIEWS + CARTS + ORDERS, "Order Completed"),
        (VIEWS + CARTS + ORDERS[:2], "Product Added"),
        (VIEWS, "Product Viewed"),
        (VIEWS + [("Share Link Opened", f"u{n}", "i0") for n in range(3)], "Share Link Opened"),
    ],
)
def test_the_target_is_the_first_that_happens_often_enough(acts, target):
    assert fit.settings(past(*acts), TrainConfig()).target == target


def test_too_little_says_what_is_missing():
    with pytest.raises(InputError, match=r"expected 3 events of one of Order.*got 2 Order Compl"):
        fit.settings(past(*ORDERS[:2]), TrainConfig())


@pytest.mark.parametrize(
    ("again", "repeats"), [([], False), ([("Order Completed", "u0", "i0")], True)]
)
def test_whether_people_buy_a_thing_twice(again, repeats):
    assert fit.settings(past(*ORDERS, *again), TrainConfig()).repeats is repeats


def test_a_rare_repetition_is_an_exception():
    history = past(*ORDERS, ("Order Completed", "u0", "i0"))
    assert not fit.settings(history, TrainConfig(repeats_from=0.5)).repeats


def test_settings_carry_what_serving_must_share():
    found = fit.settings(past(*ORDERS), TrainConfig(candidates=7))
    assert (found.candidates, found.zone) == (7, ZONE.name)


def test_interactions_sum_the_weights_before_the_instant():
    history = past(
        ("Product Viewed", "u0", "i0"),
        ("Product Added", "u0", "i0"),
        ("Order Completed", "u1", "i1"),
        ("Order Refunded", "u1", "i1"),
        ("Product Viewed", "u1", "i2"),
        ("Product Viewed", "u2", "i2"),
    )
    shop = ground(history)
    items = fit.catalogue(shop, START + DAY_US)
    found = fit.interactions(history, items, START + 5 * DAY_US // 24)
    assert found.shape == (2, len(items))  # u2 came too late
    places = {name: items.ids.code(name) for name in ("i0", "i2")}
    assert found[0, places["i0"]] == 5.0
    assert found[1, places["i2"]] == 1.0
    assert found.nnz == 2  # what was given back says nothing


VERSIONS = [
    {c.ITEM: "i0", c.VALID_FROM: 100, c.PRICE: 1, c.CATEGORY: "a", "stock": 5},
    {c.ITEM: "i0", c.VALID_FROM: 200, c.PRICE: 2, c.CATEGORY: "b", "stock": 0},
    {c.ITEM: "new", c.VALID_FROM: 300, c.PRICE: 3, "stock": 0, "status": "off_sale",
     "expires_us": 400},
]  # fmt: skip


@pytest.mark.parametrize(("at_us", "price", "stock"), [(100, 1, 5), (199, 1, 5), (200, 2, 0)])
def test_the_catalogue_is_that_of_the_instant(at_us, price, stock):
    rows = fit.known_items(past(*VIEWS, items=VERSIONS), at_us).to_pylist()
    assert [row[c.ITEM] for row in rows] == ["i0", "new"]
    assert (rows[0][c.PRICE], rows[0]["stock"]) == (price, stock)


def test_an_item_of_later_is_known_without_its_later_stock():
    new = fit.known_items(past(*VIEWS, items=VERSIONS), 299).to_pylist()[1]
    assert new[c.PRICE] == 3
    assert (new["stock"], new["status"], new["expires_us"]) == (None, None, None)
    now = fit.known_items(past(*VIEWS, items=VERSIONS), 300).to_pylist()[1]
    assert (now["stock"], now["status"], now["expires_us"]) == (0, "off_sale", 400)


def test_how_often_each_item_was_the_target():
    history = past(*ORDERS, ("Order Completed", "u0", "i1"), *VIEWS)
    items = fit.catalogue(ground(history), START + DAY_US)
    counts = fit.counts_before(history, items, START + DAY_US, "Order Completed")
    assert counts[items.ids.codes(["i0", "i1", "i2"])].tolist() == [3, 1, 0]
    early = fit.counts_before(history, items, START + DAY_US // 24, "Order Completed")
    assert early.sum() == 1


def test_sources_are_fitted_together():
    history = past(*ORDERS, ("Order Completed", "u0", "i1"), *VIEWS)
    parts = fit.sources(ground(history), START + 3 * DAY_US, "item.orders_30")
    assert parts.popular.codes.tolist() == parts.items.ids.codes(["i0", "i1"]).tolist()
    touched = np.flatnonzero(parts.als.vectors.any(axis=1))
    assert sorted(parts.items.ids.names(touched)) == ["i0", "i1"]
    assert parts.similar.indptr.shape == (len(parts.items) + 1,)
    assert (parts.feed, parts.sharing) == (None, None)


def test_popularity_always_fades():
    assert all(CATALOGUE[name].half_life for name in fit.half_lives())
