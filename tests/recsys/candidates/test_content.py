"""Titles are Chinese; items 0 to 2 are known, 3 to 5 are new."""

import numpy as np
import pytest

from recsys.candidates.content import Content, grams, vectors
from tests.recsys.moments import acts, moment

TITLES = [
    "夏季纯棉短袖T恤男宽松", "不锈钢保温杯大容量", "儿童益智积木玩具",
    "男士纯棉短袖体恤夏装", "便携保温杯不锈钢水杯", "拼装积木玩具儿童礼物",
]  # fmt: skip
CONTENT = Content.fit([grams(title) for title in TITLES], np.array([3, 4, 5], dtype=np.int32))


@pytest.mark.parametrize(("liked", "new"), [(0, 3), (1, 4), (2, 5)])
def test_the_new_item_with_the_nearest_title_comes_first(liked, new):
    assert CONTENT.propose(moment(acts((liked, 4.0, 1.0))), 3).codes[0] == new


def test_only_new_items_are_proposed_and_nothing_to_strangers():
    assert set(CONTENT.propose(moment(acts((0, 4.0, 1.0))), 9).codes.tolist()) <= {3, 4, 5}
    assert len(CONTENT.propose(moment(), 9)) == 0


def test_full_width_letters_spaces_and_signs_do_not_matter():
    assert grams("Ｔ恤 · 纯棉!") == grams("t恤纯棉")


def test_attributes_count_as_the_letters_do():
    found = vectors([["c:tea", "b:x"], ["c:tea", "b:y"], ["c:cup", "b:z"], []])
    assert found[0] @ found[1] > found[0] @ found[2]
    assert not found[3].any()


def test_it_comes_back_from_files(tmp_path):
    CONTENT.save(tmp_path)
    found = Content.open(tmp_path)
    one, other = (of.propose(moment(acts((1, 1.0, 0.0))), 3) for of in (CONTENT, found))
    assert one.codes.tolist() == other.codes.tolist()
    assert Content.open(tmp_path / "none") is None
