"""What is popular here, now, among the kinds of things the person cares for.

Popularity × how much more it sells in the person's city tier than elsewhere × how much more its
category sells at this hour than at others × the part of the category in what the person did. Both
lifts are drawn towards 1 by ``PRIOR`` pretended orders of the average.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.clock import BusinessZone
from features.ids import UNKNOWN
from features.items import Items
from recsys.candidates.popular import Popular
from recsys.moment import Moment
from recsys.rules.arranging import best
from recsys.slate import Floats, Slate

PRIOR = 20.0
"""Orders that the average is pretended to add to each cell."""

FLOOR = 0.02
"""Part of a category of which the person did nothing."""

HALF_LIFE_DAYS = 30.0
"""How fast an act loses its say about categories."""

Lifts = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Lift:
    """How places and hours change what sells.

    Parameters
    ----------
    tiers : tuple of str
        City tiers that are told apart.
    by_tier : ndarray, float32, shape (tiers, items)
        Sales in the tier over those expected from all; mean about 1.
    by_hour : ndarray, float32, shape (24, categories)
        The same of a category at an hour of the business day.
    """

    tiers: tuple[str, ...]
    by_tier: Lifts
    by_hour: Lifts

    @classmethod
    def fit(cls, tiers: tuple[str, ...], in_tier: Floats, at_hour: Floats) -> "Lift":
        """Learn from counts of orders.

        Parameters
        ----------
        tiers : tuple of str
            Names of the rows of ``in_tier``.
        in_tier : ndarray, shape (tiers, items)
        at_hour : ndarray, shape (24, categories)

        Examples
        --------
        >>> lift = Lift.fit(("1", "5"), np.array([[90.0, 10.0], [10.0, 90.0]]), np.ones((24, 1)))
        >>> (10 * lift.by_tier).round().tolist()
        [[16.0, 4.0], [4.0, 16.0]]
        """
        return cls(tiers, _lift(in_tier), _lift(at_hour))

    def save(self, folder: Path) -> None:
        """Write it."""
        np.save(folder / "lift.tiers.npy", np.array(self.tiers, dtype=np.str_))
        np.save(folder / "lift.by_tier.npy", self.by_tier)
        np.save(folder / "lift.by_hour.npy", self.by_hour)

    @classmethod
    def open(cls, folder: Path) -> "Lift | None":
        """Map what ``save`` wrote; None where nothing was."""
        if not (folder / "lift.tiers.npy").exists():
            return None
        tiers = tuple(np.load(folder / "lift.tiers.npy").tolist())
        by_tier, by_hour = (
            np.load(folder / f"lift.{name}.npy", mmap_mode="r") for name in ("by_tier", "by_hour")
        )
        return cls(tiers, by_tier, by_hour)


def _lift(counts: Floats) -> Lifts:
    """Counts over what rows and columns alone would give, drawn towards 1."""
    total = max(float(counts.sum()), 1.0)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / total
    return np.asarray((counts + PRIOR) / (expected + PRIOR), dtype=np.float32)


class Local:
    """Popular items, ordered for one place, hour and person.

    Parameters
    ----------
    popular : Popular
        What is popular everywhere.
    lift : Lift
        What places and hours change.
    items : Items
        For categories.
    zone : BusinessZone
        For hours.
    """

    name = "local"

    def __init__(self, popular: Popular, lift: Lift, items: Items, zone: BusinessZone) -> None:
        self.popular = popular
        self.lift = lift
        self.category = items.coded[c.CATEGORY]
        self.categories = len(items.names[c.CATEGORY])
        self.zone = zone

    def propose(self, moment: Moment, n: int) -> Slate:
        """Popular items whose place, hour and category suit, the most suitable first."""
        codes = self.popular.codes
        worth = self.popular.scores.copy()
        tier = moment.person.tier
        if tier in self.lift.tiers:
            worth *= self.lift.by_tier[self.lift.tiers.index(tier)][codes]
        own = self.category[codes]
        if self.categories:
            hour = self.lift.by_hour[self.zone.calendar(moment.at_us)[1]]
            worth *= np.where(own != UNKNOWN, hour[own], 1.0)
            worth *= self._care(moment)[own]
        order = best(worth, n)
        return Slate.of(codes[order], worth[order], self.name)

    def _care(self, moment: Moment) -> Floats:
        """Part of each category in what the person did; the last, of unknown ones, the floor."""
        acts = moment.acts
        if not len(acts.codes):
            return np.ones(self.categories + 1)
        decayed = np.maximum(acts.weights, 0.0) * 2.0 ** (-acts.ages / HALF_LIFE_DAYS)
        own = self.category[acts.codes]
        known = own != UNKNOWN
        care = np.bincount(own[known], decayed[known], minlength=self.categories + 1)
        return np.asarray(FLOOR + care / max(float(care.sum()), 1e-12))
