"""Native code of trees is checked before use; without it LightGBM answers."""

from pathlib import Path

import numpy as np
import pytest

from recsys.ranking.lambdamart import Groups, LambdaMart, LambdaMartConfig
from serving import compiling
from serving.compiling import compile_all

ROWS = np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def text_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    groups = Groups(ROWS, (ROWS[:, 0] > 0).astype(np.int64), np.full(8, 10))
    config = LambdaMartConfig(rounds=3, min_data_in_leaf=2, threads=1)
    path = tmp_path_factory.mktemp("bundle") / "feed.lightgbm.txt"
    LambdaMart.fit(groups, None, ["a", "b"], config).save(path)
    return path


def test_native_code_answers_in_place_of_lightgbm_with_the_same_numbers(text_file: Path) -> None:
    ranker, by_lightgbm = LambdaMart.open(text_file), LambdaMart.open(text_file)
    compile_all([ranker])
    assert ranker.native is not None
    assert ranker.score(ROWS).tolist() == by_lightgbm.score(ROWS).tolist()


def test_trees_that_say_something_else_are_not_used(
    text_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling.native, "of_text", lambda text: lambda rows: rows[:, 0])
    ranker = LambdaMart.open(text_file)
    compile_all([ranker])
    assert ranker.native is None


def test_a_model_that_is_not_translated_stays_with_lightgbm(
    text_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.txt"
    other.write_text(text_file.read_text().replace("objective=lambdarank", "objective=poisson"))
    ranker = LambdaMart.open(other)
    compile_all([ranker])
    assert ranker.native is None
    assert len(ranker.score(ROWS)) == len(ROWS)
