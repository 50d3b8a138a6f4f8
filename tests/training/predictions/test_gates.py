"""A gate that does not hold says which number is missing."""

import pytest

from features.errors import GateRefused
from training.predictions.gates import gates, require


def test_enough_passes():
    found = gates(14, 42, 100, 100)
    assert [gate.got for gate in found] == [gate.expected for gate in found] == [42, 100, 100]
    assert require("churn", found) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((14, 41, 500, 500), "expected 42 days of history; got 41"),
        ((14, 60, 0, 500), "expected 100 people who did; got 0"),
        ((14, 60, 500, 3), "expected 100 people who did not; got 3"),
        ((14, 10, 0, 500), "42 days of history; 100 people who did; got 10; 0"),
    ],
)
def test_what_is_missing_is_named(given: tuple[float, float, int, int], said: str):
    with pytest.raises(GateRefused, match=said):
        require("churn", gates(*given))
