"""Chances whose right answer is counted by hand."""

import numpy as np
import pytest

from recsys.ranking.logit import Logit


@pytest.fixture(scope="module")
def coins() -> tuple[np.ndarray, np.ndarray]:
    """A coin that falls 1 in 10 times in one room, 8 in 10 in another."""
    room = np.repeat([0.0, 1.0], 1_000)
    fell = np.concatenate([np.arange(1_000) % 10 < 1, np.arange(1_000) % 10 < 8])
    return room[:, None], fell


def test_chances_are_those_counted(coins):
    found = Logit.fit(*coins, np.arange(2_000), ["room"], l2=1e-6).chances([[0.0], [1.0]])
    assert found.p == pytest.approx([0.1, 0.8], abs=1e-6)


def test_intervals_are_those_of_a_rate(coins):
    found = Logit.fit(*coins, np.arange(2_000), ["room"], l2=1e-6).chances([[1.0]])
    odds = np.log(found.high / (1 - found.high)) - np.log(found.low / (1 - found.low))
    assert odds == pytest.approx(2 * 1.96 / np.sqrt(1_000 * 0.8 * 0.2), rel=0.01)


def test_rows_that_say_the_same_make_nothing_surer(coins):
    rows, fell = coins
    once = Logit.fit(rows, fell, np.arange(2_000), ["room"], l2=1e-6).chances([[1.0]])
    said = np.tile(np.arange(2_000), 4)
    again = Logit.fit(np.tile(rows, (4, 1)), np.tile(fell, 4), said, ["room"], l2=4e-6)
    found = again.chances([[1.0]])
    assert found.high - found.low == pytest.approx(once.high - once.low, rel=1e-3)


def test_what_is_unknown_moves_nothing(coins):
    model = Logit.fit(*coins, np.arange(2_000), ["room"])
    assert model.chances([[np.nan]]).p == pytest.approx(model.chances([[0.5]]).p)
    assert model.drivers([np.nan]) == [("room", 0.0)]


def test_drivers_come_strongest_first():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2_000, 2))
    odds = 2.0 * rows[:, 0] - 0.5 * rows[:, 1]
    model = Logit.fit(rows, rng.random(2_000) < 1 / (1 + np.exp(-odds)), range(2_000), ["a", "b"])
    assert [name for name, _ in model.drivers([1.0, 1.0])] == ["a", "b"]
    assert model.drivers([1.0, 1.0])[1][1] < 0 < model.drivers([1.0, 1.0])[0][1]


def test_a_column_that_never_changes_and_outcomes_without_exception():
    model = Logit.fit(np.ones((10, 1)), np.ones(10), range(10), ["same"])
    assert np.all(np.isfinite(model.weights))
    assert model.chances([[1.0]]).p[0] > 0.9


def test_what_is_written_is_read(tmp_path, coins):
    model = Logit.fit(*coins, np.arange(2_000), ["room"])
    model.save(tmp_path / "x.json")
    read = Logit.open(tmp_path / "x.json")
    assert read.columns == model.columns
    assert read.chances([[1.0]]).high == model.chances([[1.0]]).high
