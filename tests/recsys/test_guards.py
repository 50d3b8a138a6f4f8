"""Whom nobody may ask, whatever a ranker says."""

import pytest

from features.clock import DAY_US, parse_instant
from features.online import State
from features.reading import Reading
from recsys import guards
from tests.recsys.crowds import NOW, ZONE, Crowd, did, gave, opened


def sent(days: float, peer: str = "f"):
    return did("u", "Product Shared", "i0", days, peer_id=peer, share_id="s")


def proposable(*events, name: str = "f") -> bool:
    return held(*events, name=name) is None


def held(*events, name: str = "f") -> str | None:
    known = Crowd(*events).known
    return guards.held(known, Reading(known.get("u", State()), NOW, ZONE), [name])[0]


def test_two_unopened_shares_may_be_bad_luck_three_are_an_answer():
    assert proposable(sent(3), sent(4))
    assert not proposable(sent(3), sent(4), sent(5))


def test_what_was_sent_today_may_still_be_opened():
    assert proposable(sent(3), sent(4), sent(0.5))


def test_an_opening_begins_the_count_again():
    before = [sent(9), sent(8), sent(7)]
    assert not proposable(*before)
    assert proposable(*before, opened("f", "u", days=6))
    assert not proposable(*before, opened("f", "u", days=6), sent(5), sent(4), sent(3))


def test_ignoring_is_not_forgotten_behind_many_other_shares():
    others = [sent(2, peer=f"p{n}") for n in range(60)]
    assert not proposable(sent(9), sent(8), sent(7), *others)


@pytest.mark.parametrize("act", ["Sharer Muted", "Share Reported"])
def test_who_muted_or_reported_is_never_proposed(act):
    assert not proposable(opened("f", "u"), did("f", act, "i0", days=900, peer_id="u"))


def test_who_refuses_social_use_is_never_proposed():
    assert not proposable(opened("f", "u"), gave("f", "personalize"))


def test_nights_are_quiet_in_the_business_zone():
    night, morning = (parse_instant(f"2026-06-18T{t}:30:00+08:00") for t in ("23", "09"))
    assert guards.quiet(night, ZONE)
    assert not guards.quiet(morning, ZONE)
    assert guards.loud_at(night, ZONE) == parse_instant("2026-06-19T08:00:00+08:00")
    assert guards.loud_at(morning, ZONE) == morning
    assert guards.loud_at(night, ZONE) - night < DAY_US


def test_each_surface_allows_what_its_rules_allow():
    assert guards.allowed("app", "bargain")
    for surface in ("wechat", "moments", "mini_program", "h5"):
        assert not guards.allowed(surface, "bargain")
        assert guards.allowed(surface, "share")
    assert not any(guards.allowed("sms", purpose) for purpose in guards.PURPOSES)


def test_operators_are_told_why():
    assert held(did("f", "Sharer Muted", peer_id="u")) == "muted"
    assert held(opened("f", "u"), gave("f", "")) == "refused"
    assert held(sent(3), sent(4), sent(5)) == "ignored"


def test_nobody_is_asked_by_one_sharer_more_often_than_is_good():
    answered = [[sent(1 + n / 2), opened("f", "u", days=1 + n / 2)] for n in range(20)]
    flat = [event for pair in reversed(answered) for event in pair]
    assert held(*flat) == "often"
    assert held(*flat[2:]) is None
