"""Arms: stable, as large as planned, independent of other experiments."""

from collections import Counter

import pytest

from features.errors import InputError
from recsys.experiments import Experiment, bucket, people_needed

PEOPLE = [f"u{n}" for n in range(20_000)]


def test_shares_are_as_planned():
    arms = Experiment("sizes", {"control": 10.0, "a": 30.0, "b": 20.0})
    told = Counter(arms.arm(who) for who in PEOPLE)
    for arm, share in (("control", 0.1), ("a", 0.3), ("b", 0.2), (None, 0.4)):
        assert told[arm] / len(PEOPLE) == pytest.approx(share, abs=0.015)


def test_experiments_divide_independently():
    one, other = (Experiment(name, {"x": 50.0}) for name in ("one", "other"))
    both = sum(one.arm(who) == other.arm(who) == "x" for who in PEOPLE)
    assert both / len(PEOPLE) == pytest.approx(0.25, abs=0.015)


def test_a_growing_last_arm_moves_nobody_who_was_in():
    small = Experiment("ramp", {"control": 5.0, "new": 5.0})
    large = Experiment("ramp", {"control": 5.0, "new": 50.0})
    assert all(small.arm(who) in (None, large.arm(who)) for who in PEOPLE)


@pytest.mark.parametrize("arms", [{}, {"a": 0.0}, {"a": 80.0, "b": 21.0}])
def test_shares_that_cannot_be(arms):
    with pytest.raises(InputError, match="shares of arms"):
        Experiment("bad", arms)


def test_a_bucket_is_the_same_everywhere():
    assert bucket("spring", "用户") == 5077


@pytest.mark.parametrize(
    ("rate", "lift"), [(5e-324, 61.2), (5e-324, 1e-9), (0.5, 1e-9), (1e-300, 100.0), (0.3, 5e-324)]
)
def test_lifts_that_nobody_could_tell(rate, lift):
    with pytest.raises(InputError, match="so many people"):
        people_needed(rate, lift)


@pytest.mark.parametrize(("rate", "lift"), [(0.0, 0.1), (0.1, 0.0), (0.9, 0.2)])
def test_sizes_that_cannot_be(rate, lift):
    with pytest.raises(InputError, match="no possible rates"):
        people_needed(rate, lift)
