import numpy as np
import pytest

from features.catalogue import CATALOGUE
from features.clock import HOUR_US
from recsys.ranking.outcomes import TARGET
from tests.training.conftest import Shop
from training import fit, impressions, outcomes
from training.examples import shown
from training.examples.shown import DEEPEST, Shown

WHICH = CATALOGUE["item.orders_7"]


def told(*came: str, places=(0.0, 1.0, 0.0, 1.0, 0.0, np.nan)) -> Shown:
    """Three lists of two items; of each item ``came`` or nothing."""
    labels = {
        name: np.array([one == name for one in came]) for name in (TARGET, "click", "dislike")
    }
    rows = np.arange(6, dtype=np.float32)[:, None]
    weights = np.array([1.0, 1.0, 1.0, 5.0, 1.0, 1.0])
    return Shown(rows, np.array(places), weights, labels, np.array([2, 2, 2]), 7)


def test_the_ranker_hears_of_lists_of_which_something_came_and_something_did_not():
    groups = told("click", "", "", "dislike", TARGET, "").groups()
    assert groups.rows[:, 0].tolist() == [0, 1, 4, 5]
    assert (groups.labels.tolist(), groups.sizes.tolist()) == ([1, 0, 3, 0], [2, 2])
    assert groups.places.tolist() == [0, 1, 0, DEEPEST]


def test_a_list_that_all_was_taken_of_says_nothing_about_order():
    assert not len(told("click", TARGET, "", "", "", "").groups().sizes)


def test_the_first_places_alone():
    first = told("click", "", "", "", TARGET, "").first()
    assert first.rows[:, 0].tolist() == [0, 2, 4]
    assert first.labels[TARGET].tolist() == [False, False, True]
    assert first.sizes.tolist() == [1, 1, 1]


def test_an_unknown_place_is_as_deep_as_the_mean_one():
    assert told(*[""] * 6).depth[-1] == pytest.approx(np.log1p(0.4))


@pytest.fixture(scope="module")
def found(shop: Shop) -> impressions.Impressions:
    asked = outcomes.watched(shop.ground.settings.target)
    rng = np.random.default_rng(0)
    return impressions.read(shop.past, shop.home, shop.windows[0], asked, HOUR_US, 60, rng)


@pytest.fixture(scope="module")
def parts(shop: Shop):
    return fit.sources(shop.ground, shop.windows[0].start_us, WHICH.name)


def test_what_no_source_proposes_is_left_out(shop, parts, found):
    made = shown.taught(shop.past, parts, found, WHICH)
    assert (made.shown, len(made.sizes)) == (56 * 8, 56)  # four people do not want to be known
    assert 100 < len(made) == made.sizes.sum() < made.shown
    assert set(made.places) == set(range(8))
    assert made.weights.max() > made.weights.min() == 1.0


def test_nobody_teaches_who_does_not_want_to_be_known(shop, parts, found, monkeypatch):
    monkeypatch.setattr(shown.consent, "personal", lambda said: False)
    assert not len(shown.taught(shop.past, parts, found, WHICH))
