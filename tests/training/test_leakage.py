"""Rows do not change when the future is cut off; a column that looks ahead is named."""

from dataclasses import replace

import numpy as np
import pytest

from features import columns as c
from features.catalogue import CATALOGUE
from features.cli import exit_code
from features.clock import DAY_US
from features.counters import Key
from features.errors import LeakageError
from features.frames import feed as frame
from features.points import Points
from recsys.bundle import Parts
from training import fit, leakage, run
from training.examples import feed
from training.past import Past
from training.run import Steps
from training.shelf import Shelf

WHICH = CATALOGUE["item.orders_30"]
LATER = 2**60


@pytest.fixture(scope="module")
def parts(shop) -> Parts:
    return fit.sources(shop.ground, shop.windows[-1].start_us, WHICH.name)


@pytest.fixture
def leaks(shop, parts):
    """Check the shop again, after something was made to look ahead."""
    return lambda: leakage.check(shop.ground, parts, WHICH, shop.windows[-1])


def test_nothing_looks_ahead(leaks):
    assert leaks() == []


def test_nothing_looks_ahead_in_the_first_window_either(shop):
    window = shop.windows[0]
    parts = fit.sources(shop.ground, window.start_us, WHICH.name)
    assert leakage.check(shop.ground, parts, WHICH, window) == []


def test_what_is_cut_off_is_gone_and_comes_back(shop):
    count = "SELECT count(*) FROM facts"
    (whole,) = shop.past.connection.execute(count).fetchall()[0]
    at_us = shop.windows[-1].start_us
    with leakage.cut_off(shop.past, at_us) as cut:
        newest = cut.connection.execute("SELECT max(at_us), count(*) FROM facts").fetchall()[0]
        assert newest[0] < at_us
        assert 0 < newest[1] < whole
        later = cut.connection.execute(f"SELECT count(*) FROM ties WHERE since_us >= {at_us}")
        assert later.fetchall() == [(0,)]
    assert shop.past.connection.execute(count).fetchall()[0] == (whole,)


def test_popularity_of_today_in_yesterdays_row_is_found(leaks, monkeypatch):
    honest = Points.values

    def all_time(self, key, keys, at_us, names=None):
        later = at_us + 40 * DAY_US if key is Key.ITEM else at_us
        return honest(self, key, keys, later, names)

    monkeypatch.setattr(Points, "values", all_time)
    found = leaks()
    assert "item.views_7" in found
    assert "item.conversion" in found
    assert not any(name.startswith(("user.", "touch.", "pair.")) for name in found)


def test_a_column_without_a_time_is_found(shop, leaks, monkeypatch):
    honest = frame.offline

    def leaky(points, items, examples):
        rows = points.connection.execute(
            f"SELECT {c.USER}, count(*) FROM facts GROUP BY ALL"
        ).fetchall()
        acts = dict(rows)
        ever = np.array([float(acts.get(user, 0)) for user in examples.users])
        return honest(points, items, examples) | {"user.views_7": ever[examples.query]}

    monkeypatch.setattr(frame, "offline", leaky)
    assert leaks() == ["user.views_7"]


def test_a_source_that_knows_what_comes_is_found(leaks, monkeypatch):
    def of_the_end(past, items, counter):
        honest = daily(past, items, counter)
        return lambda asked_us: honest(asked_us + 40 * DAY_US)

    daily = feed.daily_popularity
    monkeypatch.setattr(feed, "daily_popularity", of_the_end)
    found = leaks()
    assert {"candidates", "source.popular_rank"} & set(found)


def test_friends_of_tomorrow_are_found(leaks, monkeypatch):
    honest = Past.around

    def around(self, queries):
        later = replace(queries, at_us=queries.at_us + 40 * DAY_US)
        return honest(self, later)

    monkeypatch.setattr(Past, "around", around)
    assert "people around" in leaks()


def test_a_catalogue_of_later_is_found(leaks, monkeypatch):
    honest = fit.known_items
    monkeypatch.setattr(fit, "known_items", lambda past, at_us: honest(past, LATER))
    assert {"fitted.on_sale", "fitted.price_fen"} & set(leaks())


def test_interactions_of_later_are_found(leaks, monkeypatch):
    honest = fit.interactions
    monkeypatch.setattr(fit, "interactions", lambda past, items, at_us: honest(past, items, LATER))
    assert leaks() == ["fitted.interactions"]


def test_a_run_that_knows_the_future_writes_no_bundle(shop, small, monkeypatch, tmp_path):
    before = sorted(shop.home.bundles.glob("*"))
    honest = fit.interactions
    monkeypatch.setattr(fit, "interactions", lambda past, items, at_us: honest(past, items, LATER))
    with pytest.raises(LeakageError, match=r"know the future.*fitted\.interactions") as caught:
        run.train(shop.home, replace(small, queries=50), Steps(Shelf(tmp_path)))
    assert exit_code(caught.value) == 7
    assert sorted(shop.home.bundles.glob("*")) == before
