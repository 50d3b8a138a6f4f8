"""Who muted or reported somebody is proposed to them on no path, however close they once were."""

from dataclasses import replace

import numpy as np
import pytest

from features.ids import IdMap
from recsys import guards
from recsys.feed import Feed
from recsys.groupbuy import GroupBuying
from recsys.people.audience import Audience
from recsys.query import FeedQuery, GroupQuery, ShareItemsQuery, ShareQuery
from recsys.share_items import ShareItems
from recsys.sharing import Sharing
from tests.recsys.crowds import NOW, Crowd, befriended, bundle, did, opened, viewed
from tests.recsys.test_groupbuy import Board, group
from tests.serving import shops

CLOSE = (
    befriended("u", "f"), *(opened("f", "u", days=day) for day in (1, 2, 3)), opened("u", "f"),
    viewed("f", "i1"), viewed("u", "i3"), befriended("u", "g"), opened("g", "f"), opened("f", "g"),
)  # fmt: skip
"""f is the closest friend of u, and a friend of u's friend g as well."""

SAID = ("Sharer Muted", "Share Reported")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A bundle that would find f by the item too."""
    parts = shops.parts()
    audience = Audience(IdMap.of(["f"]), {"category": np.array([[0, -1], [0, -1]])})
    return bundle(tmp_path_factory.mktemp("bundle"), replace(parts, audience=audience))


def shared(made, crowd, purpose="share"):
    answer = Sharing(made).targets(ShareQuery("u", "i1", 10, NOW, purpose), crowd)
    return {one.id for one in answer.targets}


def given(made, crowd):
    answer = ShareItems(made, Feed(made)).recommend(ShareItemsQuery("u", "f", 5, NOW), crowd)
    return {"f"} if answer.items else set()


def joined(made, crowd):
    board = Board(group("theirs", "f"), group("among", "x", "f"))
    answer = GroupBuying(made).open(GroupQuery("u", 10, NOW), crowd, board)
    return {"f" for one in answer.groups if one.friends or one.group.starter_id == "f"}


def fed(made, crowd):
    board = Board(group("theirs", "f", item="i9"))
    answer = Feed(made).recommend(FeedQuery("u", 10, NOW, groups=board), crowd)
    return {"f" for one in answer.items if "friends_groups" in one.sources}


PATHS = {
    **{purpose: purpose for purpose in sorted(guards.PURPOSES)},
    "items": given, "groups": joined, "feed": fed,
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_to_who_muted_or_reported(made, path):
    way = PATHS[path]

    def found(*events):
        crowd = Crowd(*CLOSE, *events)
        return way(made, crowd) if callable(way) else shared(made, crowd, way)

    assert "f" in found()
    for act in SAID:
        for days in (0.5, 900):
            assert "f" not in found(did("f", act, peer_id="u", days=days)), act
