import pytest

from tests.features.portraits.people import act, known, value

EVENING = known(hours=tuple(0.77 if hour == 20 else 0.01 for hour in range(24)))


def test_hours_are_shares_smoothed_by_one_act_each():
    hours = value([act(0), act(0), act(0.25)], "time.hours", 0.25001)
    assert sum(hours) == pytest.approx(1)
    assert hours[12] == pytest.approx(3 / 27, rel=0.01)
    assert hours[18] == pytest.approx(2 / 27, rel=0.01)
    assert hours[3] == pytest.approx(1 / 27, rel=0.01)


def test_few_acts_lean_to_everyones_hours_and_many_do_not():
    assert value([act(0)], "time.best_send_hour", 1, EVENING) == 20
    assert value([act(0)] * 20, "time.best_send_hour", 1, EVENING) == 12


def test_whoever_did_nothing_lately_has_no_hours():
    assert value([], "time.hours", 1, EVENING) is None
    assert value([act(0)], "time.best_send_hour", 200, EVENING) is None
