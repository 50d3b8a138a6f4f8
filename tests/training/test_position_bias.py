"""Lists of a shop that puts dear items rather on top, looked at less and less further down.

The clicks are made up from the true tastes of the simulated world, so that it is known how likely
each item is clicked once it is looked at.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from features.catalogue import CATALOGUE
from features.frames import feed as frame
from recsys.ranking.lambdamart import LambdaMart, LambdaMartConfig
from recsys.ranking.outcomes import OUTCOMES, TARGET
from tests.training.conftest import Shop
from training import fit, outcomes
from training.examples import feed
from training.examples.shown import Shown
from training.metrics import Relevant
from training.past import Queries
from training.world import Truth
from training.world.feed import FeedConfig
from training.world.shopping import ShoppingConfig

PEOPLE, LISTS, SLOTS = 300, 4, 16
CLICK = -1.0  # log-odds of a click on what is wanted neither more nor less; enough come by it


@dataclass(frozen=True)
class Told:
    """Lists of one window, and the true chance of a click on each item once looked at."""

    shown: Shown
    chance: np.ndarray


@pytest.fixture(scope="module")
def told(shop: Shop) -> list[Told]:
    """Lists of the windows that train, calibrate and test."""
    return [lists(shop, place) for place in range(3)]


def lists(shop: Shop, place: int) -> Told:
    rng, window = np.random.default_rng(place), shop.windows[place]
    which = CATALOGUE["item.orders_7"]
    parts = fit.sources(shop.ground, window.start_us, which.name)
    people = sorted(shop.past.acts.people)
    users = [people[i] for i in rng.integers(len(people), size=PEOPLE)]
    queries = Queries(users, rng.integers(window.start_us, window.end_us, PEOPLE))
    nothing = Relevant(np.zeros(PEOPLE + 1, dtype=np.int64), np.zeros(0, dtype=np.int32))
    asked = feed.Asked(queries, nothing, np.zeros(PEOPLE, dtype=np.int64))
    proposed = list(feed.propose(shop.past, parts, asked, which))
    rows = feed.rows(shop.past, parts.items, queries, proposed)
    ends = np.cumsum([0, *(len(one.slate) for one in proposed)])
    price = rows[:, list(frame.COLUMNS).index("item.log_price")]
    kept = np.concatenate([
        listed(rng, low, high, price) for low, high in pairwise(ends) for _ in range(LISTS)
    ])
    wanted = Truth(shop.home.root.parent / "world").oracle_scores(
        queries.users, parts.items.ids.names(range(len(parts.items)))
    )
    codes = np.concatenate([one.slate.codes for one in proposed])
    odds = wanted[np.repeat(np.arange(PEOPLE), np.diff(ends)), codes] - ShoppingConfig().order
    return clicked(rng, rows[kept], 1.0 / (1.0 + np.exp(-(odds[kept] + CLICK))))


def listed(rng, low, high, price) -> np.ndarray:
    """Some candidates of a person, dear ones rather on top."""
    some = rng.choice(np.arange(low, high), SLOTS, replace=False)
    return some[np.argsort(-(price[some] / price.std() + rng.normal(size=SLOTS)))]


def clicked(rng, rows, chance) -> Told:
    """What comes of lists in which people look less and less further down."""
    places = np.tile(np.arange(SLOTS, dtype=np.float64), len(rows) // SLOTS)
    came = rng.random(len(rows)) < chance * (1.0 + places) ** -FeedConfig().fading
    nothing = dict.fromkeys(OUTCOMES, np.zeros(len(rows), dtype=np.bool_))
    sizes = np.full(len(rows) // SLOTS, SLOTS)
    labels = nothing | {"click": came, TARGET: came}
    return Told(Shown(rows, places, np.ones(len(rows)), labels, sizes, len(rows)), chance)


def blind(shown: Shown) -> Shown:
    """As if everything had stood at the first place."""
    return replace(shown, places=np.zeros(len(shown)))


def agreement(scores: np.ndarray, chance: np.ndarray) -> float:
    """Kendall's tau within lists."""
    one, other = (np.sign(a[:, :, None] - a[:, None, :]) for a in rowwise(scores, chance))
    return float((one * other).sum() / (len(scores) * (SLOTS - 1)))


def rowwise(*columns: np.ndarray) -> list[np.ndarray]:
    return [column.reshape(-1, SLOTS) for column in columns]


class Constant(LambdaMart):
    """A ranker that likes everything alike."""

    def __init__(self) -> None:
        self.native = lambda rows: np.zeros(len(rows))


def click_chance(train, valid, rows: np.ndarray, shown=None) -> np.ndarray:
    found = outcomes.fit(Constant(), train, valid, shown=shown)
    return found.chances(rows, np.zeros(len(rows)))["click"]


def test_the_place_is_not_taken_for_the_taste(told):
    train, valid, test = told
    nothing = sampled(train, 0.0)
    found = {
        name: click_chance(
            nothing, nothing, test.shown.rows, (given(train.shown), given(valid.shown))
        )
        for name, given in (("aware", lambda one: one), ("blind", blind))
    }
    off, brier, tau = (
        {name: measure(p) for name, p in found.items()}
        for measure in (
            lambda p: abs(p.mean() - test.chance.mean()),
            lambda p: float(((p - test.chance) ** 2).mean()),
            lambda p: agreement(p, test.chance),
        )
    )
    assert off["aware"] < 0.05 < 0.1 < off["blind"]
    assert brier["aware"] < 0.85 * brier["blind"]
    assert tau["aware"] > tau["blind"] + 0.02


def test_neither_does_the_ranker_take_it_for_the_taste(told):
    config, groups = LambdaMartConfig(rounds=40, min_data_in_leaf=50), told[0].shown.groups()
    tau = [
        agreement(
            LambdaMart.fit(given, None, list(frame.COLUMNS), config).score(told[2].shown.rows),
            told[2].chance,
        )
        for given in (groups, replace(groups, places=None))
    ]
    assert tau[0] > tau[1] + 0.02


def sampled(told: Told, part: float) -> outcomes.Drawn:
    """What was clicked, everything being looked at, and a part of the rest."""
    rng, size = np.random.default_rng(0), len(told.chance)
    came = rng.random(size) < told.chance
    kept = came | (rng.random(size) < part)
    labels = dict.fromkeys(OUTCOMES, np.zeros(kept.sum(), dtype=np.bool_))
    weights = np.where(came, 1.0, 1.0 / max(part, 1e-9))
    marks = labels | {"click": came[kept], TARGET: came[kept]}
    return outcomes.Drawn(told.shown.rows[kept], marks, weights[kept])


def test_where_negatives_are_a_sample_chances_are_those_of_all(told):
    train, valid, test = (sampled(one, 0.1) for one in told)
    p = click_chance(train, valid, told[2].shown.rows)
    alike = click_chance(train, replace(valid, weights=np.ones(len(valid.rows))), test.rows)
    assert p.mean() == pytest.approx(told[2].chance.mean(), abs=0.02)
    assert alike.mean() > 2 * told[2].chance.mean()
    tenths = np.array_split(np.argsort(p), 10)
    gaps = [abs(p[those].mean() - told[2].chance[those].mean()) for those in tenths]
    assert max(gaps) < 0.08
