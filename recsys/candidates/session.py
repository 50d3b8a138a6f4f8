"""What goes with the acts of the last minutes."""

import numpy as np

from recsys.candidates.similar import Similar, largest
from recsys.moment import Moment
from recsys.slate import Slate

MINUTES = 60.0
"""How long ago an act may lie to belong to the session."""

FADING = 0.8
"""Weight of each earlier act against the one after it."""


class Session:
    """Neighbours of the last minutes' items, the latest counting most.

    Parameters
    ----------
    similar : Similar
        The item–item matrix.
    """

    name = "session"

    def __init__(self, similar: Similar) -> None:
        self.similar = similar

    def propose(self, moment: Moment, n: int) -> Slate:
        """Neighbours of what was done within the hour; nothing without a session."""
        acts = moment.acts
        recent = acts.head(int(np.searchsorted(acts.ages, MINUTES / 1440.0, side="right")))
        if not len(recent.codes):
            return Slate.of([], [], self.name)
        own, first = np.unique(recent.codes, return_index=True)
        worth = np.maximum(recent.weights[first], 0.0) * FADING ** first.astype(np.float64)
        found = self.similar.sums(own, worth)
        found[own] = 0.0
        chosen = largest(found, n)
        return Slate.of(chosen, found[chosen], self.name)
