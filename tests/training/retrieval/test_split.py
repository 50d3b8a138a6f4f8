"""Interactions as files bring them: strings, strangers, twice the same, nothing at all."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import sparse

from features.errors import InputError
from training.retrieval import split


def put(folder: Path, name: str, **columns: list) -> Path:
    path = folder / f"{name}.parquet"
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture
def train(tmp_path: Path) -> Path:
    return put(tmp_path, "train", user=["a", "a", "b", "b"], item=[1, 2, 2, 2])


def test_pairs_count_once_and_what_is_known_is_no_test(train: Path, tmp_path: Path) -> None:
    test = put(tmp_path, "test", user=["a", "a", "c"], item=[2, 3, 1])
    data = split.read(train, test)
    assert data.train.toarray().tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert data.test.toarray().tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert data.links is None


def test_links_join_known_people_both_ways(train: Path, tmp_path: Path) -> None:
    test = put(tmp_path, "test", user=["a"], item=[3])
    links = put(tmp_path, "links", user=["a", "a", "a", "b"], friend=["b", "a", "ghost", "a"])
    data = split.read(train, test, links=links)
    assert data.links.toarray().tolist() == [[0, 1], [1, 0]]


def test_taste_that_was_seen_to_travel_strengthens_a_link(train: Path, tmp_path: Path) -> None:
    test = put(tmp_path, "test", user=["a"], item=[3])
    links = put(tmp_path, "links", user=["a"], friend=["b"])
    reached = put(tmp_path, "influence", user=["a"], friend=["b"], item=[2])
    data = split.read(train, test, links=links, influence=reached)
    assert data.links[0, 1] == pytest.approx(1 + np.log(2))


def test_links_among_strangers_are_none(train: Path, tmp_path: Path, caplog) -> None:
    test = put(tmp_path, "test", user=["a"], item=[3])
    data = split.read(train, test, links=put(tmp_path, "links", user=["x"], friend=["y"]))
    assert data.links.nnz == 0
    assert "no link between people" in caplog.text


def test_rows_without_an_id_are_left_out_and_told(train: Path, tmp_path: Path, caplog) -> None:
    data = split.read(train, put(tmp_path, "test", user=["a", None], item=[3, 1]))
    assert data.test.nnz == 1
    assert "1 rows without an id" in caplog.text


@pytest.mark.parametrize(("columns", "said"), [
    ({"user": pa.array([], pa.string()), "item": pa.array([], pa.int64())}, "is empty"),
    ({"person": ["a"], "item": [1]}, "lacks user"),
    ({"user": ["a"], "item": [1]}, "nothing to test on"),
])  # fmt: skip
def test_a_test_that_tests_nothing_is_refused(
    train: Path, tmp_path: Path, columns: dict, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        split.read(train, put(tmp_path, "test", **columns))


@pytest.mark.parametrize("name", ["absent.parquet", "text.parquet"])
def test_a_file_that_cannot_be_read_is_named(train: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "text.parquet").write_text("user,item\n1,2\n")
    with pytest.raises(InputError, match=f"{name} cannot be read"):
        split.read(train, tmp_path / name)


def test_a_cut_takes_a_share_and_leaves_the_last_one() -> None:
    matrix = sparse.random(500, 60, 0.2, format="csr", rng=np.random.default_rng(0))
    matrix.data[:] = 1
    one = sparse.csr_matrix(np.eye(500, 60))
    rest, taken = split.cut(matrix, 0.1, np.random.default_rng(1))
    assert (rest + taken != matrix).nnz == 0
    assert taken.nnz == pytest.approx(matrix.nnz * 0.1, rel=0.1)
    assert split.cut(one, 0.9, np.random.default_rng(1))[1].nnz == 0
