"""Group buys as events tell them."""

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import groupbuys, job
from features.clock import DAY_US, HOUR_US, BusinessZone
from features.events import Event
from features.groupbuys import GroupBuy, Groups
from features.home import Home
from features.store import open_store
from tests.features.histories import START, busy, keep

NOON = 1_760_000_400_000_000


def said(n: int, name: str, user: str = "u1", at: int | None = None, **fields: object) -> Event:
    given = {"message_id": f"m{n}", "at_us": NOON + n if at is None else at, **fields}
    return Event(event=f"Group Buy {name}", user_id=user, group_buy_id="g1", **given)


def group(*events: Event) -> GroupBuy:
    return Groups().learn(events).known["g1"]


def test_a_group_fills_and_ends():
    begun = [said(0, "Started", item_id="i1", size=3, price_fen=990, expires_us=NOON + DAY_US)]
    one = group(*begun, said(1, "Joined", "u2"))
    assert (one.item_id, one.price_fen, one.members, one.missing) == ("i1", 990, 2, 1)
    assert one.open(NOON + HOUR_US)
    assert not one.open(NOON + DAY_US)
    assert not group(*begun, said(1, "Joined", "u2"), said(2, "Joined", "u3")).open(NOON + 9)
    assert group(*begun, said(1, "Failed")).status == "failed"


def test_the_shop_knows_better():
    one = group(
        said(0, "Started", item_id="i1", size=3),
        said(2, "Updated", item_id="i1", size=5, quantity=4.0, reason="open"),
        said(1, "Updated", item_id="i2", size=9, quantity=8.0, reason="failed"),
    )
    assert (one.item_id, one.size, one.members, one.status) == ("i1", 5, 4, "open")


def test_silence_ends_what_says_no_end():
    one = group(said(0, "Joined", "u2"))
    assert one.open(NOON + 29 * DAY_US)
    assert not one.open(NOON + 31 * DAY_US)


instants = st.integers(NOON, NOON + 5)
names = st.sampled_from(["Started", "Joined", "Updated", "Succeeded", "Failed"])
events = st.lists(
    st.builds(
        said, st.integers(0, 9), names, st.sampled_from(["u1", "u2"]), instants,
        size=st.none() | st.integers(1, 3), quantity=st.none() | st.just(2.0),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@given(events, st.randoms())
def test_neither_order_nor_repetition_matters(told, dice):
    shuffled = [*told, *told[:3]]
    dice.shuffle(shuffled)
    assert group(*shuffled) == group(*told)


@pytest.mark.parametrize("person", ["u1", "u2"])
def test_a_forgotten_person_leaves_a_place(person):
    one = group(said(0, "Started", item_id="i1"), said(1, "Joined", "u2"))
    one.forget(person)
    assert not one.names(person)
    assert one.members == 2


def test_open_groups_outlive_the_feature_job(tmp_path):
    home, at = Home(tmp_path), START + 60 * DAY_US
    keep(home, busy(20))
    told = [
        said(0, "Started", item_id="i1", size=3, at=at, expires_us=at + DAY_US),
        said(1, "Joined", "u2", at=at + 1),
        said(2, "Joined", "u3", at=at + 3),
    ]
    with closing(open_store(home)) as store:
        store.append(told[:2])
        assert store.wait_applied(store.log_seq, 20)
        before = store.group_buys(["g1"])
        job.run(home, at + 2, BusinessZone())
        assert store.group_buys(["g1"]) == before
        assert before["g1"].members == 2
        store.append(told[2:])
        assert store.wait_applied(store.log_seq, 20)
        assert store.group_buys(["g1"])["g1"].missing == 0
    assert groupbuys.group_of(busy(1)[0]) is None
