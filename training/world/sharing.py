"""Sharing: who sends what to whom, and who opens it.

A sharer picks friends close to them whom the item might suit. Whether the link is opened depends on
how much the recipient heeds the sharer (hidden, and not the same in both directions), on how much
the recipient wants the item, and on how many links came lately.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from features.clock import SECOND_US
from features.events import OPENED, SHARED
from training.world.mechanism import Mechanism, Stage, Today, Visits, Wave
from training.world.pending import Columns, Pending
from training.world.ragged import Floats, Ints, rank_within, sigmoid, top_within


@dataclass(frozen=True)
class SharingConfig:
    """How links are sent and opened."""

    after_view: float = -3.6
    """Log-odds that somebody of mean leaning shares what they looked at."""
    after_order: float = -2.3
    """Log-odds that they share what they ordered."""
    lean: float = 1.0
    """Weight of a person's own leaning to share."""
    wanted: float = 0.3
    """Weight of the sharer's own desire."""
    more_peers: float = 0.4
    """Chance of one more recipient, again and again."""
    guess: float = 0.4
    """How well the sharer guesses the recipient's desire when choosing."""
    opened: float = -0.9
    """Log-odds of opening a link of a friend heeded at the mean, with mean desire, unwearied."""
    heed: float = 1.0
    """Weight of the log strength by which the recipient heeds the sharer."""
    suited: float = 0.5
    """Weight of the recipient's desire."""
    weary: float = 0.3
    """Log-odds lost with each link of late."""
    rest: float = 3.0
    """Days after which a link received wearies half as much."""
    lift: float = 0.9
    """Log-odds of ordering that a friend's link adds."""


class Sharing(Mechanism):
    """Sends links and lets friends open them."""

    name: ClassVar[str] = "sharing"

    def __init__(self, config: SharingConfig, stage: Stage) -> None:
        self.config = config
        self.stage = stage
        self.received = np.zeros(stage.people.count)
        self.due = Pending({"user": -1, "item": -1, "share": -1, "peer": -1})
        self._sent = Pending({"share": -1, "peer": -1, "p_open": 0.0})

    def propose(self, today: Today) -> Visits | None:
        """Open what was left from yesterday."""
        return self._open(today, self.due.take(today.end_us))

    def respond(self, today: Today, wave: Wave) -> Visits | None:
        """Share what people just saw or bought; return the links opened still today."""
        rng = today.rng(self.name)
        act = self._sharers(wave)
        visits = wave.visits.where(act)
        row, edge = self._recipients(today, rng, visits)
        if row.size == 0:
            return None
        sharer, item = visits.user[row], visits.item[row]
        peer = self.stage.friends.peer[edge]
        thought = (20 + 60 * rng.random(act.size)).astype(np.int64) * SECOND_US
        at = (wave.done[act] + thought)[row]
        acts, message = np.unique(row, return_inverse=True)
        share = self.stage.log.numbers("share_id", acts.size)[message]
        self.stage.log.add(
            SHARED,
            at,
            sharer,
            message=message,
            line=rank_within(row),
            item_id=item,
            peer_id=peer,
            share_id=share,
        )
        chance = self._chance(peer, item, self.stage.friends.heeded[edge])
        np.add.at(self.received, peer, 1.0)
        self._sent.put(at=at, share=share, peer=peer, p_open=chance)
        opened = np.flatnonzero(rng.random(row.size) < chance)
        self.due.put(
            at=self._when(rng, peer[opened], at[opened]),
            user=peer[opened],
            item=item[opened],
            share=share[opened],
            peer=sharer[opened],
        )
        return self._open(today, self.due.take(today.end_us))

    def close(self, today: Today) -> None:
        """Let people recover."""
        self.received *= 2.0 ** (-1.0 / self.config.rest)

    def truth(self) -> dict[str, pa.Table]:
        """Chance of opening for each (share, recipient)."""
        sent = self._sent.take(self.stage.horizon_us + 1)
        people = self.stage.people
        return {
            "shares": pa.table({
                "share_id": self.stage.log.id_of("share_id", sent["share"]),
                "peer_id": people.ids.take(pa.array(sent["peer"])),
                "p_open": sent["p_open"],
            })
        }

    def _sharers(self, wave: Wave) -> Ints:
        visits = wave.visits
        wanted = self.stage.desire.pairs(visits.user, visits.item)
        base = np.where(wave.ordered, self.config.after_order, self.config.after_view)
        lean = self.config.lean * self.stage.people.share_lean[visits.user]
        return np.flatnonzero(
            visits.luck[:, 3] < sigmoid(base + lean + self.config.wanted * wanted)
        )

    def _recipients(
        self, today: Today, rng: np.random.Generator, visits: Visits
    ) -> tuple[Ints, Ints]:
        """Choose the friends of each act: (row of ``visits``, friend tie)."""
        friends = self.stage.friends
        row, edge = friends.edges_of(visits.user)
        kept = today.present[friends.peer[edge]]
        row, edge = row[kept], edge[kept]
        wanted = self.stage.desire.pairs(friends.peer[edge], visits.item[row])
        score = np.log(friends.heeds[edge]) + self.config.guess * wanted
        count = rng.geometric(1 - self.config.more_peers, len(visits))
        best = top_within(row, score + rng.gumbel(size=row.size), count)
        return row[best], edge[best]

    def _chance(self, peer: Ints, item: Ints, heed: Floats) -> Floats:
        c = self.config
        odds = c.opened + c.heed * np.log(heed) - c.weary * np.minimum(self.received[peer], 8.0)
        return sigmoid(odds + c.suited * self.stage.desire.pairs(peer, item))

    def _when(self, rng: np.random.Generator, peer: Ints, at: Ints) -> Ints:
        """At once if the hour is one of the recipient's, else when they are there next."""
        people = self.stage.people
        hour = people.zone.hour(at)
        awake = np.minimum(0.7, 9.0 * people.hour_share[people.shape[peer], hour])
        soon = at + (rng.exponential(900.0, peer.size) + 20).astype(np.int64) * SECOND_US
        later = people.next_time(rng, peer, at)
        return np.where(rng.random(peer.size) < awake, soon, later)

    def _open(self, today: Today, due: Columns) -> Visits | None:
        kept = today.live[due["item"]]
        rows = {name: values[kept] for name, values in due.items()}
        if rows["at"].size == 0:
            return None
        self.stage.log.add(
            OPENED,
            rows["at"],
            rows["user"],
            item_id=rows["item"],
            share_id=rows["share"],
            peer_id=rows["peer"],
        )
        return Visits.of(
            today.rng(self.name),
            rows["user"],
            rows["item"],
            rows["at"] + 2 * SECOND_US,
            today.new_sessions(rows["at"].size),
            "share",
            share=rows["share"],
            peer=rows["peer"],
            lift=self.config.lift,
        )
