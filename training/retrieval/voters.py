"""Whether people alike are asked beside the item–item matrix, and how many of them."""

from collections.abc import Callable

import numpy as np
from scipy import sparse

from recsys.candidates.alike import Alike, AlikeConfig
from recsys.component import Source
from recsys.moment import Moment
from recsys.slate import Slate

VOTERS = (50, 200)
"""How many are tried."""

GAIN = 1.02
"""What they must add to the worth of the matrix, as finding them takes time at every request."""

PEOPLE = 200_000
"""People among whom neighbours are looked for at most."""


def choose(interactions: sparse.csr_matrix, near: Source, worth: Callable[[Source], float]) -> int:
    """How many people alike should vote beside a matrix; 0 where they add too little.

    Parameters
    ----------
    interactions : scipy.sparse.csr_matrix, shape (users, items)
        Who did what.
    near : Source
        The item–item matrix.
    worth : callable
        How well a source foretells.
    """
    if interactions.shape[0] > PEOPLE:
        return 0
    found = {most: worth(Together(near, fit(interactions, most))) for most in VOTERS}
    best = max(found, key=lambda one: found[one])
    return best if found[best] > GAIN * worth(near) else 0


def fit(interactions: sparse.csr_matrix, voters: int) -> Alike:
    """The source with so many voters."""
    return Alike.fit(interactions, AlikeConfig(neighbours=voters))


class Together:
    """Sources as one, by reciprocal ranks (Cormack et al., SIGIR 2009).

    Parameters
    ----------
    *sources : Source
        What is united.
    """

    name = "together"

    def __init__(self, *sources: Source) -> None:
        self.sources = sources

    def propose(self, moment: Moment, n: int) -> Slate:
        """The items that stand highest in the lists."""
        slates = [one.propose(moment, n) for one in self.sources]
        codes = np.concatenate([one.codes for one in slates])
        said = np.concatenate([1.0 / (20.0 + np.arange(len(one))) for one in slates])
        items, place = np.unique(codes, return_inverse=True)
        total = np.bincount(place, said, len(items))
        order = np.argsort(-total, kind="stable")[:n]
        return Slate.of(items[order], total[order], self.name)
