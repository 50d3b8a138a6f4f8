"""Strength is learned where there is something to learn, and says how often it comes true."""

import numpy as np
import pytest

from features.strength import PAIR, PERSON, Strength
from tests.training.conftest import END, Shop
from training import ties
from training.examples import ties as examples
from training.examples.ties import HORIZON, Ties


@pytest.fixture(scope="module")
def weeks(shop: Shop) -> list[Ties]:
    return ties.gather(shop.past, END, np.random.default_rng(0))


def planted(n: int = 4_000) -> Ties:
    """Pairs that meet when they opened links lately, whoever they are."""
    rng = np.random.default_rng(3)
    opened = rng.exponential(size=n)
    met = rng.random(n) < 1 / (1 + np.exp(3 - 2 * np.log1p(opened)))
    names = ("pair.together_90", "pair.together_by_90", "pair.opened_30", "pair.opened_by_30",
             "pair.shared_30", "pair.received_30", "pair.days_90", "pair.days_by_90",
             "pair.opened_by")  # fmt: skip
    values = dict.fromkeys(names, np.zeros(n)) | {"pair.opened_30": opened}
    values |= dict.fromkeys(("pair.last_together", "pair.last_together_by"), np.full(n, np.nan))
    users = np.array([f"u{i % 500}" for i in range(n)], dtype=np.object_)
    peers = np.array([f"v{i % 300}" for i in range(n)], dtype=np.object_)
    ends = np.zeros((2, n, len(PERSON)))
    return Ties(users, peers, np.full(n, 9), np.zeros(n), values, ends, met)


def test_the_planted_weight_is_found_and_the_others_are_nothing():
    weights = dict(zip(PAIR, ties.fit(planted(), 9).pair[1:], strict=True))
    assert weights.pop("opened") == pytest.approx(2.0, abs=0.3)
    assert set(weights.values()) == {0.0}


def test_the_fitted_strength_is_the_probability_that_was_fitted():
    rows = planted()
    fitted = ties.fit(rows, 9)
    strength = Strength(fitted.pair, None)
    found = strength(rows.users.tolist(), rows.peers.tolist(), rows.tied, rows.values, rows.at_us)
    assert found == pytest.approx(ties.probability(fitted, rows))
    assert found.mean() == pytest.approx(rows.met.mean(), abs=1e-3)


def test_labels_lie_in_the_week_after_and_are_the_same_from_both_ends(shop, weeks):
    assert [int(week.at_us[0]) for week in weeks] == [
        END - k * int(HORIZON.us) for k in range(1, len(weeks) + 1)
    ]
    newest = weeks[0]
    pairs = zip(newest.users, newest.peers, strict=True)
    met = dict(zip(pairs, newest.met.tolist(), strict=True))
    both = [(u, v) for u, v in met if (v, u) in met]
    assert any(met[pair] for pair in both)
    assert all(met[u, v] == met[v, u] for u, v in both)


def test_it_ranks_a_later_week_of_other_people_better_than_the_decayed_sum(weeks):
    judged = ties.judge(weeks)
    assert judged["full"]["auc"] > judged["decayed_sum"]["auc"]
    assert judged["full"]["calibration_error"] < 0.05


def test_the_folds_part_source_users(weeks):
    folds = ties.folds(weeks[0])
    users = weeks[0].users
    assert len({(user, fold) for user, fold in zip(users, folds, strict=True)}) == len({*users})


def test_nothing_is_fitted_before_anybody_met(shop):
    first = examples.first_us(shop.past)
    assert ties.learn(shop.past, first, np.random.default_rng(0)) is None
