import numpy as np
import pytest
from scipy import sparse

from recsys.candidates.matrix.compiled import (
    PROBED,
    STEP,
    highest,
    regressed,
    top_products,
    top_rows,
)

ROUND = sparse.csr_matrix(np.array([[0.0, 2.0, 2.0, 1.0], [2.0, 2.0, 2.0, 0.0]]))


def test_the_first_of_equal_entries_are_kept() -> None:
    assert top_rows(ROUND, 1).toarray().tolist() == [[0, 2, 0, 0], [2, 0, 0, 0]]
    assert top_rows(ROUND, 2).toarray().tolist() == [[0, 2, 2, 0], [2, 2, 0, 0]]


@pytest.mark.parametrize("width", [5, 7 * PROBED + 3])
@pytest.mark.parametrize("levels", [3, 1_000_000])
@pytest.mark.parametrize("positive", [False, True])
def test_the_highest_are_those_of_a_stable_sort(width: int, levels: int, positive: bool) -> None:
    rng = np.random.default_rng(levels)
    block = (rng.integers(0, levels, (7, width)) - levels // 3).astype(np.float32)
    block[2] = np.where(rng.random(width) < 0.999, 0.0, block[2])
    block[3, ::2], block[4, 1:], block[5] = np.nan, -np.inf, 0.0
    block[6] = np.sort(block[6])
    for line, found in zip(block, highest(block, 40, positive=positive).tolist(), strict=True):
        known = np.isfinite(line) & (line > 0 if positive else line != 0)
        order = np.argsort(np.where(known, -line, np.inf), kind="stable")[: min(40, known.sum())]
        assert found == [*sorted(order.tolist()), *[-1] * (40 - len(order))]


@pytest.mark.parametrize("items", [3, STEP + 7])
def test_products_are_those_of_scipy_whatever_the_parts(items: int) -> None:
    rng = np.random.default_rng(0)
    people = sparse.random(40, items, 0.2, "csr", dtype=np.float32, random_state=rng)
    found = top_products(people.T, people, items, np.ones(items), np.full(items, 2.0), 1.0)
    whole = (people.T @ people).toarray() / 3.0
    np.fill_diagonal(whole, 0.0)
    np.testing.assert_allclose(found.toarray(), whole, rtol=1e-5)


def test_the_strongest_products_are_kept() -> None:
    rng = np.random.default_rng(1)
    people = sparse.random(60, 30, 0.3, "csr", dtype=np.float32, random_state=rng)
    every = top_products(people.T, people, 30, np.ones(30), np.ones(30))
    few = top_products(people.T, people, 5, np.ones(30), np.ones(30))
    assert abs(few - top_rows(every, 5)).max() == 0


def test_nothing_in_common_is_nothing_kept() -> None:
    alone = sparse.csr_matrix(np.eye(3, dtype=np.float32))
    assert top_products(alone, alone, 2, np.ones(3), np.ones(3)).nnz == 0
    assert regressed(alone, np.ones(3)).nnz == 0


def test_a_regression_solves_its_normal_equations() -> None:
    gram = np.array([[4.0, 1.0, 2.0], [1.0, 3.0, 1.0], [2.0, 1.0, 5.0]])
    found = regressed(sparse.csr_matrix(gram), np.ones(3)).toarray()
    others = np.linalg.solve(gram[1:, 1:] + np.eye(2), gram[1:, 0])
    np.testing.assert_allclose(found[:, 0], [0.0, *others], rtol=1e-6)


def test_an_item_near_to_all_is_regressed_on_its_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.candidates.matrix.compiled.MOST", 1)
    gram = np.array([[4.0, 1.0, 2.0], [1.0, 3.0, 0.0], [2.0, 0.0, 5.0]])
    found = regressed(sparse.csr_matrix(gram), np.ones(3)).toarray()
    assert np.flatnonzero(found[:, 0]).tolist() == [2]
