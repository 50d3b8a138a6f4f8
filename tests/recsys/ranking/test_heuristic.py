"""Agreement of sources."""

import numpy as np
import pytest

from recsys.ranking.heuristic import fuse
from recsys.slate import Slate, merge


def test_what_two_sources_agree_on_comes_first():
    slate = merge([Slate.of([1, 2, 3], [3, 2, 1], "als"), Slate.of([2, 4], [9, 8], "friends")])
    scores = dict(zip(slate.codes.tolist(), fuse(slate).tolist(), strict=True))
    assert max(scores, key=scores.get) == 2
    assert scores[2] == pytest.approx(1 / 61 + 1 / 60)
    assert scores[1] == pytest.approx(1 / 60)
    assert scores[4] == pytest.approx(1 / 61)


def test_nothing_has_no_scores():
    assert fuse(Slate(np.zeros(0, dtype=np.int32))).shape == (0,)
