"""The group-buy bench, on launches whose right answer is visible."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import InputError
from training.bench.groupbuy import launch, success, tables


@pytest.fixture
def files(tmp_path):
    """Whoever fails with item 0 fills item 1; who fails with item 2 fills item 3."""
    people = np.arange(400)
    first = np.where(people % 2 == 0, 0, 2)
    won = {"initiator": people, "item": first + 1, "participants": [[1000 + p] for p in people]}
    lost = {"initiator": people[:300], "item": first[:300]}
    for name, rows in (("won", won), ("lost", lost)):
        pq.write_table(pa.table(rows), tmp_path / f"{name}.parquet")
    return tmp_path / "won.parquet", tmp_path / "lost.parquet"


def test_what_is_held_out_is_hidden_from_training(files):
    launched = tables.read(*files)
    assert len(launched.held) == 60
    filled, failed, joined = launched.without(launched.held)
    assert filled[launched.held].nnz == 0
    assert failed[launched.held].nnz == 60
    assert filled.nnz == joined.nnz == 340
    again = tables.read(*files)
    np.testing.assert_array_equal(again.held, launched.held)


def test_what_follows_a_failure_comes_first(files):
    launched = tables.read(*files)
    rows = {row["method"]: row for row in launch.rows(launched, ("popularity",))}
    assert set(rows) == {"popularity", "huoren", "huoren:what_fills"}
    assert rows["huoren"]["recall@10"] == 1.0
    config = launch.LaunchConfig(strength=10.0)
    filled, failed, joined = launched.without(launched.held)
    model = launch.Launches(config).fit(filled, failed, joined)
    seen = filled + failed + joined
    found = launch.ranks(
        lambda who: model.scores(failed[who], joined[who]), launched.held,
        launched.target(launched.held), seen,
    )  # fmt: skip
    assert found.max() == 0.0


def test_equal_scores_stand_at_their_mean():
    flat = launch.ranks(
        lambda who: np.zeros((len(who), 5), np.float32), np.array([0]), np.array([3]),
        launch.sparse.csr_matrix((1, 5), dtype=np.float32),
    )  # fmt: skip
    assert flat.tolist() == [2.0]


def test_a_launch_is_told_by_the_launches_of_others(files):
    launched = tables.read(*files)
    rows = {row["method"]: row for row in success.rows(launched)}
    assert rows["rates"]["auc"] == 1.0  # items 1 and 3 always fill, 0 and 2 never do
    known = success._described(launched, np.arange(launched.people), np.array([5]), np.array([1]))
    assert known[0, 1:].tolist() == [0.0] * 4


def test_other_files_are_refused(files, tmp_path):
    with pytest.raises(InputError, match="participants"):
        tables.read(files[1], files[1])
    pq.write_table(pa.table({"initiator": [9999], "item": [1]}), tmp_path / "none.parquet")
    with pytest.raises(InputError, match="nobody to foretell"):
        tables.read(files[0], tmp_path / "none.parquet")
