"""Dense blocks of a bipartite graph: many who all do the same with few, found by greedy peeling.

Hooi et al., "FRAUDAR: bounding graph fraud in the face of camouflage", KDD 2016: of all sets of
rows and columns the one with the greatest mean suspicion per node, up to a factor of two. An edge
weighs less where its column is popular with everybody, so that a ring cannot hide behind popular
goods.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SHUFFLES = 5
"""Random graphs with the same degrees that a block is compared with."""

MARGIN = 1.2
"""How many times denser than the densest block of chance a block must be."""

MOST = 50
"""Blocks at most."""


@dataclass(frozen=True)
class Block:
    """A dense block.

    Parameters
    ----------
    rows, columns : ndarray, int64
        Who is in it, ascending.
    density : float
        Sum of the weights of its edges per node.
    chance : float
        The same of the densest block of a random graph with the same degrees.
    """

    rows: Ints
    columns: Ints
    density: float
    chance: float


def blocks(rows: Ints, columns: Ints, rng: np.random.Generator) -> Iterator[Block]:
    """Blocks denser than chance, the densest first; each edge is in one at most.

    Parameters
    ----------
    rows, columns : ndarray, int64, shape (m,)
        Edges; one that comes several times weighs as often.
    rng : numpy.random.Generator
        Shuffles.

    Examples
    --------
    >>> ring = np.repeat(np.arange(4), 5), np.tile([0, 1], 10)
    >>> others = np.arange(4, 204), np.arange(200) % 50 + 2
    >>> edges = [np.concatenate(pair) for pair in zip(ring, others, strict=True)]
    >>> [block.rows.tolist() for block in blocks(*edges, np.random.default_rng(0))]
    [[0, 1, 2, 3]]
    """
    chance = max(
        (_densest(rows, rng.permutation(columns))[2] for _ in range(SHUFFLES)), default=0.0
    )
    for _ in range(MOST):
        inside, across, density = _densest(rows, columns)
        if not len(rows) or density < MARGIN * chance:
            return
        yield Block(np.flatnonzero(inside), np.flatnonzero(across), density, chance)
        left = ~(inside[rows] & across[columns])
        rows, columns = rows[left], columns[left]


def _densest(rows: Ints, columns: Ints) -> tuple[Bools, Bools, float]:
    """Masks of the densest block's rows and columns, and its density."""
    if not len(rows):
        return np.zeros(0, np.bool_), np.zeros(0, np.bool_), 0.0
    n, m = int(rows.max()) + 1, int(columns.max()) + 1
    weight = 1.0 / np.log(5.0 + np.bincount(columns, minlength=m))[columns]
    nodes = np.concatenate([rows, columns + n])
    others = np.concatenate([columns + n, rows])
    order = np.argsort(nodes, kind="stable")
    starts = np.searchsorted(nodes[order], np.arange(n + m + 1)).tolist()
    near, load = others[order].tolist(), np.concatenate([weight, weight])[order].tolist()
    held = np.bincount(nodes, np.concatenate([weight, weight]), minlength=n + m)
    gone = _peel(starts, near, load, held.tolist())
    total, size = float(weight.sum()), int((held > 0).sum())
    best, kept, density = 0, size, total / size
    for place, (_, lost) in enumerate(gone[:-1], start=1):
        total -= lost
        if total / (size - place) > density + 1e-12:
            best, kept, density = place, size - place, total / (size - place)
    alive = held > 0
    alive[[node for node, _ in gone[:best]]] = False
    assert int(alive.sum()) == kept
    return alive[:n], alive[n:], density


def _peel(
    starts: list[int], near: list[int], load: list[float], held: list[float]
) -> list[tuple[int, float]]:
    """Take away the node that loses least, again and again: (node, what was lost)."""
    heap = [(one, node) for node, one in enumerate(held) if one > 0]
    heapify(heap)
    left = dict.fromkeys(node for _, node in heap)
    gone = []
    while heap:
        lost, node = heappop(heap)
        if node not in left or lost > held[node] + 1e-12:
            continue
        del left[node]
        gone.append((node, max(held[node], 0.0)))
        for place in range(starts[node], starts[node + 1]):
            other = near[place]
            if other in left:
                held[other] -= load[place]
                heappush(heap, (held[other], other))
    return gone
