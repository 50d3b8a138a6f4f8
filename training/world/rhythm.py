"""When people are there: days, sessions, hours."""

from dataclasses import dataclass

import numpy as np

from training.world.people import People
from training.world.ragged import Bools, Ints, sigmoid


@dataclass(frozen=True)
class RhythmConfig:
    """How often people come."""

    weekend: float = 0.2
    """Log-odds added to being there on a Saturday or Sunday."""
    day_spread: float = 0.15
    """Standard deviation of the log-odds of a whole day."""
    extra_sessions: float = 0.2
    """Mean sessions after the first one of a day."""
    cooling: float = 0.012
    """Log-odds lost with each day since the world began by the half that is losing interest."""


def sessions(
    config: RhythmConfig,
    people: People,
    rng: np.random.Generator,
    *,
    day: int,
    weekend: bool,
    start_us: int,
    present: Bools,
) -> tuple[Ints, Ints]:
    """Draw the sessions of a day.

    Returns
    -------
    (user, at) : int arrays of shape (sessions,)
        Hours follow each user's own pattern.
    """
    odds = people.activity + config.weekend * weekend + config.day_spread * rng.normal()
    odds = odds - config.cooling * day * (people.share_lean < 0)
    there = (rng.random(people.count) < sigmoid(odds)) & present
    count = np.where(there, 1 + rng.poisson(config.extra_sessions, people.count), 0)
    user = np.repeat(np.arange(people.count), count)
    return user, start_us + people.time_of_day(rng, user)
