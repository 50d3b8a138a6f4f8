"""Which group to join or to start, asked about groups whose right answer is visible."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from features.clock import HOUR_US
from features.events import Event
from features.frames import groups as frame
from features.groupbuys import GroupBuy
from recsys.candidates.launches import LaunchConfig, Launches
from recsys.groupbuy import GroupBuying
from recsys.query import GroupQuery
from recsys.ranking.logit import Logit
from tests.recsys.crowds import NOW, Crowd, befriended, bought, bundle, did, gave, opened
from tests.serving import shops


class Board:
    """Groups that can be joined, as the service keeps them."""

    def __init__(self, *groups: GroupBuy) -> None:
        self.groups = groups

    def of_item(self, item_id: str, at_us: int) -> list[GroupBuy]:
        return [one for one in self.soonest(at_us, 99) if one.item_id == item_id]

    def of_people(self, user_ids: Iterable[str], at_us: int) -> list[GroupBuy]:
        wanted = set(user_ids)
        return [one for one in self.soonest(at_us, 99) if wanted & {*one.joined, one.starter_id}]

    def soonest(self, at_us: int, most: int) -> list[GroupBuy]:
        return [one for one in self.groups if one.open(at_us)][:most]


def group(name: str, starter: str, *members: str, item: str = "i0", size: int = 5, ends=3.0):
    made = GroupBuy(name)
    for n, person in enumerate((starter, *members)):
        kind = "Group Buy Joined" if n else "Group Buy Started"
        made.learn(
            Event(
                message_id=f"{name}{n}", event=kind, at_us=NOW - HOUR_US + n, user_id=person,
                group_buy_id=name, item_id=item, size=None if n else size,
                expires_us=NOW + int(ends * HOUR_US),
            )
        )  # fmt: skip
    return made


def asked(user: str = "u", k: int = 10) -> GroupQuery:
    return GroupQuery(user, k, NOW)


@pytest.fixture(scope="module")
def buying(tmp_path_factory) -> GroupBuying:
    return GroupBuying(bundle(tmp_path_factory.mktemp("bundle")))


def names(answer) -> list[str]:
    return [one.group.group_buy_id for one in answer.groups]


def test_groups_of_friends_come_before_those_of_strangers(buying):
    crowd = Crowd(befriended("u", "f"), opened("g", "u"))
    board = Board(group("s", "x"), group("ff", "f"), group("gg", "y", "g"))
    answer = buying.open(asked(), crowd, board)
    assert names(answer) == ["gg", "ff", "s"]
    assert [one.friends for one in answer.groups] == [1, 1, 0]
    assert [r.code for r in answer.groups[0].reasons] == ["friend_in", "nearly_full"]


def test_neither_full_nor_over_nor_own_groups_are_shown(buying):
    crowd = Crowd(befriended("u", "f"))
    full = group("full", "f", "a", size=2)
    over = group("over", "f", ends=-0.1)
    board = Board(full, over, group("own", "u"), group("in", "f", "u"))
    assert buying.open(asked(), crowd, board).groups == ()
    board.soonest = lambda at_us, most: [*board.groups]  # even if the board is late
    assert names(buying.open(asked(), crowd, board)) == []


def test_who_does_not_want_to_hear_of_each_other_is_not_brought_together(buying):
    for who, whom in (("u", "f"), ("f", "u")):
        crowd = Crowd(befriended("u", "f"), did(who, "Sharer Muted", peer_id=whom))
        board = Board(group("theirs", "f"), group("among", "x", "f"))
        answer = buying.open(asked(), crowd, board)
        assert names(answer) == ["among"]
        assert answer.groups[0].friends == 0


def test_a_friend_who_refuses_is_not_named(buying):
    crowd = Crowd(befriended("u", "f"), gave("f", "personalize"))
    assert buying.open(asked(), crowd, Board(group("g", "f"))).groups[0].friends == 0


def test_without_consent_the_chance_to_fill_alone_decides(buying):
    crowd = Crowd(befriended("u", "f"), gave("u", ""))
    answer = buying.open(asked(), crowd, Board(group("g", "f")))
    assert not answer.personalized
    assert [one.friends for one in answer.groups] == [0]


def test_a_group_for_what_is_not_sold_is_not_shown(buying, tmp_path):
    parts = shops.parts()
    parts.items.on_sale[parts.items.ids.code("i0")] = False
    closed = GroupBuying(bundle(tmp_path, parts))
    closed.parts.items.on_sale = parts.items.on_sale
    board = Board(group("g", "f"), group("other", "f", item="i1"))
    assert names(closed.open(asked(), Crowd(), board)) == ["other"]


def test_nothing_is_known_where_nothing_was_learned(buying):
    found = buying.forecast(group("g", "f"), Crowd(), NOW)
    assert (found.p, found.low, found.high, found.degraded) == (0.5, 0.0, 1.0, ("filling",))


def test_what_is_settled_needs_no_model(buying):
    assert buying.forecast(group("g", "f", "a", size=2), Crowd(), NOW).p == 1.0
    over = buying.forecast(group("g", "f", ends=-1), Crowd(), NOW)
    assert (over.p, over.drivers) == (0.0, (("group.over", 0.0),))


@pytest.fixture(scope="module")
def taught(tmp_path_factory) -> GroupBuying:
    """Fewer missing people fill; who is near joins; whoever failed with i1 fills i4."""
    width = len(frame.FILLING)
    rows = np.zeros((200, width))
    rows[:, 0] = np.log1p(np.arange(200) % 4)
    fills = Logit.fit(rows, rows[:, 0] < 1, range(200), list(frame.FILLING))
    close = np.zeros((200, len(frame.JOINING)))
    close[:, 0] = np.arange(200) % 2
    joins = Logit.fit(close, close[:, 0] > 0, range(200), list(frame.JOINING))
    parts = shops.parts()
    ids = parts.items.ids
    filled, failed = (
        sparse.csr_matrix(
            (np.ones(5, dtype=np.float32), (range(5), [ids.code(item)] * 5)), (5, len(ids))
        )
        for item in ("i4", "i1")
    )
    launches = Launches(LaunchConfig(strength=1.0)).fit(filled, failed, failed * 0)
    parts = replace(parts, chances={"filling": fills, "joining": joins}, launches=launches)
    return GroupBuying(bundle(tmp_path_factory.mktemp("taught"), parts))


def test_fewer_missing_people_are_likelier_to_come(taught):
    nearly = taught.forecast(group("n", "f", "a", size=3), Crowd(), NOW)
    hardly = taught.forecast(group("h", "f", size=5), Crowd(), NOW)
    assert nearly.low < nearly.p < nearly.high
    assert nearly.p > hardly.p
    assert nearly.drivers[0][0] == "group.missing"
    crowd = Crowd(befriended("u", "f"))
    answer = taught.open(asked(), crowd, Board(group("h", "f"), group("n", "f", "a", size=3)))
    assert (names(answer), answer.degraded) == (["n", "h"], ())


def test_what_to_start_a_group_for(taught):
    assert [one.item_id for one in taught.launch(asked(k=1), Crowd(), Board()).items] == ["i4"]
    tried = Crowd(did("u", "Group Buy Started", "i1", group_buy_id="g", days=40))
    answer = taught.launch(asked(k=1), tried, Board())
    assert [(one.item_id, one.reasons[0].code) for one in answer.items] == [("i4", "tried_like")]


def test_nobody_starts_again_what_runs_or_was_just_tried(taught):
    now = Board(group("g", "x", "u", item="i4"))
    assert taught.launch(asked(), Crowd(), now).items == ()
    lately = Crowd(did("u", "Group Buy Started", "i4", group_buy_id="g"))
    assert taught.launch(asked(), lately, Board()).items == ()
    assert (
        taught.launch(asked(), Crowd(gave("u", ""), bought("u", "i1")), now).personalized is False
    )


def test_popular_items_stand_in_where_no_group_ever_filled(buying):
    answer = buying.launch(asked(k=2), Crowd(), Board())
    assert [one.item_id for one in answer.items] == ["i0", "i1"]
    assert answer.degraded == ("launches",)


def test_a_model_that_breaks_is_named(taught, monkeypatch, caplog):
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(frame, "filling_online", broken)
    found = taught.forecast(group("g", "f"), Crowd(), NOW)
    assert found.degraded == ("filling",)
    assert "ZeroDivisionError" in caplog.text
