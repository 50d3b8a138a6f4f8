"""Group buys (拼团): started, seen, joined, filled or expired.

Friends are invited and heed the starter more or less; strangers come across the group in a list. A
group that fills in time places an order for each member; one that does not, none.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from features.clock import HOUR_US, SECOND_US
from features.events import (
    GROUP_FAILED,
    GROUP_JOINED,
    GROUP_STARTED,
    GROUP_SUCCEEDED,
    GROUP_VIEWED,
)
from training.world.mechanism import Mechanism, Stage, Today, Visits, Wave
from training.world.pending import Pending
from training.world.ragged import Bools, Floats, Ints, at_least, sigmoid, top_within

_DECIDING_US = 60 * SECOND_US


@dataclass(frozen=True)
class GroupBuyConfig:
    """How groups form."""

    start: float = -3.25
    """Log-odds that somebody starts a group for what is wanted neither more nor less."""
    deal: float = 0.5
    """Weight of being keen on deals."""
    sizes: tuple[int, ...] = (2, 3, 5)
    """People a group may need."""
    size_share: tuple[float, ...] = (0.62, 0.28, 0.10)
    """Share of the groups of each size."""
    hours: int = 24
    """Hours until a group expires; not more than 24."""
    invited: float = 5.0
    """Mean friends invited."""
    strangers: float = 1.5
    """Mean strangers who come across a group."""
    seen: float = -0.2
    """Log-odds that an invited friend looks at the group."""
    joined: float = -0.8
    """Log-odds that an invited friend who looks joins."""
    joined_stranger: float = -2.0
    """Log-odds that a stranger who looks joins."""
    heed: float = 0.7
    """Weight of the log strength by which the friend heeds the starter, in both."""
    suited: float = 0.6
    """Weight of desire in both."""


@dataclass(frozen=True)
class _Opened:
    """Groups opened in one wave; arrays of shape (groups,)."""

    starter: Ints
    item: Ints
    at: Ints
    size: Ints
    number: Ints
    price: Ints
    expires: Ints


@dataclass(frozen=True)
class _Candidates:
    """People who may join, sorted by group and time; arrays of shape (n,)."""

    group: Ints
    user: Ints
    inviter: Ints
    p_view: Floats
    p_join: Floats
    at: Ints


@dataclass(frozen=True)
class _Played:
    """How it went: ``looked`` and ``joins`` by candidate, the rest by group."""

    looked: Bools
    joins: Bools
    joined: Ints
    success: Bools
    ended: Ints


class GroupBuy(Mechanism):
    """Opens groups and plays each to its end."""

    name: ClassVar[str] = "groupbuy"

    def __init__(self, config: GroupBuyConfig, stage: Stage) -> None:
        self.config = config
        self.stage = stage
        self._groups = Pending({"number": -1, "p_success": 0.0})
        self._looks = Pending({"number": -1, "user": -1, "p_join": 0.0})

    def respond(self, today: Today, wave: Wave) -> Visits | None:
        """Start groups from page views; everything that comes of them is settled here."""
        rng = today.rng(self.name)
        groups = self._start(today, rng, wave)
        if groups.starter.size == 0:
            return None
        people = self._candidates(today, rng, groups)
        played = _play(rng, groups, people)
        self._log(groups, people, played)
        self._pay(today, rng, groups, people, played)
        chance = at_least(groups.size - 1, people.group, people.p_view * people.p_join)
        self._groups.put(at=groups.at, number=groups.number, p_success=chance)
        looked = played.looked
        self._looks.put(
            at=people.at[looked],
            number=groups.number[people.group[looked]],
            user=people.user[looked],
            p_join=people.p_join[looked],
        )
        return None

    def truth(self) -> dict[str, pa.Table]:
        """Chance of success of each group as it was opened, and of joining for each look."""
        log, ids = self.stage.log, self.stage.people.ids
        groups = self._groups.take(self.stage.horizon_us + 1)
        looks = self._looks.take(self.stage.horizon_us + 1)
        return {
            "group_buys": pa.table({
                "group_buy_id": log.id_of("group_buy_id", groups["number"]),
                "p_success": groups["p_success"],
            }),
            "group_looks": pa.table({
                "group_buy_id": log.id_of("group_buy_id", looks["number"]),
                "user_id": ids.take(pa.array(looks["user"])),
                "p_join": looks["p_join"],
            }),
        }

    def _start(self, today: Today, rng: np.random.Generator, wave: Wave) -> _Opened:
        c, catalogue, visits = self.config, self.stage.catalogue, wave.visits
        wanted = self.stage.desire.pairs(visits.user, visits.item)
        odds = c.start + 0.8 * wanted + c.deal * self.stage.people.deal_lean[visits.user]
        lasting = catalogue.expires[visits.item] > today.end_us + 36 * HOUR_US
        starts = (visits.luck[:, 4] < sigmoid(odds)) & catalogue.grouped[visits.item]
        some = visits.where(np.flatnonzero(starts & lasting & ~wave.ordered & ~visits.sure))
        at = some.at + 130 * SECOND_US
        full = catalogue.price_at(some.item, at)
        tens = (full * catalogue.group_factor[some.item] / 10).astype(np.int64)
        return _Opened(
            starter=some.user,
            item=some.item,
            at=at,
            size=rng.choice(np.array(c.sizes), some.user.size, p=np.array(c.size_share)),
            number=self.stage.log.numbers("group_buy_id", some.user.size),
            price=np.maximum(tens * 10, 10),
            expires=at + c.hours * HOUR_US,
        )

    def _candidates(self, today: Today, rng: np.random.Generator, groups: _Opened) -> _Candidates:
        """Invited friends and strangers, each once in a group, in the order they would come."""
        friends = self.stage.friends
        row, edge = friends.edges_of(groups.starter)
        kept = today.present[friends.peer[edge]]
        row, edge = row[kept], edge[kept]
        count = 1 + rng.poisson(self.config.invited - 1, groups.starter.size)
        score = np.log(friends.heeds[edge]) + rng.gumbel(size=row.size)
        best = top_within(row, score, count)
        row, edge = row[best], edge[best]
        met = np.repeat(np.arange(count.size), rng.poisson(self.config.strangers, count.size))
        about = today.session_user if today.session_user.size else groups.starter
        stranger = about[rng.integers(about.size, size=met.size)]
        group = np.concatenate([row, met])
        user = np.concatenate([friends.peer[edge], stranger])
        inviter = np.concatenate([groups.starter[row], np.full(met.size, -1)])
        heed = np.concatenate([np.log(friends.heeded[edge]), np.zeros(met.size)])
        _, first = np.unique(group * self.stage.people.count + user, return_index=True)
        first = first[user[first] != groups.starter[group[first]]]
        group, user, inviter, heed = group[first], user[first], inviter[first], heed[first]
        p_view, p_join = self._chances(user, groups.item[group], inviter >= 0, heed)
        at = self.stage.people.next_time(rng, user, groups.at[group])
        order = np.lexsort((user, at, group))
        order = order[at[order] < groups.expires[group[order]] - 120 * SECOND_US]
        return _Candidates(
            group[order], user[order], inviter[order], p_view[order], p_join[order], at[order]
        )

    def _chances(
        self, user: Ints, item: Ints, invited: Bools, heed: Floats
    ) -> tuple[Floats, Floats]:
        c = self.config
        pull = c.heed * heed + c.suited * self.stage.desire.pairs(user, item)
        p_view = np.where(invited, sigmoid(c.seen + pull), 1.0)
        return p_view, sigmoid(np.where(invited, c.joined, c.joined_stranger) + pull)

    def _log(self, groups: _Opened, people: _Candidates, played: _Played) -> None:
        log = self.stage.log
        log.add(
            GROUP_STARTED,
            groups.at,
            groups.starter,
            item_id=groups.item,
            group_buy_id=groups.number,
            size=groups.size,
            price_fen=groups.price,
            expires_us=groups.expires,
        )
        steps = ((GROUP_VIEWED, played.looked, 0), (GROUP_JOINED, played.joins, _DECIDING_US))
        for event, rows, wait in steps:
            group = people.group[rows]
            log.add(
                event,
                people.at[rows] + wait,
                people.user[rows],
                peer_id=people.inviter[rows],
                item_id=groups.item[group],
                group_buy_id=groups.number[group],
                entry=np.where(people.inviter[rows] >= 0, "invite", "list").astype(object),
            )
        success = played.success
        at = np.where(success, played.ended + 5 * SECOND_US, groups.expires)
        for event, ends in ((GROUP_SUCCEEDED, success), (GROUP_FAILED, ~success)):
            log.add(
                event,
                at[ends],
                groups.starter[ends],
                item_id=groups.item[ends],
                group_buy_id=groups.number[ends],
                size=1 + played.joined[ends],
            )

    def _pay(
        self,
        today: Today,
        rng: np.random.Generator,
        groups: _Opened,
        people: _Candidates,
        played: _Played,
    ) -> None:
        """Place an order for each member of a group that filled."""
        paid = played.joins & played.success[people.group]
        full = np.flatnonzero(played.success)
        group = np.concatenate([full, people.group[paid]])
        user = np.concatenate([groups.starter[full], people.user[paid]])
        inviter = np.concatenate([np.full(full.size, -1), people.inviter[paid]])
        order = self.stage.log.numbers("order_id", group.size)
        today.till.place(
            rng,
            played.ended[group] + 20 * SECOND_US,
            user,
            groups.item[group],
            order,
            np.ones(group.size, dtype=np.int64),
            groups.price[group],
            couponed=False,
            group_buy_id=groups.number[group],
            peer_id=inviter,
            entry="group",
        )


def _play(rng: np.random.Generator, groups: _Opened, people: _Candidates) -> _Played:
    """Let candidates look and join in the order they come, until a group is full."""
    looked = rng.random(people.group.size) < people.p_view
    joining = looked & (rng.random(people.group.size) < people.p_join)
    missing = groups.size - 1
    earlier: Ints = np.cumsum(joining) - joining
    begins = np.searchsorted(people.group, np.arange(missing.size))
    elsewhere = np.concatenate([earlier, [0]])[np.minimum(begins, earlier.size)]
    place = earlier - elsewhere[people.group]
    joins = joining & (place < missing[people.group])
    joined = np.bincount(people.group[joins], minlength=missing.size)
    ended = np.full(missing.size, np.iinfo(np.int64).max)
    last = joins & (place == (missing - 1)[people.group])
    ended[people.group[last]] = people.at[last] + _DECIDING_US
    looked &= people.at <= ended[people.group]
    return _Played(looked, joins, joined, joined >= missing, ended)
