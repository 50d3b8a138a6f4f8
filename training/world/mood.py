"""What no model can see: moods of a person for a day, weather, needs from elsewhere.

These shocks bound what any model can reach; their size is part of the world's stated noise.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from training.world.ragged import Floats, Ints
from training.world.streams import Streams
from training.world.words import LEAVES

DEPARTMENTS = tuple(dict.fromkeys(leaf.department for leaf in LEAVES))
"""Departments in the order of the category tree."""

_DEPARTMENT_OF = np.array([DEPARTMENTS.index(leaf.department) for leaf in LEAVES])


@dataclass(frozen=True)
class MoodConfig:
    """Shocks in log-odds of ordering."""

    person: float = 1.1
    """Standard deviation of a person's mood for a day."""
    weather: float = 0.25
    """Standard deviation of a department's weather for a day."""
    need: float = 0.2
    """Chance that somebody looks for a thing that is not to their taste, for reasons of the day."""


class Mood:
    """Draws the shocks of one day.

    Parameters
    ----------
    config : MoodConfig
    streams : Streams
    users : int
        How many people there are.
    """

    def __init__(self, config: MoodConfig, streams: Streams, users: int) -> None:
        self.config = config
        self.streams = streams
        self.users = users
        self._weather: list[Floats] = []

    def open_day(self, day: int) -> None:
        """Draw the shocks of a day; afterwards :meth:`of` and :meth:`needs` speak of that day."""
        rng = self.streams.of("mood", day)
        self._weather.append(self.config.weather * rng.normal(size=len(DEPARTMENTS)))
        self._person = self.config.person * rng.normal(size=self.users)
        self._needed = rng.random(self.users) < self.config.need
        self._need = rng.integers(len(LEAVES), size=self.users)

    def of(self, user: Ints, category: Ints) -> Floats:
        """Shock of each user's log-odds to order of each category today; shape (n,)."""
        return np.asarray(self._person[user] + self._weather[-1][_DEPARTMENT_OF[category]])

    def needs(self, user: Ints) -> Ints:
        """Category each user needs today for reasons from elsewhere, -1 for none; shape (n,)."""
        return np.where(self._needed[user], self._need[user], -1)

    def truth(self) -> pa.Table:
        """Weather by day and department, in log-odds."""
        rows = len(self._weather) * len(DEPARTMENTS)
        return pa.table({
            "day": np.repeat(np.arange(len(self._weather)), len(DEPARTMENTS)),
            "department": list(DEPARTMENTS) * len(self._weather),
            "log_odds": np.concatenate(self._weather) if rows else np.zeros(0),
        })
