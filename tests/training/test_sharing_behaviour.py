"""What a learned share ranker may never do, asked about a friend among friends."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.frames import sharing as frame
from recsys.query import ShareQuery
from recsys.sharing import Sharing
from tests.recsys.crowds import NOW, Crowd, befriended, did, opened, viewed

OTHERS = [
    befriended("u", "f"), befriended("u", "g"), befriended("u", "h"),
    *(opened("g", "u", "i3", days) for days in (1, 2, 9, 40)), opened("h", "u", "i4", 3),
    opened("f", "g", "i5", 2), viewed("f", "i000003", 4), viewed("g", "i000003", 5),
]  # fmt: skip


@pytest.fixture(scope="module")
def share(trained) -> Sharing:
    made = Sharing(trained.bundle)
    assert made.parts.sharing is not None
    return made


def score(share: Sharing, *events) -> float:
    crowd = Crowd(*sorted((*OTHERS, *events), key=lambda event: event.at_us))
    answer = share.targets(ShareQuery("u", "i000003", 10, NOW), crowd)
    assert answer.degraded == ()
    return {one.id: one.score for one in answer.targets}.get("f", -math.inf)


ages = st.lists(st.floats(0.01, 100), max_size=4)


def openings(days: list[float]) -> list:
    return [
        event
        for age in days
        for event in (
            did("u", "Product Shared", "i4", age + 0.005, peer_id="f", share_id="s"),
            opened("f", "u", "i4", days=age),
        )
    ]


@settings(deadline=None, max_examples=25)
@given(ages, st.floats(0.01, 100))
def test_one_more_opened_share_never_lowers_a_friend(share, days, more):
    assert score(share, *openings([*days, more])) >= score(share, *openings(days)) - 1e-12


@settings(deadline=None, max_examples=25)
@given(ages, st.lists(st.floats(0.01, 100), min_size=1, max_size=2))
def test_shares_that_nobody_opened_never_raise_a_friend(share, days, more):
    ignored = [did("u", "Product Shared", "i4", age, peer_id="f", share_id="i") for age in more]
    assert score(share, *openings(days), *ignored) <= score(share, *openings(days)) + 1e-12


def test_the_ranker_rises_and_falls_as_declared(share):
    rng = np.random.default_rng(0)
    rows = rng.exponential(1.0, size=(200, len(frame.COLUMNS))).astype(np.float32)
    before = share.parts.sharing.score(rows)
    for column, way in enumerate(frame.directions()):
        higher = rows.copy()
        higher[:, column] += rng.exponential(1.0, size=200)
        assert np.all(way * (share.parts.sharing.score(higher) - before) >= 0), column


def test_every_direction_is_of_a_column():
    assert set(frame.COLUMNS) >= frame.RISING | frame.FALLING
    assert not frame.RISING & frame.FALLING
