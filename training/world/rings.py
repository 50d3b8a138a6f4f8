"""Rings of accounts, and the devices that people are on; drawn once before the world begins."""

from dataclasses import dataclass

import numpy as np

from training.world.catalogue import Catalogue
from training.world.friends import Friends
from training.world.people import People
from training.world.ragged import Ints
from training.world.streams import Streams

KINDS = ("brush", "farm", "help")
"""What a ring does, one kind each."""


@dataclass(frozen=True)
class FraudConfig:
    """How much fraud there is."""

    share: float = 0.0
    """Share of the people in rings; 0: no fraud, and no device is written."""
    fewest: int = 6
    """People of the smallest ring."""
    most: int = 15
    """People of the largest ring."""
    on_device: int = 4
    """Accounts of a ring that share a device."""
    families: float = 0.1
    """Share of the honest people who share a device with a friend."""
    days: int = 10
    """Days on end a ring is at work."""
    orders: float = 1.5
    """Mean fake orders of a brushing account on such a day."""
    coupons: float = 0.35
    """Mean orders with a coupon of a farming account on such a day."""
    shares: float = 2.0
    """Mean shares of the one account that is helped on such a day."""
    opened: float = 0.7
    """Chance that a helper opens such a share."""


@dataclass(frozen=True)
class Rings:
    """Who is in which ring, and on which device everybody is.

    Parameters
    ----------
    user, ring : int arrays of shape (members,)
        Members, ring by ring.
    kind, shop, first : int arrays of shape (rings,)
        Place in ``KINDS``, shop whose goods are brushed, first day at work.
    device : int array of shape (users,)
        Empty without fraud.
    """

    user: Ints
    ring: Ints
    kind: Ints
    shop: Ints
    first: Ints
    device: Ints

    @classmethod
    def of(
        cls, config: FraudConfig, people: People, catalogue: Catalogue, friends: Friends,
        streams: Streams, days: int,
    ) -> "Rings":  # fmt: skip
        """Draw the rings of a world."""
        rng = streams.of("fraud")
        nobody = np.zeros(0, dtype=np.int64)
        if config.share <= 0:
            return cls(nobody, nobody, nobody, nobody, nobody, nobody)
        order = rng.permutation(people.count)
        size = rng.integers(config.fewest, config.most + 1, people.count // config.fewest + 1)
        rings = int(np.searchsorted(np.cumsum(size), config.share * people.count)) + 1
        ring = np.repeat(np.arange(rings), size[:rings])[: people.count]
        user = order[: ring.size]
        shops = np.flatnonzero(np.bincount(catalogue.shop) >= 3)
        device = np.arange(people.count)
        _families(rng, config, friends, device)
        place = np.arange(ring.size) - np.searchsorted(ring, ring)
        first = user[np.searchsorted(ring, ring) + place // config.on_device * config.on_device]
        device[user] = people.count + first
        return cls(
            user, ring, np.arange(rings) % len(KINDS),
            rng.choice(shops if shops.size else np.unique(catalogue.shop), rings),
            rng.integers(max(days - config.days, 1), size=rings), device,
        )  # fmt: skip

    def at_work(self, kind: str, day: int, days: int) -> Ints:
        """Rows of the members whose rings do this today."""
        busy = (self.kind == KINDS.index(kind)) & (self.first <= day) & (day < self.first + days)
        return np.flatnonzero(busy[self.ring]) if self.ring.size else self.ring


def _families(
    rng: np.random.Generator, config: FraudConfig, friends: Friends, device: Ints
) -> None:
    """Let some friends share a device, each person once."""
    edges = rng.permutation(friends.source.size)
    free = np.ones(device.size, dtype=np.bool_)
    wanted = int(config.families * device.size / 2)
    for edge in edges:
        one, other = friends.source[edge], friends.peer[edge]
        if wanted and free[one] and free[other]:
            device[other] = device[one]
            free[one] = free[other] = False
            wanted -= 1
