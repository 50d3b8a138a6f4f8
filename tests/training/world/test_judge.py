import numpy as np
import pytest

from training.world.judge import distinct, ndcg

LISTS = np.array([[3, 4], [5, 6], [7, 8]])


def test_a_hit_in_second_place_counts_less() -> None:
    one = ndcg(LISTS, np.array([0]), np.array([4]))
    assert one == pytest.approx(1 / np.log2(3))


def test_people_without_orders_do_not_count() -> None:
    assert ndcg(LISTS, np.array([2, 2]), np.array([7, 8])) == 1.0


def test_nobody_ordered() -> None:
    assert np.isnan(ndcg(LISTS, np.zeros(0, int), np.zeros(0, int)))


def test_repeated_orders_are_one() -> None:
    row, item = distinct(np.array([1, 0, 1]), np.array([5, 9, 5]))
    assert list(zip(row.tolist(), item.tolist(), strict=True)) == [(0, 9), (1, 5)]
