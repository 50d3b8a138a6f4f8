"""People near somebody: tied, or with something done together before, the nearest first."""

import numpy as np

from features.counters import Key
from features.frames.sharing import TIED
from features.online import Reading
from recsys.slate import Floats

NEAREST = 200
"""How many of them are considered at most."""


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
    state = reading.state
    names = sorted({*state.cells.get(Key.PAIR.word, ()), *state.ties})
    met = reading.columns(["pair.together_90", "pair.together_by_90"], names)
    tied = np.array([float(name in state.ties) for name in names])
    weights = TIED * tied + met["pair.together_90"] + met["pair.together_by_90"]
    order = np.argsort(-weights, kind="stable")[:NEAREST]
    return [names[i] for i in order.tolist()], weights[order]
