"""Time is cut at starts of business days."""

import numpy as np
import pytest

from features.clock import DAY_US, HOUR_US, BusinessZone
from features.errors import InputError
from training.split import Window, windows

SHANGHAI, UTC = BusinessZone("Asia/Shanghai"), BusinessZone("UTC")
HOURLY = np.arange(240) * HOUR_US
"""Ten days, an event each hour."""


def test_windows_follow_each_other_and_end_with_the_last_event():
    found = windows(HOURLY, (0.5, 0.8), UTC)
    assert found == [Window(4 * DAY_US, 7 * DAY_US), Window(7 * DAY_US, 239 * HOUR_US + 1)]


def test_days_begin_where_business_is_done():
    first, *_ = windows(HOURLY, (0.5, 0.8), SHANGHAI)
    assert first.start_us % DAY_US == 16 * HOUR_US


def test_the_parts_are_of_events_not_of_days():
    crowded = np.concatenate([HOURLY, 8 * DAY_US + np.arange(2_000) * 1_000_000])
    first, last = windows(crowded, (0.05, 0.5), UTC)
    assert (first.start_us, last.start_us) == (4 * DAY_US, 8 * DAY_US)


def test_a_window_holds_its_start_and_not_its_end():
    held = Window(10, 20).holds(np.array([9, 10, 19, 20]))
    assert held.tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("at_us", "says"),
    [
        (HOURLY[:20], "got 1 days with events, cut at 1970-01-01, 1970-01-01"),
        (HOURLY[:48], "got 2 days with events"),
        (np.append(HOURLY, [5 * DAY_US] * 999), "cut at 1970-01-06, 1970-01-06"),
    ],
)
def test_too_few_days_are_refused(at_us, says):
    with pytest.raises(InputError, match=rf"too few days.*2 cuts on different.*{says}"):
        windows(at_us, (0.5, 0.8), UTC)


def test_nothing_to_foretell():
    with pytest.raises(InputError, match=r"no event to foretell.*ingest orders"):
        windows(np.zeros(0, dtype=np.int64), (0.5,), UTC)


def test_a_window_reads_as_days():
    assert str(Window(0, 3 * DAY_US)) == "1970-01-01 … 1970-01-04"
