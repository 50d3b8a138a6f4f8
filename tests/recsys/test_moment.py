"""What sources see of a person."""

import numpy as np
import pytest

from features.clock import DAY_US, BusinessZone
from features.ids import IdMap
from features.online import Act, State
from features.reading import Reading
from recsys.moment import FRIENDS, Acts, FriendItems, closest, of_state, own_acts
from tests.recsys.moments import acts

ZONE = BusinessZone()
IDS = IdMap.of(["a", "b"])
A, B = IDS.code("a"), IDS.code("b")


def test_acts_are_newest_first_without_the_future_and_the_unknown():
    seen = Acts.of(
        [
            Act(0, "Product Viewed", "a"), Act(1, "Product Viewed", "ghost"),
            Act(DAY_US, "Order Completed", "b"), Act(2 * DAY_US, "Product Viewed", "a"),
        ],
        IDS,
        2 * DAY_US,
    )  # fmt: skip
    assert seen.codes.tolist() == [B, A]
    assert seen.weights.tolist() == [8.0, 1.0]
    assert seen.ordered.tolist() == [True, False]
    assert seen.ages.tolist() == [1.0, 2.0]


def test_own_acts_unite_without_doubling():
    view, order = Act(1, "Product Viewed", "a"), Act(2, "Order Completed", "a")
    state = State(recent=[view, order], deeds=[order])
    assert own_acts(state) == [view, order]


def test_the_same_act_twice_counts_twice():
    order = Act(2, "Order Completed", "a")
    assert own_acts(State(recent=[order, order], deeds=[order, order])) == [order, order]


def test_friends_are_summed_by_item():
    near = acts((A, 8.0, 0.0), (A, 4.0, 0.0), (B, 1.0, 30.0), ordered=(A,))
    far = acts((A, 2.0, 0.0))
    items = FriendItems.of([(2.0, near), (0.5, far)])
    assert dict(zip(items.codes.tolist(), items.score.tolist(), strict=True)) == pytest.approx({
        A: 2 * 12 + 0.5 * 2,
        B: 2 * 0.5,
    })
    found = items.at(np.array([A, B], dtype=np.int32))
    assert found["friends.count"].tolist() == [2.0, 1.0]
    assert found["friends.bought"].tolist() == [1.0, 0.0]


def test_items_no_friend_touched_have_zeros():
    items = FriendItems.of([(1.0, acts((A, 1.0, 0.0)))])
    assert items.at(np.array([B], dtype=np.int32))["friends.score"].tolist() == [0.0]
    nobody = FriendItems.of([]).at(np.array([A, B], dtype=np.int32))
    assert {name: column.tolist() for name, column in nobody.items()} == {
        "friends.score": [0.0, 0.0], "friends.count": [0.0, 0.0], "friends.bought": [0.0, 0.0],
    }  # fmt: skip


def test_the_closest_come_first_and_are_limited():
    state = State(ties={f"p{n:03}": "friend" for n in range(FRIENDS + 5)})
    found = closest(Reading(state, 0, ZONE))
    assert [name for name, _ in found] == [f"p{n:03}" for n in range(FRIENDS)]
    assert found[0][1] == pytest.approx(np.log(2))


def test_friends_who_refused_are_not_looked_at():
    deed = Act(0, "Order Completed", "a")
    friends = [
        (1.0, State(deeds=[deed], consents=["personalize"])),
        (1.0, State(deeds=[deed], consents=["social_graph"])),
    ]
    seen = of_state(Reading(State(), DAY_US, ZONE), friends, IDS)
    assert seen.friends.count.tolist() == [1.0]


def test_without_the_person_nothing_is_left():
    state = State(recent=[Act(0, "Product Viewed", "a")])
    seen = of_state(Reading(state, 1, ZONE), [(1.0, state)], IDS)
    bare = seen.impersonal()
    assert (len(seen.acts.codes), len(bare.acts.codes)) == (1, 0)
    assert (len(bare.friends.codes), len(bare.bought), bare.at_us) == (0, 0, 1)
