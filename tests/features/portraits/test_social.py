import math

import pytest

from features import events as e
from features.events import Event
from tests.features.portraits.people import act, known, portrait, value

PRIORS = known(prior__share_open=(1.0, 3.0), prior__gb_joiner=(1.0, 1.0))
ROLES = known(
    mean__buyer=(0.1,), mean__sharer=(0.1,), mean__gb_leader=(0.0,), mean__gb_joiner=(0.1,),
    mean__lurker=(1.0,),
)  # fmt: skip


def share(day: float) -> Event:
    return act(day, e.SHARED, share_id="s", peer_id="v")


def opening(day: float, by: str = "v") -> Event:
    """A friend opens u's link."""
    at_us = act(day).at_us
    return Event(message_id="m", event=e.OPENED, at_us=at_us, user_id=by, peer_id="u", share_id="s")


def test_openings_for_each_share_are_shrunk():
    assert value([share(0)], "soc.share_open", 1, PRIORS) == pytest.approx(1 / 5)
    assert value([share(0), opening(0)], "soc.share_open", 1, PRIORS) == pytest.approx(2 / 5)
    assert value([act(0)], "soc.share_open", 1, PRIORS) is None


def test_more_openings_than_shares_are_no_more_than_all():
    opened = [share(0), *[opening(0)] * 9]
    assert value(opened, "soc.share_open", 1, PRIORS) == pytest.approx(10 / 13)


def test_received_links_opened():
    received = [
        Event(message_id="m", event=e.SHARED, at_us=act(0).at_us, user_id="v", peer_id="u",
              share_id="s", item_id="shoes"),
        act(0, e.OPENED, peer_id="v", share_id="s"),
    ]  # fmt: skip
    a, b = PRIORS.prior("open_rate")
    assert value(received[:1], "soc.open_rate", 0.0001, PRIORS) == pytest.approx(
        a / (1 + a + b), rel=1e-4
    )
    assert value(received, "soc.open_rate", 0.0001, PRIORS) == pytest.approx(
        (1 + a) / (1 + a + b), rel=1e-4
    )


def test_groups_joined_for_each_looked_at():
    looked = [act(0, e.GROUP_VIEWED, group_buy_id="g")] * 3
    joined = [act(0, e.GROUP_JOINED, group_buy_id="g")]
    assert value(looked + joined, "soc.gb_joiner", 1, PRIORS) == pytest.approx(2 / 5)


def test_a_steady_leader_starts_what_is_counted_in_30_days():
    daily = [act(day, e.GROUP_STARTED, group_buy_id="g") for day in range(600)]
    assert value(daily, "soc.gb_leader", 599.5) == pytest.approx(30, rel=0.01)
    assert value([act(0)], "soc.gb_leader", 1) is None


def test_roles_are_acts_over_everyones_mean():
    events = [act(0), act(0, e.SHARED, share_id="s")]
    roles = value(events, "soc.role_vec", 1, ROLES)
    assert roles == pytest.approx([0, 10 / 11, 0, 0, 1 / 11])
    assert value(events, "soc.role", 1, ROLES) == "sharer"


def test_without_a_clear_role_it_is_mixed():
    events = [
        *[act(0)] * 10,
        act(0, e.SHARED, share_id="s"),
        act(0, e.GROUP_JOINED, group_buy_id="g"),
    ]
    assert value(events, "soc.role", 1, ROLES) == "mixed"
    assert value([], "soc.role", 1, ROLES) is None
    assert value([act(0)], "soc.role", 200, ROLES) is None


def test_strong_ties_are_people_who_open_each_others_links():
    openings = [opening(day, by) for day, by in [(0, "v"), (1, "v"), (2, "v"), (0, "w")]]
    assert value(openings, "soc.strong_ties", 3) == 1
    assert value(openings, "soc.strong_ties", 30) == 0
    assert 1 - math.exp(-7 * math.log(2) / 30 * 3) > 0.3 > 1 - math.exp(-7 * math.log(2) / 30)


def test_the_evidence_of_ties_names_nobody():
    found = portrait([opening(0, "secret")] * 3, 1)["soc.strong_ties"].to_json()
    assert "secret" not in str(found)
    assert found["evidence"]["values"]["pair.opened_by_30"] == pytest.approx(3, rel=0.05)
