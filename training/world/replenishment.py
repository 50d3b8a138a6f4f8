"""Buying again: what is used up is bought again in time, what lasts is not."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from features.clock import DAY_US
from training.world.mechanism import Mechanism, Stage, Today, Visits
from training.world.pending import Pending
from training.world.ragged import Floats, Ints


@dataclass(frozen=True)
class ReplenishmentConfig:
    """How things are bought again."""

    loyal: float = 0.5
    """Chance that somebody comes back for the same item when it is used up."""
    spread: float = 0.3
    """Standard deviation of the log gap."""
    lift: float = 2.4
    """Log-odds of ordering added on such a return."""
    owned: float = -2.5
    """Log-odds added for a thing that lasts and is owned already."""
    known: float = 0.5
    """Log-odds added for a thing that is used up and known already."""


class Replenishment(Mechanism):
    """Sends buyers back after the gap of the category, and knows who owns what."""

    name: ClassVar[str] = "replenishment"

    def __init__(self, config: ReplenishmentConfig, stage: Stage) -> None:
        self.config = config
        self.stage = stage
        self.due = Pending({"user": -1, "item": -1})
        self.owned = np.zeros(0, dtype=np.int64)

    def propose(self, today: Today) -> Visits | None:
        """Bring back those whose things are used up today."""
        rng = today.rng(self.name)
        due = self.due.take(today.end_us)
        user, item = due["user"], due["item"]
        kept = np.flatnonzero(today.live[item])
        user, item = user[kept], item[kept]
        at = today.start_us + self.stage.people.time_of_day(rng, user)
        session = today.new_sessions(user.size)
        return Visits.of(rng, user, item, at, session, "again", lift=self.config.lift)

    def nudge(self, today: Today, user: Ints, item: Ints) -> Floats:
        """Make a second one of what lasts unlikely."""
        if self.owned.size == 0:
            return np.zeros(user.size)
        key = user * self.stage.catalogue.count + item
        place = np.minimum(np.searchsorted(self.owned, key), self.owned.size - 1)
        lasts = self.stage.catalogue.gap_days[item] == 0
        shift = np.where(lasts, self.config.owned, self.config.known)
        return np.where(self.owned[place] == key, shift, 0.0)

    def close(self, today: Today) -> None:
        """Note today's orders; what a campaign caused is left out, so that its effect is exact."""
        rng = today.rng(self.name)
        user, item = today.bought["user"], today.bought["item"]
        self.owned = np.union1d(self.owned, user * self.stage.catalogue.count + item)
        gap = self.stage.catalogue.gap_days[item]
        again = (gap > 0) & (rng.random(user.size) < self.config.loyal)
        again &= today.bought["caused"] == 0
        supply = gap * np.sqrt(today.bought["quantity"])
        wait = supply * np.exp(self.config.spread * rng.normal(size=user.size))
        at = today.bought["at"] + ((0.5 + wait) * DAY_US).astype(np.int64)
        self.due.put(at=at[again], user=user[again], item=item[again])
