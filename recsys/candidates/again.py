"""What the person looked at, collected or bought lately and may come back for."""

import numpy as np

from recsys.moment import Moment
from recsys.slate import Slate

HALF_LIFE_DAYS = 7.0
"""How fast an own act loses its say."""


class Again:
    """Own items, by the decayed weight of the acts."""

    name = "again"

    def propose(self, moment: Moment, n: int) -> Slate:
        """Own items, the most lately and strongly touched first."""
        acts = moment.acts
        items, place = np.unique(acts.codes, return_inverse=True)
        worth = np.bincount(
            place, acts.weights * 2.0 ** (-acts.ages / HALF_LIFE_DAYS), minlength=len(items)
        )
        order = np.argsort(-worth, kind="stable")[:n]
        order = order[worth[order] > 0]  # what was given back is not wanted again
        return Slate.of(items[order], worth[order], self.name)
