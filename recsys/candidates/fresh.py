"""What was listed lately, whoever asks: what exploring places are filled from."""

import numpy as np

from features.clock import DAY_US
from features.items import NEVER_US, Items
from recsys.moment import Moment
from recsys.slate import Slate

DAYS = 30.0
"""How long an item is new."""

KEPT = 2_000
"""How many of the newest are looked at."""


class Fresh:
    """New items, the newest first.

    Parameters
    ----------
    items : Items
        The catalogue.
    """

    name = "fresh"

    def __init__(self, items: Items) -> None:
        listed = np.asarray(items.listed_us)
        known = np.flatnonzero(listed < NEVER_US)
        order = known[np.argsort(-listed[known], kind="stable")][:KEPT]
        self.codes = order.astype(np.int32)
        self.listed_us = listed[order]

    def propose(self, moment: Moment, n: int) -> Slate:
        """Items listed within ``DAYS``, an eighth of what is asked for at most."""
        age = (moment.at_us - self.listed_us) / DAY_US
        new = np.flatnonzero((age >= 0) & (age < DAYS))[: n // 8]
        return Slate.of(self.codes[new], -age[new], self.name)
