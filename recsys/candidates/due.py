"""What is due again: things that a person buys now and again and that may have run out."""

import numpy as np

from recsys.moment import Moment
from recsys.rhythm import Rhythm
from recsys.slate import Slate


class Due:
    """Items bought before, by how often and by how near the usual gap is.

    Parameters
    ----------
    rhythm : Rhythm
        Usual gaps.
    """

    name = "due"

    def __init__(self, rhythm: Rhythm) -> None:
        self.rhythm = rhythm

    def propose(self, moment: Moment, n: int) -> Slate:
        """Items most likely wanted again.

        The score is log(1 + times bought) × a bump around the usual gap that falls to a half
        at one spread on the logarithmic scale and fades slowly behind it.
        """
        bought = moment.purchases
        if bought is None or not len(bought.codes):
            return Slate.of([], [], self.name)
        gap = self.rhythm.gap[bought.codes].astype(np.float64)
        with np.errstate(divide="ignore"):
            off = np.log(bought.ages / gap) / self.rhythm.spread
        timely = 1.0 / (1.0 + np.where(off < 0, off, 0.5 * off) ** 2)
        worth = np.where(np.isnan(timely), 0.0, np.log1p(bought.times) * timely)
        order = np.argsort(-worth, kind="stable")[:n]
        order = order[worth[order] > 0]
        return Slate.of(bought.codes[order], worth[order], self.name)
