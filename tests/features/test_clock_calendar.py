"""The scalar calendar agrees with the arrays, at changes of the offset too."""

import pytest

from features.clock import HOUR_US, SECOND_US, BusinessZone, parse_instant

CHANGES = {
    "America/New_York": "2025-11-02T06:00:00+00:00",  # leaves summer time
    "Asia/Shanghai": "2025-11-11T16:00:00+00:00",  # a new day begins
    "Africa/Monrovia": "1972-01-07T00:44:30+00:00",  # leaves an offset of 44 minutes 30
}


@pytest.mark.parametrize("name", CHANGES)
def test_calendar_agrees_with_day_and_hour_around_a_change(name):
    zone, change = BusinessZone(name), parse_instant(CHANGES[name])
    for at in (change - HOUR_US, change - 1, change, change + SECOND_US, change + HOUR_US):
        assert zone.calendar(at) == (int(zone.day(at)), int(zone.hour(at)))
