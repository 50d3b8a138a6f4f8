"""The untrained ranker: agreement of sources. It runs on day one and is the floor of comparisons.

Reciprocal rank fusion: Cormack, Clarke, Büttcher, "Reciprocal rank fusion outperforms Condorcet and
individual rank learning methods", SIGIR 2009.
"""

import numpy as np

from recsys.slate import Floats, Slate

DEPTH = 60.0
"""The constant of the paper."""


def fuse(slate: Slate) -> Floats:
    """Sum of 1 / (60 + rank) over the sources that propose an item; float64, shape (n,).

    Examples
    --------
    >>> slate = Slate.of([7, 3], [.9, .5], "als")
    >>> bool(fuse(slate)[0] > fuse(slate)[1])
    True
    """
    total = np.zeros(len(slate))
    for ranks in slate.ranks.values():
        total += np.where(np.isnan(ranks), 0.0, 1.0 / (DEPTH + np.nan_to_num(ranks)))
    return total
