from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from features.clock import DAY_US
from recsys.query import FeedAnswer, FeedItem
from serving.impressions import Impressions, Shown


def shown(request: str, day: int = 0, names: tuple[str, ...] = ("price",)) -> Shown:
    items = tuple(FeedItem(i, 0.5, ("als",), (), 0.25) for i in ("i1", "i2"))
    features = np.array([[1.5] * len(names)] * 2, dtype=np.float32)
    answer = FeedAnswer(items, True, True, feature_names=names, features=features)
    return Shown.of(request, "u1", day * DAY_US, "home", "beef", 20, answer)


def test_every_item_becomes_a_row(tmp_path: Path) -> None:
    counts: list[tuple[str, int]] = []
    log = Impressions(tmp_path, 10, 60.0, lambda *counted: counts.append(counted))
    log.start()
    log.add(shown("r1"))
    log.stop()
    [part] = tmp_path.rglob("*.parquet")
    table = pq.read_table(part, partitioning=None)
    assert part.parent.name == "day=1970-01-01"
    assert table.schema.metadata[b"feature_names"] == b"price"
    assert table.to_pylist()[1] == {
        "request_id": "r1", "item_id": "i2", "position": 21, "score": 0.5, "propensity": 0.25,
        "features": [1.5], "model_version": "beef", "user_id": "u1", "at_us": 0, "scene": "home",
    }  # fmt: skip
    assert counts == [("written", 1)]


def test_days_and_feature_sets_have_parts_of_their_own(tmp_path: Path) -> None:
    log = Impressions(tmp_path, 10, 60.0, lambda *_: None)
    for one in (shown("r1"), shown("r2"), shown("r3", day=1), shown("r4", names=("a", "b"))):
        log.add(one)
    log.flush()
    assert len(list(tmp_path.rglob("*.parquet"))) == 3
    assert not list(tmp_path.rglob("*.unfinished"))


def test_what_does_not_fit_is_dropped_and_counted(tmp_path: Path) -> None:
    counts: list[tuple[str, int]] = []
    log = Impressions(tmp_path, 1, 60.0, lambda *counted: counts.append(counted))
    log.add(shown("r1"))
    log.add(shown("r2"))
    assert counts == [("dropped", 1)]


def test_a_place_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    counts: list[tuple[str, int]] = []
    log = Impressions(tmp_path / "file", 9, 60.0, lambda *counted: counts.append(counted))
    log.add(shown("r1"))
    log.flush()
    assert counts == [("dropped", 1)]


def test_lists_of_the_forgotten_are_not_written(tmp_path: Path) -> None:
    log = Impressions(tmp_path, 10, 60.0, lambda *_: None, {"u1"}.__contains__)
    log.add(shown("r1"))
    log.flush()
    assert not list(tmp_path.rglob("*.parquet"))
