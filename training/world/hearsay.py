"""Hearsay: what friends bought spreads by talk, and makes people want it too.

An order is remembered by everybody who heeds the buyer, in proportion to how much, and fades. It
brings some of them to the page, and it lifts the log-odds that they order.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from features.clock import SECOND_US
from training.world.mechanism import Mechanism, Stage, Today, Visits
from training.world.ragged import Floats, Ints, sigmoid


@dataclass(frozen=True)
class HearsayConfig:
    """How talk works."""

    half_life: float = 4.0
    """Days after which talk counts half."""
    lift: float = 1.3
    """Most log-odds of ordering that talk can add."""
    visits: float = 0.12
    """Chance that somebody who heard all there is to hear, and is here today, goes to look."""
    floor: float = 0.08
    """Talk fainter than this is forgotten."""


class Hearsay(Mechanism):
    """Remembers who heard of what: ``key`` = user × items + item, sorted, with its loudness."""

    name: ClassVar[str] = "hearsay"

    def __init__(self, config: HearsayConfig, stage: Stage) -> None:
        self.config = config
        self.stage = stage
        self.key = np.zeros(0, dtype=np.int64)
        self.loudness = np.zeros(0)

    def propose(self, today: Today) -> Visits | None:
        """Let those who are here and have heard of something go and look."""
        rng = today.rng(self.name)
        session = np.full(self.stage.people.count, -1)
        session[today.session_user] = np.arange(today.session_user.size)
        user, item = np.divmod(self.key, self.stage.catalogue.count)
        draw = rng.random(self.key.size)
        here = (session[user] >= 0) & today.live[item]
        here &= draw < self.config.visits
        rows = np.flatnonzero(here)
        wanted = sigmoid(self.stage.desire.pairs(user[rows], item[rows]) + 0.5)
        heard = 1.0 - np.exp(-self.loudness[rows])
        rows = rows[draw[rows] < self.config.visits * heard * wanted]
        user, item = user[rows], item[rows]
        wait = rng.integers(120, 900, rows.size) * SECOND_US
        at = today.session_at[session[user]] + wait
        return Visits.of(rng, user, item, at, session[user], "friend")

    def nudge(self, today: Today, user: Ints, item: Ints) -> Floats:
        """Add up to ``lift`` for what friends bought lately."""
        return self.config.lift * (1.0 - np.exp(-self.heard(user, item)))

    def heard(self, user: Ints, item: Ints) -> Floats:
        """Loudness of the talk about each item that reaches the user beside it; (n,)."""
        if self.key.size == 0:
            return np.zeros(user.size)
        wanted = user * self.stage.catalogue.count + item
        place = np.minimum(np.searchsorted(self.key, wanted), self.key.size - 1)
        return np.where(self.key[place] == wanted, self.loudness[place], 0.0)

    def close(self, today: Today) -> None:
        """Fade the talk of old and add that of today's orders."""
        buyer, item = today.bought["user"], today.bought["item"]
        row, listener, heed = self.stage.friends.listeners(buyer)
        faded = self.loudness * 2.0 ** (-1.0 / self.config.half_life)
        key = np.concatenate([self.key, listener * self.stage.catalogue.count + item[row]])
        loudness = np.concatenate([faded, heed])
        self.key, group = np.unique(key, return_inverse=True)
        self.loudness = np.asarray(np.bincount(group, loudness, minlength=self.key.size), float)
        kept = self.loudness > self.config.floor
        self.key, self.loudness = self.key[kept], self.loudness[kept]

    def truth(self) -> dict[str, pa.Table]:
        """Talk as it stands at the end of the world."""
        user, item = np.divmod(self.key, self.stage.catalogue.count)
        return {
            "hearsay": pa.table({
                "user_id": self.stage.people.ids.take(pa.array(user)),
                "item_id": self.stage.catalogue.ids.take(pa.array(item)),
                "loudness": self.loudness,
            })
        }
