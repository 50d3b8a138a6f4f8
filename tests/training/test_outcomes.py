import numpy as np
import pytest

from features.catalogue import CATALOGUE
from recsys.ranking.lambdamart import Groups, LambdaMart
from tests.training.conftest import SMALL, Shop
from training import fit, outcomes


@pytest.fixture(scope="module")
def drawn(shop: Shop):
    rng = np.random.default_rng(0)
    which = CATALOGUE["item.orders_7"]
    found = []
    for window in shop.windows[:2]:
        parts = fit.sources(shop.ground, window.start_us, which.name)
        found.append(outcomes.draw(shop.past, parts, window, which, SMALL, rng))
    return found


def test_all_that_had_an_outcome_stand_for_themselves_and_the_rest_for_more(drawn):
    some = np.any(list(drawn[0].labels.values()), axis=0)
    assert set(drawn[0].weights[some]) == {1.0}
    assert drawn[0].weights[~some].min() > 1.0
    assert drawn[0].labels["click"].sum() > drawn[0].labels["order"].sum() > 0


def test_each_outcome_that_came_often_enough_is_learned_and_calibrated(drawn, monkeypatch):
    monkeypatch.setattr(outcomes, "ENOUGH", 20)
    ranker = fitted(drawn[0])
    found = outcomes.fit(ranker, *drawn)
    assert {"click", "order"} <= set(found.heads)
    assert set(found.lines) == {*found.heads, "target"}
    assert outcomes.errors(found, ranker, drawn[1])["order"] < 0.02


def fitted(given: outcomes.Drawn) -> LambdaMart:
    sizes = np.full(len(given.rows) // 10, 10)
    labels = given.labels["target"][: sizes.sum()].astype(np.int64)
    groups = Groups(given.rows[: sizes.sum()], labels, sizes)
    return LambdaMart.fit(groups, None, list(outcomes.frame.COLUMNS), SMALL.feed)
