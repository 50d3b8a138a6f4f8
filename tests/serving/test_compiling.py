"""Trees are compiled once for all workers, kept in a private folder, and checked before use."""

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


@pytest.fixture(scope="module")
def kept_in(tmp_path_factory: pytest.TempPathFactory, text_file: Path) -> Path:
    folder = tmp_path_factory.mktemp("cache") / "trees"
    compile_all([LambdaMart.open(text_file)], folder)
    return folder


def test_the_second_worker_reads_what_the_first_compiled(
    kept_in: Path, text_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(compiling.subprocess, "run")
    ranker, by_lightgbm = LambdaMart.open(text_file), LambdaMart.open(text_file)
    compile_all([ranker], kept_in)
    assert ranker.native is not None
    assert ranker.score(ROWS).tolist() == by_lightgbm.score(ROWS).tolist()


def test_code_in_a_folder_that_others_may_write_is_not_read(
    text_file: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    code = tmp_path / f"{compiling.native.fingerprint(text_file.read_text())}.o"
    code.write_bytes(b"not ours")
    ranker = LambdaMart.open(text_file)
    compile_all([ranker], tmp_path)
    assert ranker.native is not None
    assert code.read_bytes() == b"not ours"


def test_trees_that_say_something_else_are_not_used(
    kept_in: Path, text_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling.native, "load", lambda code, width: lambda rows: rows[:, 0])
    ranker = LambdaMart.open(text_file)
    compile_all([ranker], kept_in)
    assert ranker.native is None


def test_a_model_that_is_not_translated_stays_with_lightgbm(
    kept_in: Path, text_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.txt"
    other.write_text(text_file.read_text().replace("objective=lambdarank", "objective=poisson"))
    ranker = LambdaMart.open(other)
    compile_all([ranker], kept_in)
    assert ranker.native is None
    assert len(ranker.score(ROWS)) == len(ROWS)
