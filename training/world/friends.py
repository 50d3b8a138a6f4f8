"""Friends and follows, and how much each person really heeds each other.

The ties table tells who knows whom. It does not tell the strength, which differs by direction and
decides who opens whose links, joins whose groups and buys what whom has bought.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.tables import TIES
from training.world.people import People
from training.world.ragged import Bools, Floats, Ints, draw_between, expand, running
from training.world.streams import Streams


@dataclass(frozen=True)
class FriendsConfig:
    """How people are tied."""

    mean_degree: float = 18.0
    """Friends of a person, on average (people without friends counted)."""
    tail: float = 1.9
    """Exponent of the Pareto tail of how outgoing people are; smaller is heavier."""
    inside: float = 0.75
    """Share of the ties that stay within a community."""
    follows: float = 2.0
    """People whom a person follows, on average."""
    spread: float = 1.0
    """Standard deviation of the log strength."""
    mutual: float = 0.55
    """Share of that variance that both directions have in common."""
    follow_weight: float = 0.3
    """How much a followed person is heeded, against a friend of mean strength."""


class Friends:
    """The directed graph, by source: row ``indptr[u] .. indptr[u + 1]`` of ``peer`` for user u.

    Parameters
    ----------
    config : FriendsConfig
    people : People
    streams : Streams
    start_us : int
        First instant of the world.

    Attributes
    ----------
    indptr : int array of shape (users + 1,)
    source, peer : int arrays of shape (directed friend ties,)
    heeds : float array of shape (directed friend ties,)
        How much the source heeds the peer; mean 1.
    heeded : float array of the same shape
        How much the peer heeds the source.
    """

    def __init__(
        self, config: FriendsConfig, people: People, streams: Streams, start_us: int
    ) -> None:
        rng = streams.of("friends")
        self.people = people
        self.config = config
        n = people.count
        outgoing = np.minimum(rng.pareto(config.tail, n) + 0.35, 25.0)
        pairs = _pairs(rng, config, people.community, outgoing)
        low, high = np.divmod(pairs, n)
        key = np.concatenate([pairs, high * n + low])
        order = np.argsort(key)
        self.source, self.peer = np.divmod(key[order], n)
        self.indptr = np.searchsorted(self.source, np.arange(n + 1))
        inside = people.community[low] == people.community[high]
        strength = _strengths(rng, config, low.size, inside)
        reverse = np.concatenate([np.arange(low.size) + low.size, np.arange(low.size)])
        self.heeds, self.heeded = strength[order], strength[reverse[order]]
        self._since = np.concatenate([_since(rng, people, low, high, start_us)] * 2)[order]
        self.fan, self.star = _follows(rng, config, people.community, outgoing)
        by_star = np.argsort(self.star, kind="stable")
        self.fan, self.star = self.fan[by_star], self.star[by_star]
        self.star_ptr = np.searchsorted(self.star, np.arange(n + 1))
        self._fan_since = _since(rng, people, self.fan, self.star, start_us)

    def degree(self) -> Ints:
        """Friends of each user; shape (users,)."""
        return np.diff(self.indptr)

    def edges_of(self, user: Ints) -> tuple[Ints, Ints]:
        """List the friend ties of users: (row of ``user``, row of ``peer``)."""
        return expand(self.indptr[user], self.indptr[user + 1] - self.indptr[user])

    def listeners(self, user: Ints) -> tuple[Ints, Ints, Floats]:
        """List who hears of what users did: (row of ``user``, listener, how much they heed)."""
        row, edge = self.edges_of(user)
        fan_row, fan = expand(self.star_ptr[user], self.star_ptr[user + 1] - self.star_ptr[user])
        weight = np.full(fan.size, self.config.follow_weight)
        return (
            np.concatenate([row, fan_row]),
            np.concatenate([self.peer[edge], self.fan[fan]]),
            np.concatenate([self.heeded[edge], weight]),
        )

    def table(self, horizon_us: int) -> pa.Table:
        """Rows of the canonical ``ties`` table up to the horizon."""
        since = np.concatenate([self._since, self._fan_since])
        kept = np.flatnonzero(since <= horizon_us)
        ids = self.people.ids
        kind = np.repeat(["friend", "follow"], [self.source.size, self.fan.size])
        columns = {
            "user_id": ids.take(pa.array(np.concatenate([self.source, self.fan])[kept])),
            "peer_id": ids.take(pa.array(np.concatenate([self.peer, self.star])[kept])),
            "tie_type": kind[kept],
            "since_us": since[kept],
            "source": pa.array(["world"] * kept.size, pa.string()),
            "extra": pa.nulls(kept.size, pa.string()),
        }
        return pa.table(columns).select(TIES.schema.names).cast(TIES.schema)

    def truth(self) -> pa.Table:
        """How much ``user_id`` heeds ``peer_id``."""
        ids = self.people.ids
        return pa.table({
            "user_id": ids.take(pa.array(self.source)),
            "peer_id": ids.take(pa.array(self.peer)),
            "strength": self.heeds,
        })


def _pairs(
    rng: np.random.Generator, config: FriendsConfig, community: Ints, outgoing: Floats
) -> Ints:
    """Undirected pairs low × n + high of a degree-corrected block model."""
    n = community.size
    wanted = outgoing * config.mean_degree / 2 / outgoing.mean()
    stubs = np.repeat(np.arange(n), rng.poisson(wanted))
    peer = _meet(rng, community, outgoing, stubs, config.inside)
    met = stubs != peer
    low, high = np.minimum(stubs, peer)[met], np.maximum(stubs, peer)[met]
    return np.unique(low * n + high)


def _meet(
    rng: np.random.Generator, community: Ints, outgoing: Floats, who: Ints, inside: float
) -> Ints:
    """Draw a person for each of ``who``, in proportion to how outgoing they are."""
    order = np.argsort(community, kind="stable")
    cumulative = running(outgoing[order])
    bounds = np.searchsorted(community[order], np.arange(int(community.max()) + 2))
    near = rng.random(who.size) < inside
    low = np.where(near, bounds[community[who]], 0)
    high = np.where(near, bounds[community[who] + 1], community.size)
    return np.asarray(order[draw_between(cumulative, low, high, rng.random(who.size))])


def _strengths(
    rng: np.random.Generator, config: FriendsConfig, pairs: int, inside: Bools
) -> Floats:
    """Strength of low → high, then of high → low; mean 1; shape (2 pairs,)."""
    shared = np.sqrt(config.mutual) * rng.normal(size=pairs)
    own = np.sqrt(1 - config.mutual) * rng.normal(size=(2, pairs))
    log_strength = config.spread * (shared + own) + 0.5 * inside
    strength = np.exp(log_strength).ravel()
    return np.asarray(strength / strength.mean()) if pairs else strength


def _follows(
    rng: np.random.Generator, config: FriendsConfig, community: Ints, outgoing: Floats
) -> tuple[Ints, Ints]:
    n = community.size
    fan = np.repeat(np.arange(n), rng.poisson(config.follows, n))
    star = _meet(rng, community, outgoing**1.5, fan, config.inside)
    key = np.unique((fan * n + star)[fan != star])
    return key // n, key % n


def _since(rng: np.random.Generator, people: People, one: Ints, other: Ints, start_us: int) -> Ints:
    """When a tie came to be: after both had registered."""
    met = np.maximum(people.registered[one], people.registered[other])
    spare = np.maximum(start_us - met, 0)
    return np.asarray(met + (rng.random(one.size) * spare).astype(np.int64))
