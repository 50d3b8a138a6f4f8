"""Several item–item matrices as one: a blend that costs no more to serve than its best part.

A sum over a person's rows is linear, so a weighted sum of matrices gives the weighted sum of what
they say; only the normalisation for each person is lost. Matrices are made as loud as each other
first, so that weights mean the same on any data.
"""

from collections.abc import Callable, Mapping

import numpy as np
from scipy import sparse

from recsys.candidates.matrix.compiled import top_rows

WEIGHTS = (0.3, 1.0, 3.0)
"""How much of a further matrix is tried, beside 1 of what there is."""

PARTS = 3
"""Matrices that are mixed at most."""

HEAD = 10
"""Weights of a row whose mean says how loud it is."""

LEAST = 0.002
"""A part joins when it adds this share of the worth: less is the noise of few people."""


def choose(
    matrices: Mapping[str, sparse.csr_matrix], worth: Callable[[sparse.csr_matrix], float], top: int
) -> dict[str, float]:
    """Weights of the matrices that are best together, found greedily; the best alone comes first.

    Parameters
    ----------
    matrices : mapping of str to scipy.sparse.csr_matrix, shape (items, items)
        Item–item weights by name.
    worth : callable
        How well a matrix foretells.
    top : int
        Weights kept for each item.
    """
    alone = {name: worth(one) for name, one in matrices.items()}
    order = sorted(alone, key=lambda name: -alone[name])
    weights, best = {order[0]: 1.0}, alone[order[0]]
    for name in order[1 : 1 + PARTS]:
        tried = {
            weight: worth(mixed(matrices, weights | {name: weight}, top)) for weight in WEIGHTS
        }
        weight = max(tried, key=lambda one: tried[one])
        if tried[weight] > best * (1 + LEAST) and len(weights) < PARTS:
            weights[name], best = weight, tried[weight]
    return weights


def mixed(
    matrices: Mapping[str, sparse.csr_matrix], weights: Mapping[str, float], top: int
) -> sparse.csr_matrix:
    """The weighted sum of equally loud matrices, the ``top`` strongest weights on every item.

    Columns are cut first: what foretells an item is judged beside what else foretells it. Rows are
    cut to as many afterwards, so that what a request reads is bounded.

    Examples
    --------
    >>> one, two = sparse.csr_matrix([[0.0, 4.0], [4.0, 0.0]]), sparse.csr_matrix([[0, 1], [1, 0]])
    >>> mixed({"one": one, "two": two}, {"one": 1.0, "two": 3.0}, 1).toarray().tolist()
    [[0.0, 16.0], [16.0, 0.0]]
    >>> mixed({"one": one}, {"one": 1.0}, 1) is one
    True
    """
    first, *others = weights
    if not others:
        return matrices[first]
    loud = _loudness(matrices[first])
    found = matrices[first] * weights[first]
    for name in others:
        found = found + matrices[name] * (weights[name] * loud / _loudness(matrices[name]))
    turned = top_rows(sparse.csr_matrix(found.T, dtype=np.float32), top)
    return top_rows(sparse.csr_matrix(turned.T), top)


def _loudness(matrix: sparse.csr_matrix) -> float:
    """Mean of the strongest weights of the rows; 1 where there are none."""
    strongest = top_rows(matrix, HEAD).data
    return float(strongest.mean()) if len(strongest) else 1.0
