"""Blocks that are visible to the eye, and noise that hides none."""

import numpy as np

from features.blocks import blocks


def found(rows: np.ndarray, columns: np.ndarray) -> list[tuple[list[int], list[int]]]:
    """Members of every block."""
    made = blocks(rows, columns, np.random.default_rng(0))
    return [(block.rows.tolist(), block.columns.tolist()) for block in made]


def noise(people: int, shops: int, edges: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    return first + rng.integers(people, size=edges), rng.integers(shops, size=edges)


def test_a_ring_in_the_crowd_is_found_with_its_shop():
    rows, columns = noise(300, 60, 500, first=8)
    rows = np.concatenate([np.repeat(np.arange(8), 10), rows])
    columns = np.concatenate([np.full(80, 60), columns])
    assert found(rows, columns) == [([*range(8)], [60])]


def test_camouflage_at_popular_shops_does_not_hide_a_ring():
    rows, columns = noise(300, 60, 500, first=8)
    rows = np.concatenate([np.repeat(np.arange(8), 10), np.repeat(np.arange(8), 5), rows])
    columns = np.concatenate([np.full(80, 60), np.tile(np.arange(5), 8), columns])
    (block,) = found(rows, columns)
    assert block[0] == [*range(8)]
    assert 60 in block[1]


def test_chance_makes_no_block():
    assert found(*noise(300, 60, 600)) == []


def test_nothing_has_no_block():
    assert found(np.zeros(0, np.int64), np.zeros(0, np.int64)) == []
