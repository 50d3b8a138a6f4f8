"""Searching: people look for what they like, or for what the day makes them need."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from features.clock import SECOND_US
from training.world.mechanism import Mechanism, Stage, Today, Visits, pick
from training.world.words import LEAVES

_QUERIES = np.array([leaf.name for leaf in LEAVES], dtype=object)


@dataclass(frozen=True)
class SearchConfig:
    """How people look for things."""

    rate: float = 0.75
    """Mean product pages that a session reaches by searching."""
    candidates: int = 6
    """Items come across before one is opened."""
    worded: float = 0.7
    """Share of the searches that are typed; the rest browse the category."""


class Search(Mechanism):
    """Brings people to items of categories they like or need."""

    name: ClassVar[str] = "search"

    def __init__(self, config: SearchConfig, stage: Stage) -> None:
        self.config = config
        self.stage = stage
        likings = np.exp(stage.people.category_log)
        self.likings = np.cumsum(likings, axis=1) / likings.sum(axis=1, keepdims=True)

    def propose(self, today: Today) -> Visits | None:
        """Let each session search a few times."""
        rng = today.rng(self.name)
        count = rng.poisson(self.config.rate, today.session_user.size)
        session = np.repeat(np.arange(count.size), count)
        user = today.session_user[session]
        need = self.stage.mood.needs(user)
        liked = (self.likings[user] < rng.random(user.size)[:, None]).sum(axis=1)
        category = np.where(need >= 0, need, np.minimum(liked, len(LEAVES) - 1))
        item = pick(today, rng, user, category, self.config.candidates)
        wait = rng.integers(100, 900, user.size) * SECOND_US
        found = np.flatnonzero(item >= 0)
        at = today.session_at[session] + wait
        typed = found[rng.random(found.size) < self.config.worded]
        self.stage.log.add(
            "Products Searched", at[typed], user[typed], query=_QUERIES[category[typed]]
        )
        return Visits.of(
            rng, user[found], item[found], at[found] + 8 * SECOND_US, session[found], "search"
        )
