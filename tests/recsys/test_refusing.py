"""Who refuses to be part of the social graph is in nobody's list and behind nobody's reason."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.counters import Scope
from recsys.candidates.popular import Popular
from recsys.feed import Feed
from recsys.moment import Moment
from recsys.query import FeedQuery, ShareQuery
from recsys.sharing import Sharing
from recsys.slate import Slate
from tests.recsys.crowds import NOW, Crowd, befriended, bought, bundle, gave, opened

FRIENDS = [f"f{n}" for n in range(4)]
SCOPES = [scope.value for scope in Scope]

choices = st.fixed_dictionaries({
    name: st.none() | st.sets(st.sampled_from(SCOPES)) for name in [*FRIENDS, "u"]
})
"""What each person gives; None: never asked."""


class Looking:
    """Proposes what is popular, and remembers each moment it was asked for."""

    name = "looking"

    def __init__(self, popular: Popular) -> None:
        self.popular = popular
        self.seen: list[Moment] = []

    def propose(self, moment: Moment, n: int) -> Slate:
        self.seen.append(moment)
        return self.popular.propose(moment, n)


def crowd(given_scopes: dict[str, set[str] | None]) -> Crowd:
    """Four friends, each of whom bought an item of the same number."""
    return Crowd(
        *(befriended("u", name) for name in FRIENDS),
        *(opened(name, "u") for name in FRIENDS),
        *(bought(name, f"i{n}") for n, name in enumerate(FRIENDS)),
        *(gave(name, ",".join(said)) for name, said in given_scopes.items() if said is not None),
    )


def willing(said: set[str] | None) -> bool:
    return said is None or Scope.SOCIAL_GRAPH.value in said


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return bundle(tmp_path_factory.mktemp("bundle"))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(choices)
def test_share_candidates_are_the_willing(made, given_scopes):
    answer = Sharing(made).targets(ShareQuery("u", "i9", k=10, at_us=NOW), crowd(given_scopes))
    expected = {name for name in FRIENDS if willing(given_scopes[name])}
    listed = {target.id for target in answer.targets}
    assert listed == (expected if willing(given_scopes["u"]) else set())


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(choices)
def test_friends_columns_are_made_of_the_willing(made, given_scopes):
    people = crowd(given_scopes)
    feed = Feed(made)
    looking = Looking(feed.parts.popular)
    feed.sources = (looking,)
    answer = feed.recommend(FeedQuery("u", k=10, at_us=NOW), people)
    if not answer.personalized:
        assert not looking.seen
        return
    codes = feed.items.ids.codes([f"i{n}" for n in range(len(FRIENDS))])
    bought_by = looking.seen[0].friends.at(codes)["friends.bought"]
    expected = [willing(given_scopes["u"]) and willing(given_scopes[name]) for name in FRIENDS]
    np.testing.assert_array_equal(bought_by, np.array(expected, dtype=float))
