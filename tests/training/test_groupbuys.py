"""Chances learned from the small world: they order what comes later."""

from types import SimpleNamespace

import numpy as np
import pytest

from features.clock import DAY_US
from training import fit, groupbuys
from training.examples import groups
from training.examples.groups import Taught
from training.split import Window


@pytest.fixture(scope="module")
def learned(shop):
    items = fit.catalogue(shop.ground, shop.windows[-1].start_us)
    return groupbuys.learn(shop.past, items, shop.windows[-1], shop.windows[-1].end_us)


def test_chances_order_what_comes_later(learned):
    for name in ("filling", "joining"):
        assert learned.metrics[name]["auc"] > 0.6
        assert learned.metrics[name]["brier"] < learned.metrics[name]["brier_of_rate"]


def test_who_shares_is_told_from_who_does_not(learned):
    assert learned.metrics["propensity"]["auc"] > 0.5


def test_more_missing_people_fill_less(learned):
    weights = dict(zip(learned.chances["filling"].columns, learned.chances["filling"].weights[1:],
                       strict=True))  # fmt: skip
    assert weights["group.missing"] + weights["group.need"] < 0


def test_too_few_of_an_outcome_teach_nothing():
    rows = Taught(np.zeros((60, 1)), np.arange(60) < 20, np.arange(60))
    assert groupbuys.fit(rows, ("x",)) is None


def test_what_hangs_together_counts_as_one():
    says = SimpleNamespace(rate=0.5, chances=lambda rows: SimpleNamespace(p=rows[:, 0]))
    did = np.arange(100) < 50
    apart, two = (
        groupbuys.judge(says, Taught(np.full((100, 1), 0.6), did, clusters))
        for clusters in (np.arange(100), np.arange(100) // 50)
    )
    assert apart["brier"] == two["brier"] == pytest.approx(0.26)
    assert two["brier_low"] < apart["brier_low"] < 0.26


def test_nobody_learns_what_was_not_known_yet(shop):
    start, middle = shop.windows[0].start_us, shop.windows[-1].start_us
    told = groups.stories(shop.past, Window(0, middle), middle)
    assert told
    assert max(event.at_us for events in told for event in events) < middle
    early = groups.stories(shop.past, Window(0, start + DAY_US), start + DAY_US)
    assert len(early) < len(told)
