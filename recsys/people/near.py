"""People near somebody: tied, or with something done together before, the nearest first."""

import numpy as np

from features.counters import Key
from features.frames.sharing import TIED
from features.reading import Reading
from recsys.slate import Floats

NEAREST = 60
"""How many of them are considered at most."""

TOGETHER = ("pair.together_90", "pair.together_by_90")
"""Counters of what was done together, both ways."""


def near(reading: Reading) -> tuple[list[str], Floats]:
    """People near a person and how near, the nearest first; at most ``NEAREST``.

    Nearness is the decayed number of links opened and group buys joined, both ways, and ``TIED``
    for a declared tie. Equally near people come in the order of their ids.

    Returns
    -------
    names : list of str, length n
    weights : ndarray, float64, shape (n,)
        At least 0, falling.
    """
    ties = reading.state.ties
    peers, met = reading.table(Key.PAIR, TOGETHER)
    names = [*peers, *(ties.keys() - set(peers))]
    weights = np.array([TIED * (name in ties) for name in names])
    for values in met.values():
        weights[: len(peers)] += values
    if len(names) > NEAREST:
        least = -np.partition(-weights, NEAREST - 1)[NEAREST - 1]
        kept = np.flatnonzero(weights >= least)
        names, weights = [names[i] for i in kept.tolist()], weights[kept]
    near = weights.tolist()
    order = sorted(range(len(names)), key=lambda i: (-near[i], names[i]))[:NEAREST]
    return [names[i] for i in order], weights[order]
