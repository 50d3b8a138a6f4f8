"""People near somebody: tied, or with something done together before, the nearest first."""

import numpy as np

from features.counters import Key
from features.frames.sharing import TIED
from features.online import Reading
from recsys.slate import Floats

NEAREST = 100
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
    place = {name: n for n, name in enumerate(peers)}
    names = sorted({*peers, *ties})
    tied = np.array([float(name in ties) for name in names])
    rows = np.array([place.get(name, len(peers)) for name in names], dtype=np.int64)
    weights = TIED * tied
    for values in met.values():
        weights += np.append(values, 0.0)[rows]
    order = np.argsort(-weights, kind="stable")[:NEAREST]
    return [names[i] for i in order.tolist()], weights[order]
