"""People as rows: what was known of them by then."""

import numpy as np
import pytest

from features.choices import Say
from tests.training.conftest import END, Shop
from training import persons


def busiest(shop: Shop) -> tuple[str, int]:
    """Who ordered most, and how often."""
    rows = shop.past.connection.execute(
        "SELECT user_id, count(*) FROM facts WHERE event = 'Order Completed' AND line = 0 "
        "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
    ).fetchall()
    return rows[0]


def test_a_row_tells_counters_and_profile(shop: Shop):
    user, orders = busiest(shop)
    row = persons.rows(shop.past, [user], np.array([END]))[0]
    known = dict(zip(persons.columns(), row, strict=True))
    assert np.expm1(known["user.orders"]) == pytest.approx(orders)
    assert known["profile.tier"] in {1, 2, 3, 4, 5}
    assert known["profile.registered_days"] > 0


def test_somebody_never_seen_is_unknown_not_wrong(shop: Shop):
    row = persons.rows(shop.past, ["nobody"], np.array([END]))[0]
    known = dict(zip(persons.columns(), row, strict=True))
    assert known["user.orders"] == 0
    assert np.isnan(known["user.last_order"])
    assert np.isnan(known["profile.age"])


def test_nothing_of_later_is_known(shop: Shop):
    early = persons.rows(shop.past, [busiest(shop)[0]], np.array([0]))[0]
    assert dict(zip(persons.columns(), early, strict=True))["user.views_30"] == 0


def test_what_a_person_refused_is_unknown(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    said = Say(consents=frozenset({"personalize"}), suppressed=frozenset({"demo.gender"}))
    monkeypatch.setattr(type(shop.past), "say", lambda self, queries: [said] * len(queries))
    row = persons.rows(shop.past, [busiest(shop)[0]], np.array([END]))[0]
    known = dict(zip(persons.columns(), row, strict=True))
    hidden = {"user.shares_30", "profile.female", "profile.tier"}
    assert {name for name in hidden if not np.isnan(known[name])} <= {"user.shares_30"}
    assert np.isnan(known["user.opens_30"])
    assert not np.isnan(known["user.orders"])
