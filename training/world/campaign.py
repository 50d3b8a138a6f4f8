"""A randomised campaign whose effect on every single person is known.

Everybody registered is put into an arm by lot. Each person has an effect: the expected number of
orders in the following days that they make because they were treated. Where it is positive those
orders are made in the treated arm only; where it is negative (the campaign annoys) they are made in
the control arm only. So the effect holds exactly, whatever else happens. Most of its variance
follows what the users table tells, so that it can be learned; the rest nobody can know.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from features.clock import DAY_US, HOUR_US
from features.events import CAMPAIGN_ASSIGNED
from training.world.mechanism import Mechanism, Stage, Today, Visits, pick
from training.world.pending import Pending
from training.world.people import People
from training.world.ragged import Floats
from training.world.words import LEAVES


@dataclass(frozen=True)
class CampaignConfig:
    """The trial."""

    days: int = 14
    """Days over which the effect is spread; fewer when the world ends sooner."""
    share: float = 0.5
    """Chance of being treated."""
    effect: float = 0.16
    """Mean effect: orders more for each person treated."""
    spread: float = 0.28
    """Standard deviation of the effect between people."""
    unknown: float = 0.3
    """Part of that standard deviation that follows nothing one could know."""
    hour: int = 10
    """Hour of the business day at which arms are assigned."""


class Campaign(Mechanism):
    """Assigns arms once, then brings the orders that the effect consists of.

    Parameters
    ----------
    config : CampaignConfig
    stage : Stage
    days : int
        Length of the world; one too short for the trial has none.
    """

    name: ClassVar[str] = "campaign"
    campaign_id: ClassVar[str] = "c-welcome-back"

    def __init__(self, config: CampaignConfig, stage: Stage, days: int) -> None:
        self.config = config
        self.stage = stage
        self.window = min(config.days, days - 2)
        self.day = days - 2 - self.window if self.window >= 1 else -1
        self.effect = _effects(config, stage.people, stage.streams.of(self.name))
        self.due = Pending({"user": -1})
        self.arm = np.full(stage.people.count, -1)
        self.drawn = np.zeros(stage.people.count, dtype=np.int64)
        likings = np.exp(stage.people.category_log)
        self.likings = np.cumsum(likings, axis=1) / likings.sum(axis=1, keepdims=True)

    def propose(self, today: Today) -> Visits | None:
        """Assign on the day; afterwards bring those whose extra order is due."""
        rng = today.rng(self.name)
        if today.number == self.day:
            self._assign(today, rng)
        due = self.due.take(today.end_us)
        user = due["user"]
        live = np.flatnonzero(today.live)
        if user.size == 0 or live.size == 0:
            return None
        liked = (self.likings[user] < rng.random(user.size)[:, None]).sum(axis=1)
        item = pick(today, rng, user, np.minimum(liked, len(LEAVES) - 1), 6)
        item = np.where(item >= 0, item, live[rng.integers(live.size, size=user.size)])
        session = today.new_sessions(user.size)
        return Visits.of(rng, user, item, due["at"], session, "campaign", sure=True)

    def truth(self) -> dict[str, pa.Table]:
        """Effect of the campaign on each person who was assigned."""
        who = np.flatnonzero(self.arm >= 0)
        sign = np.sign(self.effect[who]).astype(np.int64)
        return {
            "campaign": pa.table({
                "user_id": self.stage.people.ids.take(pa.array(who)),
                "arm": np.array(["control", "treat"])[self.arm[who]],
                "effect": self.effect[who],
                "drawn": sign * self.drawn[who],
                "window_days": np.full(who.size, self.window),
            })
        }

    def _assign(self, today: Today, rng: np.random.Generator) -> None:
        people = self.stage.people
        at = today.start_us + self.config.hour * HOUR_US
        treated = rng.random(people.count) < self.config.share
        extra = rng.poisson(np.abs(self.effect))
        self.drawn = extra
        self.arm = np.where(people.registered < today.start_us, treated, -1).astype(np.int64)
        who = np.flatnonzero(self.arm >= 0)
        share = self.config.share
        self.stage.log.add(
            CAMPAIGN_ASSIGNED,
            np.full(who.size, at),
            who,
            campaign_id=self.campaign_id,
            arm=np.where(treated[who], "treat", "control").astype(object),
            propensity=np.where(treated[who], share, 1 - share),
        )
        made = who[treated[who] == (self.effect[who] > 0)]
        user = np.repeat(made, extra[made])
        # Up to a day passes until the person's hour comes.
        after = at + (rng.random(user.size) * (self.window - 1) * DAY_US).astype(np.int64)
        self.due.put(at=people.next_time(rng, user, after), user=user)


def _effects(config: CampaignConfig, people: People, rng: np.random.Generator) -> Floats:
    seen = 0.6 * (people.tier - 2.6) / 1.45 - 0.6 * (people.age - 33.0) / 11.0
    seen = seen + np.where(people.female, 0.25, -0.4) * (1.0 + (people.age < 30))
    seen = seen - 0.3 * np.tanh(people.activity + 1.75)
    known = np.sqrt(1.0 - config.unknown**2)
    mixed = known * seen / 1.05 + config.unknown * rng.normal(size=people.count)
    return np.asarray(np.clip(config.effect + config.spread * mixed, -0.5, 1.5))
