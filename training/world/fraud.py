"""Fraud: rings of accounts that fake orders, farm coupons or help themselves; off unless asked for.

A ring is a few accounts of one hand on few devices. The accounts also live like everybody else, and
some honest families share a device, so that neither orders nor devices alone give a ring away.

=======  ===========================================================================================
brush    orders the goods of one shop again and again without looking at them (刷单)
farm     every account takes the coupons of its orders, on goods that are worth it
help     one account shares, the others open at once (self-sharing, same-device help)
=======  ===========================================================================================
"""

from typing import ClassVar

import numpy as np
import pyarrow as pa

from features.clock import HOUR_US, SECOND_US
from features.events import OPENED, SHARED, VIEWED
from training.world.mechanism import Mechanism, Stage, Today
from training.world.ragged import Ints
from training.world.rings import KINDS, FraudConfig


class Fraud(Mechanism):
    """Plays the rings."""

    name: ClassVar[str] = "fraud"

    def __init__(self, config: FraudConfig, stage: Stage) -> None:
        self.config = config
        self.stage = stage
        self.rings = stage.rings
        farms = np.isin(self.rings.ring, np.flatnonzero(self.rings.kind == KINDS.index("farm")))
        stage.people.deal_lean[self.rings.user[farms]] += 6.0  # never without a coupon

    def propose(self, today: Today) -> None:
        """Do today's work."""
        rng = today.rng(self.name)
        if self.rings.user.size:
            self._brush(today, rng)
            self._farm(today, rng)
            self._help(today, rng)

    def truth(self) -> dict[str, pa.Table]:
        """Who was in a ring, and what it did; without fraud there is no such table."""
        if not self.rings.user.size:
            return {}
        kind = [KINDS[place] for place in self.rings.kind[self.rings.ring].tolist()]
        users = self.stage.people.ids.take(pa.array(self.rings.user))
        return {"fraud": pa.table({"user_id": users, "ring": self.rings.ring, "kind": kind})}

    def _brush(self, today: Today, rng: np.random.Generator) -> None:
        rows = self.rings.at_work("brush", today.number, self.config.days)
        rows = np.repeat(rows, rng.poisson(self.config.orders, rows.size))
        shop = self.rings.shop[self.rings.ring[rows]]
        live = np.flatnonzero(today.live)
        rows, shop = (one[np.isin(shop, self.stage.catalogue.shop[live])] for one in (rows, shop))
        item = np.array(
            [rng.choice(live[self.stage.catalogue.shop[live] == one]) for one in shop.tolist()],
            dtype=np.int64,
        )
        self._pay(today, rng, self.rings.user[rows], item, self._moments(today, rng, rows))

    def _farm(self, today: Today, rng: np.random.Generator) -> None:
        rows = self.rings.at_work("farm", today.number, self.config.days)
        rows = np.repeat(rows, rng.poisson(self.config.coupons, rows.size))
        at = self._moments(today, rng, rows)
        live = np.flatnonzero(today.live)
        price = self.stage.catalogue.price_at(live, np.full(live.size, today.start_us))
        dear = live[price >= np.quantile(price, 0.7)] if live.size else live
        if dear.size:
            user, item = self.rings.user[rows], rng.choice(dear, rows.size)
            self.stage.log.add(VIEWED, at - 9 * SECOND_US, user, item_id=item)
            self._pay(today, rng, user, item, at)

    def _help(self, today: Today, rng: np.random.Generator) -> None:
        rows = self.rings.at_work("help", today.number, self.config.days)
        lead = rows[
            np.searchsorted(self.rings.ring[rows], self.rings.ring[rows]) == np.arange(rows.size)
        ]
        live = np.flatnonzero(today.live)
        for row in np.repeat(lead, rng.poisson(self.config.shares, lead.size)).tolist():
            peers = self.rings.user[rows[self.rings.ring[rows] == self.rings.ring[row]]][1:]
            if peers.size == 0 or live.size == 0:
                continue
            self._share(today, rng, int(self.rings.user[row]), peers, int(rng.choice(live)))

    def _share(
        self, today: Today, rng: np.random.Generator, sharer: int, peers: Ints, item: int
    ) -> None:
        log, n = self.stage.log, peers.size
        at = np.full(n, today.start_us + int(rng.integers(9, 22)) * HOUR_US)
        share = np.repeat(log.numbers("share_id", 1), n)
        one = {"item_id": np.full(n, item), "share_id": share}
        zeros = np.zeros(n, dtype=np.int64)
        log.add(SHARED, at, zeros + sharer, message=zeros, line=np.arange(n), peer_id=peers, **one)
        opens = rng.random(n) < self.config.opened
        soon = at + rng.integers(3, 90, n) * SECOND_US
        one = {name: column[opens] for name, column in one.items()}
        log.add(OPENED, soon[opens], peers[opens], peer_id=(zeros + sharer)[opens], **one)

    def _moments(self, today: Today, rng: np.random.Generator, rows: Ints) -> Ints:
        """Within two hours of the day that the ring keeps to."""
        hour = 9 + self.rings.ring[rows] % 11
        return np.asarray(
            today.start_us + hour * HOUR_US + (2 * HOUR_US * rng.random(rows.size)).astype(np.int64)
        )

    def _pay(
        self, today: Today, rng: np.random.Generator, user: Ints, item: Ints, at: Ints
    ) -> None:
        order = self.stage.log.numbers("order_id", user.size)
        one = np.ones(user.size, dtype=np.int64)
        price = self.stage.catalogue.price_at(item, at)
        today.till.place(rng, at, user, item, order, one, price)
