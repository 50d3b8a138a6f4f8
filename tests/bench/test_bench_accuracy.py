"""``huoren bench accuracy`` on a small public set with friends: what the blend is worth."""

from pathlib import Path

import pytest

from training.bench.accuracy.suite import SUITE, measure

pytestmark = pytest.mark.bench


def test_friends_add_a_tenth(bench_data: Path, figures: list[dict[str, object]]) -> None:
    """Beidian, seven minutes: at 10, a tenth more than the best without ties; served, 97 %."""
    rows = measure(SUITE["beidian"].files.below(bench_data), 7.0, (10, 20, 40), 0)
    figures += [{"bench": "accuracy", "data": "beidian", **row} for row in rows]
    plain = max(float(row["ndcg@10"]) for row in rows if row["social"] is False)
    (blend,) = (row for row in rows if row["method"] == "blend" and row["social"])
    (served,) = (row for row in rows if row["method"] == "served")
    assert float(blend["ndcg@10"]) >= 1.1 * plain
    assert float(served["ndcg@20"]) >= 0.97 * float(blend["ndcg@20"])
