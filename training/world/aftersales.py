"""After the order: money back, and reviews."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from features.clock import DAY_US
from features.events import REFUNDED, REVIEWED
from training.world.mechanism import Mechanism, Stage, Today
from training.world.ragged import sigmoid
from training.world.words import LEAVES

_WORN = np.array([leaf.department == "服饰鞋包" for leaf in LEAVES])


@dataclass(frozen=True)
class AftersalesConfig:
    """What people do with what they got."""

    refund: float = -3.1
    """Log-odds that a line of mean quality is sent back."""
    worn: float = 1.0
    """Log-odds added for what has to fit."""
    review: float = 0.16
    """Share of the lines that are reviewed."""


class Aftersales(Mechanism):
    """Sends back what disappoints, and reviews."""

    name: ClassVar[str] = "aftersales"

    def __init__(self, config: AftersalesConfig, stage: Stage) -> None:
        self.config = config
        self.stage = stage

    def close(self, today: Today) -> None:
        """Schedule what follows from today's order lines, a day later at the earliest."""
        rng = today.rng(self.name)
        bought = today.bought
        user, item = bought["user"], bought["item"]
        quality = self.stage.catalogue.quality[item]
        worn = _WORN[self.stage.catalogue.category[item]]
        odds = self.config.refund + self.config.worn * worn - 0.5 * quality
        wait = bought["at"] + ((1 + 7 * rng.random(user.size)) * DAY_US).astype(np.int64)
        at = self.stage.people.next_time(rng, user, wait)
        back = rng.random(user.size) < sigmoid(odds)
        self.stage.log.add(
            REFUNDED,
            at[back],
            user[back],
            item_id=item[back],
            order_id=bought["order"][back],
            quantity=bought["quantity"][back].astype(np.float64),
            price_fen=bought["price"][back],
            total_fen=(bought["price"] * bought["quantity"])[back],
            reason=np.array(["quality", "size"], dtype=object)[worn[back].astype(np.int64)],
        )
        liked = 3.7 + 0.5 * quality + 0.25 * self.stage.desire.pairs(user, item)
        stars = np.clip(np.round(liked - 1.5 * back + 0.8 * rng.normal(size=user.size)), 1, 5)
        said = rng.random(user.size) < self.config.review
        self.stage.log.add(
            REVIEWED,
            at[said] + DAY_US // 48,
            user[said],
            item_id=item[said],
            order_id=bought["order"][said],
            rating=stars[said],
        )
