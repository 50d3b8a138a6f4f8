"""A worker starts without the packages of training: they cost seconds and memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from features.home import Home
from recsys.ranking.lambdamart import Groups, LambdaMart, LambdaMartConfig
from tests.serving.shops import write_bundle

HEAVY = {"pandas", "sklearn", "mlflow", "pyarrow", "ibis", "duckdb", "numba", "implicit"}


def loaded_by(script: str, *arguments: object) -> set[str]:
    """Heavy packages that a fresh process has loaded after a script."""
    ending = f"\nimport sys; print(*({HEAVY!r} & sys.modules.keys()))"
    command = [sys.executable, "-c", script + ending, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_service_is_imported_without_them() -> None:
    assert loaded_by("import serving.service, serving.app, serving.resources") == set()


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    rows = np.arange(80, dtype=np.float32).reshape(40, 2)
    groups = Groups(rows, np.arange(40) % 2, np.full(4, 10))
    ranker = LambdaMart.fit(groups, None, ["a", "b"], LambdaMartConfig(rounds=2, threads=1))
    ranker.save(tmp_path / "feed.lightgbm.txt")
    return tmp_path / "feed.lightgbm.txt"


OPENS_AND_ANSWERS = """
import sys
from pathlib import Path
import numpy as np
import serving.service
from features.clock import BusinessZone
from recsys.query import FeedQuery
from recsys.ranking.lambdamart import LambdaMart
from serving.loading import Models

class Nobody:
    def states(self, names): return {}

models = Models.open(Path(sys.argv[1]), BusinessZone())
answer = models.feed.recommend(FeedQuery("u1", 3, models.as_of_us), Nobody())
assert [item.item_id for item in answer.items] == ["i0", "i1", "i2"], answer.items
assert len(LambdaMart.open(Path(sys.argv[2])).score(np.zeros((3, 2), np.float32))) == 3
"""


def test_a_bundle_is_opened_and_asked_without_them(tmp_path: Path, trees: Path) -> None:
    bundle = write_bundle(Home(tmp_path), 0)
    assert loaded_by(OPENS_AND_ANSWERS, bundle.folder, trees) == set()


WRITES = """
import sys
from pathlib import Path
from recsys.query import FeedAnswer, FeedItem
from serving.impressions import Impressions, Shown

item = FeedItem("i1", 0.5, ("popular",), (), 1.0)
answer = FeedAnswer((item,), known_user=True, personalized=True)
written = Impressions(Path(sys.argv[1]), 10, 60.0, lambda result, lists: None)
written.start()
written.add(Shown.of("r1", "u1", 0, "home", "v1", 0, answer))
written.stop()
assert list(Path(sys.argv[1]).rglob("part-*.parquet"))
"""


def test_impressions_need_arrow_alone(tmp_path: Path) -> None:
    assert loaded_by(WRITES, tmp_path) == {"pyarrow"}
