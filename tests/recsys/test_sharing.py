"""Whom to show an item to, asked about people whose right answer is visible."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.clock import HOUR_US
from features.frames.sharing import COLUMNS
from features.ids import IdMap
from recsys.people.audience import LATEST, Audience
from recsys.query import ShareAnswer, ShareQuery
from recsys.sharing import Sharing, fallback
from tests.recsys.crowds import NOW, Crowd, befriended, bundle, did, gave, opened, viewed
from tests.serving import shops

NOON = NOW + 8 * HOUR_US
"""In Shanghai; NOW is four in the morning there."""


class Scores:
    """A ranker that prefers who opened least, or breaks."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken

    def score(self, rows):
        assert rows.shape[1] == len(COLUMNS)
        if self.broken:
            raise ZeroDivisionError
        return -rows[:, list(COLUMNS).index("pair.opened_by")]


def asked(k: int = 10, item: str = "i0", user: str = "u") -> ShareQuery:
    return ShareQuery(user, item, k=k, at_us=NOW)


def names(answer: ShareAnswer) -> list[str]:
    return [target.id for target in answer.targets]


@pytest.fixture(scope="module")
def share(tmp_path_factory) -> Sharing:
    return Sharing(bundle(tmp_path_factory.mktemp("bundle")))


def test_a_stranger_has_nobody(share):
    assert share.targets(asked(), Crowd()) == ShareAnswer((), held_back=0)


def test_who_opened_more_comes_first(share):
    crowd = Crowd(
        opened("once", "u"), opened("twice", "u"), opened("twice", "u"), befriended("u", "tied")
    )
    answer = share.targets(asked(), crowd)
    assert names(answer) == ["twice", "once", "tied"]
    assert names(share.targets(asked(k=1), crowd)) == ["twice"]
    assert [target.kind for target in answer.targets] == ["person"] * 3


def test_every_target_says_why(share):
    crowd = Crowd(
        opened("o", "u"), opened("o", "u"), opened("u", "both"), opened("both", "u"),
        befriended("u", "tied"), viewed("o", "i2"), befriended("u", "o"),
    )  # fmt: skip
    reasons = {t.id: [r.code for r in t.reasons] for t in share.targets(asked(), crowd).targets}
    assert reasons["o"] == ["opened_before", "likes_category"]
    assert reasons["both"] == ["opened_before", "shared_with_you", "likes_category"]
    assert reasons["tied"] == ["tied"]
    opened_by = next(t for t in share.targets(asked(), crowd).targets if t.id == "o")
    assert opened_by.reasons[0].count == 2


@pytest.mark.parametrize("act", ["Sharer Muted", "Share Reported"])
def test_who_muted_or_reported_is_held_back_and_counted(share, act):
    crowd = Crowd(opened("m", "u"), opened("f", "u"), did("m", act, "i0", peer_id="u"))
    answer = share.targets(asked(), crowd)
    assert names(answer) == ["f"]
    assert answer.held_back == 1


def test_muting_is_not_forgotten_with_time(share):
    crowd = Crowd(opened("m", "u"), did("m", "Sharer Muted", days=3_000, peer_id="u"))
    assert share.targets(asked(), crowd) == ShareAnswer((), held_back=1)


def test_who_refused_is_held_back_and_asks_for_nobody(share):
    crowd = Crowd(opened("r", "u"), gave("r", "personalize"), opened("u", "r"))
    assert share.targets(asked(), crowd) == ShareAnswer((), held_back=1)
    assert share.targets(asked(user="r"), crowd) == ShareAnswer((), held_back=0)


def test_nobody_shares_with_oneself(share):
    crowd = Crowd(opened("u", "u"), befriended("u", "u"), opened("f", "u"))
    assert names(share.targets(asked(), crowd)) == ["f"]


def test_an_unknown_item_can_be_shared(share):
    answer = share.targets(asked(item="ghost"), Crowd(opened("f", "u")))
    assert [reason.code for reason in answer.targets[0].reasons] == ["opened_before"]


def test_a_ranker_decides_and_one_that_breaks_is_named(tmp_path, caplog):
    crowd = Crowd(opened("once", "u"), opened("twice", "u"), opened("twice", "u"))
    made = bundle(tmp_path)
    for broken, expected, degraded in (
        (False, ["once", "twice"], ()), (True, ["twice", "once"], ("ranker",)),
    ):  # fmt: skip
        share = Sharing(made)
        share.parts = replace(shops.parts(), sharing=Scores(broken))
        answer = share.targets(asked(), crowd)
        assert (names(answer), answer.degraded) == (expected, degraded)
    assert "ZeroDivisionError" in caplog.text


def score(share: Sharing, friend: str, *events) -> float:
    crowd = Crowd(*events)
    found = {t.id: t.score for t in share.targets(asked(), crowd).targets}
    return found.get(friend, -math.inf)  # whoever ignored three is not proposed any more


ages = st.lists(st.floats(0.01, 300), min_size=1, max_size=6)


@settings(deadline=None, max_examples=40)
@given(ages, st.floats(0.01, 300))
def test_one_more_opened_share_never_lowers_a_friend(share, days, more):
    before = [opened("f", "u", days=one) for one in days]
    assert score(share, "f", *before, opened("f", "u", days=more)) >= score(share, "f", *before)


@settings(deadline=None, max_examples=20)
@given(ages)
def test_shares_that_nobody_opened_never_raise_a_friend(share, days):
    ignored = [did("u", "Product Shared", "i0", one, peer_id="f", share_id="s") for one in days]
    before = [opened("f", "u", days=5)]
    assert score(share, "f", *before, *ignored) <= score(share, "f", *before) + 1e-9


def test_the_fallback_counts_openings_both_ways_and_ties():
    raw = {"pair.opened_by_30": 2.0, "pair.opened_30": 1.0, "tied": 1.0, "reach": 0.0}
    raw |= {"user.opens_30": 0.0}
    assert fallback(raw) == pytest.approx(2.6)


class Book:
    """A ledger in which some are at their caps."""

    def __init__(self, *full: str) -> None:
        self.full = full
        self.reserved: list[str] = []

    def reserve(self, sender, people, channel, at_us, most):
        self.reserved = [one for one in people if one not in self.full][:most]
        return self.reserved


def test_who_is_at_a_cap_is_held_back_and_the_next_takes_the_place(share):
    crowd = Crowd(opened("a", "u"), opened("a", "u"), opened("b", "u"), befriended("u", "c"))
    book = Book("a")
    answer = share.targets(asked(k=1), crowd, book)
    assert names(answer) == book.reserved == ["b"]
    assert answer.held_back == 1
    assert share.targets(asked(), crowd, Book("a", "b", "c")) == ShareAnswer((), held_back=3)


def test_friends_of_friends_follow_those_known(share):
    crowd = Crowd(opened("f", "u"), opened("g", "f"), gave("h", ""), opened("h", "f"))
    answer = share.targets(replace(asked(), at_us=NOON), crowd)
    assert names(answer) == ["f", "g"]
    assert [reason.code for reason in answer.targets[1].reasons] == ["friends_of_friends"]


def test_muted_two_steps_away_is_held_back_too(share):
    crowd = Crowd(opened("f", "u"), opened("g", "f"), did("g", "Share Reported", peer_id="u"))
    answer = share.targets(replace(asked(), at_us=NOON), crowd)
    assert (names(answer), answer.held_back) == (["f"], 1)


def test_nothing_is_proposed_where_a_surface_forbids_it(share):
    query = replace(asked(), purpose="bargain", surface="wechat")
    assert share.targets(query, Crowd(opened("f", "u"))) == ShareAnswer((), held_back=0)


def test_strangers_are_not_disturbed_at_night(share):
    crowd = Crowd(opened("f", "u", days=2), opened("g", "f", days=2))
    answer = share.targets(asked(), crowd)
    assert (names(answer), answer.held_back) == (["f"], 1)


def test_operators_are_told_who_is_held_back_and_why(share):
    crowd = Crowd(opened("m", "u"), opened("f", "u"), did("m", "Sharer Muted", peer_id="u"))
    assert share.targets(asked(), crowd, Book("f")).held == (("m", "muted"), ("f", "capped"))


def test_contacts_of_staff_are_called_so(share):
    tie = did("u", "Tie Created", peer_id="c", reason="staff", days=9)
    answer = share.targets(asked(), Crowd(tie, befriended("u", "f")))
    assert {one.id: one.kind for one in answer.targets} == {"c": "contact", "f": "person"}


def test_a_friend_who_left_is_not_proposed(share):
    tied = befriended("u", "f")
    left = did("u", "Tie Removed", peer_id="f", reason="friend", days=1)
    assert share.targets(asked(), Crowd(tied, left)).targets == ()


def test_a_link_that_the_sharer_opened_tells_nothing(share):
    crowd = Crowd(opened("u", "u"), opened("u", "u"), opened("f", "u"))
    assert names(share.targets(asked(), crowd)) == ["f"]


def test_who_knows_nobody_is_shown_whom_the_item_may_suit(tmp_path):
    parts = shops.parts()
    people = IdMap.of(["a", "refused"])
    tea = np.full((2, LATEST), -1)
    tea[parts.items.names["category"].code("tea")][:2] = [0, 1]
    made = bundle(tmp_path, replace(parts, audience=Audience(people, {"category": tea})))
    crowd = Crowd(viewed("a", "i0"), gave("refused", "personalize"))
    answer = Sharing(made).targets(replace(asked(), at_us=NOON), crowd)
    assert [(one.id, one.reasons[0].code) for one in answer.targets] == [("a", "may_like")]
    assert answer.held == (("refused", "refused"),)


def active(community: str, *, shares: int = 0) -> list:
    """The sharer looks around in a community, and shares into it."""
    looked = did("u", "Product Viewed", "i1", 2, community_id=community)
    sent = [did("u", "Product Shared", "i1", 3, community_id=community, share_id="s")] * shares
    return [looked, *sent]


def test_communities_take_the_places_people_leave(share):
    crowd = Crowd(opened("f", "u"), *active("c1"), *active("c2", shares=1))
    answer = share.targets(replace(asked(), at_us=NOON), crowd)
    assert [(one.kind, one.id) for one in answer.targets] == [
        ("person", "f"), ("community", "c2"), ("community", "c1"),
    ]  # fmt: skip
    assert answer.targets[1].reasons[0].code == "active_in"


def test_a_fifth_of_a_full_list_is_for_communities(share):
    friends = [opened(f"f{n}", "u") for n in range(9)]
    crowd = Crowd(*friends, *active("c1"), *active("c2"))
    found = share.targets(replace(asked(k=5), at_us=NOON), crowd).targets
    assert [one.kind for one in found] == ["person"] * 4 + ["community"]
    assert len(share.targets(replace(asked(k=4), at_us=NOON), crowd).targets) == 4


def test_communities_are_under_caps_and_quiet_at_night(share):
    crowd = Crowd(*active("c1"))
    noon = replace(asked(), at_us=NOON)
    assert share.targets(noon, crowd, Book("community:c1")).held == (("community:c1", "capped"),)
    assert share.targets(asked(), crowd) == ShareAnswer((), held_back=1)
    assert share.targets(replace(noon, purpose="bargain"), crowd).targets == ()
