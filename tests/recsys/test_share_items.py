"""What to share with a friend, asked about people whose right answer is visible."""

import pytest

from recsys.feed import Feed
from recsys.query import ShareItemsQuery
from recsys.share_items import ShareItems
from tests.recsys.crowds import NOW, Crowd, befriended, bought, bundle, did, gave, opened, viewed


@pytest.fixture(scope="module")
def share(tmp_path_factory) -> ShareItems:
    made = bundle(tmp_path_factory.mktemp("bundle"))
    return ShareItems(made, Feed(made))


def asked(peer: str = "f", k: int = 3) -> ShareItemsQuery:
    return ShareItemsQuery("u", peer, k, NOW)


def names(answer) -> list[str]:
    return [one.item_id for one in answer.items]


TIED = befriended("u", "f")


def test_what_the_friend_would_like_of_what_the_sharer_saw(share):
    crowd = Crowd(
        TIED, viewed("u", "i7"), viewed("u", "i9"), *(viewed("f", "i9") for _ in range(3))
    )
    answer = share.recommend(asked(k=1), crowd)
    assert names(answer) == ["i9"]
    assert [r.code for r in answer.items[0].reasons] == ["likes_category", "again"]


def test_neither_what_the_friend_bought_nor_what_was_sent_already(share):
    crowd = Crowd(
        TIED, viewed("u", "i7"), viewed("u", "i8"), bought("f", "i7"),
        did("u", "Product Shared", "i8", peer_id="f", share_id="s"),
    )  # fmt: skip
    found = names(share.recommend(asked(k=10), crowd))
    assert found
    assert not {"i7", "i8"} & set(found)


def test_people_who_never_met_learn_nothing_of_each_other(share):
    assert share.recommend(asked(), Crowd(viewed("f", "i1"), viewed("u", "i1"))).items == ()
    assert share.recommend(asked("u"), Crowd(TIED)).items == ()


@pytest.mark.parametrize(
    ("event", "why"),
    [(did("f", "Sharer Muted", peer_id="u"), "muted"), (gave("f", "personalize"), "refused")],
)
def test_nothing_for_who_may_not_be_asked_and_operators_know_why(share, event, why):
    answer = share.recommend(asked(), Crowd(TIED, opened("f", "u"), event))
    assert (answer.items, answer.held) == ((), (("f", why),))


def test_who_refuses_is_told_nothing_of_friends(share):
    assert share.recommend(asked(), Crowd(TIED, gave("u", "personalize"))).items == ()
