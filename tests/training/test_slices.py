"""Slices by what was known before the window."""

import numpy as np

from training import slices
from training.examples import feed
from training.metrics import Relevant
from training.past import Queries
from training.slices import Slices


def asked(indptr, codes) -> feed.Asked:
    users = [f"u{i}" for i in range(len(indptr) - 1)]
    queries = Queries(users, np.zeros(len(users), dtype=np.int64))
    relevant = Relevant(np.array(indptr), np.array(codes, dtype=np.int32))
    return feed.Asked(queries, relevant, np.zeros(len(users), dtype=np.int64))


def test_only_the_items_of_a_slice_are_to_be_found():
    told = Slices({}, {"item": np.array(["known", "new"], dtype=object)})
    lists = np.array([[0, -1], [0, -1]], dtype=np.int32)
    found = told.values(lists, asked([0, 2, 3], [0, 1, 1]), 2, np.zeros(2))["item"]
    np.testing.assert_array_equal(found["item=known"], [1.0, np.nan])
    np.testing.assert_array_equal(found["item=new"], [0.0, 0.0])


def test_a_query_counts_in_its_own_slice_alone():
    told = Slices({"city_tier": np.array(["1", "2"], dtype=object)}, {})
    lists = np.array([[0], [1]], dtype=np.int32)
    found = told.values(lists, asked([0, 1, 2], [0, 0]), 1, np.array([1.0, 0.0]))
    assert slices.means(found["city_tier"]) == {"city_tier=1": 1.0, "city_tier=2": 0.0}
    assert slices.means(found["history"]) == {"all": 0.5, "history=0": 0.5}


def test_people_of_a_window_are_told_apart(shop, small):
    window = shop.windows[-1]
    known, later = shop.past.connection.execute(
        "SELECT arg_min(user_id, at_us), arg_max(user_id, since) FROM "
        "(SELECT user_id, at_us, min(at_us) OVER (PARTITION BY user_id) AS since FROM facts)"
    ).fetchall()[0]
    queries = Queries([known, later, "nobody"], np.full(3, window.end_us))
    some = feed.Asked(queries, Relevant(np.zeros(4, dtype=np.int64), np.zeros(0, dtype=np.int32)),
                      np.zeros(3, dtype=np.int64))  # fmt: skip
    found = slices.of(shop.past, some, window, np.array([0, 3]))
    assert found.queries["person"].tolist() == ["known", "new", "new"]
    assert found.queries["city_tier"][2] == slices.UNKNOWN
    assert found.queries["city_tier"][0] in {"1", "new1", "2", "3", "4", "5"}
    assert found.items["item"].tolist() == ["new", "known"]
