"""Candidates between stages."""

import numpy as np
import pytest

from recsys.slate import Slate, merge


@pytest.fixture
def union() -> Slate:
    return merge([Slate.of([7, 3, 5], [0.9, 0.5, 0.1], "als"), Slate.of([5, 2], [8.0, 4.0], "new")])


def test_each_item_stands_once_with_what_every_source_said(union):
    assert union.codes.tolist() == [2, 3, 5, 7]
    assert union.scores["als"].tolist() == pytest.approx([np.nan, 0.5, 0.1, 0.9], nan_ok=True)
    assert union.ranks["new"].tolist() == pytest.approx([1, np.nan, 0, np.nan], nan_ok=True)
    assert [union.sources(place) for place in range(4)] == [
        ("new",), ("als",), ("als", "new"), ("als",),
    ]  # fmt: skip


def test_keeping_drops_rows_of_every_column(union):
    kept = union.keep(np.array([True, False, True, False]))
    assert kept.codes.tolist() == [2, 5]
    assert kept.ranks["new"].tolist() == [1.0, 0.0]
    assert kept.sources(1) == ("als", "new")


def test_taking_reorders(union):
    assert union.take(np.array([3, 0])).codes.tolist() == [7, 2]


def test_ranks_survive_what_is_removed(union):
    assert union.keep(union.codes != 7).ranks["als"].tolist()[1] == 1.0


def test_nothing_merged_is_nothing():
    assert len(merge([])) == 0
    empty = merge([Slate.of([], [], "als"), Slate.of([], [], "new")])
    assert len(empty) == 0
    assert set(empty.ranks) == {"als", "new"}


def test_merging_leaves_the_parts_as_they_were():
    part = Slate.of([7, 3], [0.9, 0.5], "als")
    merge([part, Slate.of([3], [1.0], "new")])
    assert part.codes.tolist() == [7, 3]
    assert list(part.scores) == ["als"]
