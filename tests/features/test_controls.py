"""Consents, switches, deleted tags and ties reach the states."""

import pytest

from features import controls, online
from features.clock import BusinessZone
from features.events import Event


def after(*events: Event) -> dict[str, online.State]:
    return online.replay(iter(events), lambda item, at_us: None, BusinessZone())


def tie(event: str, reason: str | None, user: str = "u1", peer: str = "u2") -> Event:
    return Event(message_id="m", event=event, at_us=0, user_id=user, peer_id=peer, reason=reason)


def test_the_last_consents_are_the_ones_in_force():
    states = after(
        controls.consent_updated("u1", ["personalize", "share_out"]),
        controls.consent_updated("u1", ["personalize"]),
    )
    assert states["u1"].consents == ["personalize"]


def test_no_scope_is_not_the_same_as_not_asked():
    assert after(controls.consent_updated("u1", []))["u1"].consents == []
    assert online.State().consents is None


@pytest.mark.parametrize("on", [True, False])
def test_the_switch(on):
    states = after(
        controls.personalization_toggled("u1", not on), controls.personalization_toggled("u1", on)
    )
    assert states["u1"].personalized is on


def test_a_tag_is_suppressed_once():
    twice = [controls.tag_suppressed("u1", "life.silent") for _ in range(2)]
    assert after(*twice)["u1"].suppressed == ["life.silent"]


def test_a_friend_is_a_friend_both_ways():
    states = after(tie("Tie Created", "friend"))
    assert (states["u1"].ties, states["u2"].ties) == ({"u2": "friend"}, {"u1": "friend"})


@pytest.mark.parametrize("reason", ["follow", None])
def test_a_follower_is_not_followed_back(reason):
    states = after(tie("Tie Created", reason))
    assert states["u1"].ties == {"u2": "follow"}
    assert "u2" not in states


def test_a_mutual_tie_ends_both_ways():
    states = after(tie("Tie Created", "friend"), tie("Tie Removed", "friend", "u2", "u1"))
    assert (states["u1"].ties, states["u2"].ties) == ({}, {})


def test_ending_another_kind_of_tie_changes_nothing():
    states = after(tie("Tie Created", "friend"), tie("Tie Removed", "follow"))
    assert states["u1"].ties == {"u2": "friend"}


def test_nobody_is_tied_to_oneself():
    assert after(tie("Tie Created", "friend", "u1", "u1"))["u1"].ties == {}


def test_several_types_of_tie_stand_side_by_side():
    both = (tie("Tie Created", "friend"), tie("Tie Created", "follow"))
    assert after(*both)["u1"].ties == {"u2": "follow,friend"}
    assert after(*both, tie("Tie Removed", "follow"))["u1"].ties == {"u2": "friend"}
