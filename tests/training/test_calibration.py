import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError
from training import calibration

SAID = st.tuples(st.floats(0, 1), st.booleans())


def test_the_error_by_hand() -> None:
    # Three predictions of .2 come true once (off by .133), one of .9 does not (off by .9).
    error = calibration.error([0.2, 0.2, 0.2, 0.9], [1, 0, 0, 0])
    assert error == pytest.approx(0.75 * (1 / 3 - 0.2) + 0.25 * 0.9)
    assert calibration.error([0.0, 1.0], [0, 1]) == 0.0
    assert np.isnan(calibration.error([], []))


@given(st.lists(SAID, min_size=1, max_size=40), st.integers(1, 12))
def test_a_loop_over_bins_says_the_same(said: list[tuple[float, bool]], bins: int) -> None:
    total = 0.0
    for i in range(bins):
        inside = [(p, y) for p, y in said if min(int(p * bins), bins - 1) == i]
        total += abs(sum(p for p, _ in inside) - sum(y for _, y in inside))
    error = calibration.error([p for p, _ in said], [y for _, y in said], bins)
    assert error == pytest.approx(total / len(said))


def test_what_is_no_probability_is_refused() -> None:
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="no probability"):
            calibration.points([0.5, wrong], [0, 1])
