"""How much a user wants an item: the log-odds that mechanisms start from."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from training.world.ragged import Floats, Ints
from training.world.words import LEAVES


@dataclass(frozen=True)
class DesireConfig:
    """What makes an item wanted; each weight is in log-odds."""

    taste: float = 1.2
    """Weight of the standardised match of a person's taste and an item's place."""
    category: float = 0.75
    """Weight of the log liking of the category over the average one."""
    price: float = 2.2
    """Weight of the squared distance of the price level from the person's band."""
    quality: float = 0.35
    """Weight of quality, which everybody likes alike."""


@dataclass(frozen=True)
class Desire:
    """Tastes of users and places of items.

    Parameters
    ----------
    config : DesireConfig
    taste : float array of shape (users, latent)
    place : float array of shape (items, latent)
    category_log : float array of shape (users, categories)
        Log share of liking.
    category : int array of shape (items,)
    band : float array of shape (users,)
        Price level a person is at ease with, 0 to 1.
    level : float array of shape (items,)
        Price level within the category, 0 to 1.
    quality : float array of shape (items,)
    """

    config: DesireConfig
    taste: Floats
    place: Floats
    category_log: Floats
    category: Ints
    band: Floats
    level: Floats
    quality: Floats

    @classmethod
    def from_tables(cls, config: DesireConfig, users: pa.Table, items: pa.Table) -> "Desire":
        """Build it from the truth of users and items."""
        return cls(
            config=config,
            taste=_matrix(users["taste"]),
            place=_matrix(items["place"]),
            category_log=_matrix(users["category_log"]),
            category=items["category"].to_numpy(),
            band=users["price_band"].to_numpy(),
            level=items["price_level"].to_numpy(),
            quality=items["quality"].to_numpy(),
        )

    def pairs(self, user: Ints, item: Ints) -> Floats:
        """Desire of each user for the item beside it; shape (n,), log-odds without a constant."""
        match = np.einsum("nk,nk->n", self.taste[user], self.place[item]) * self._scale
        liking = self._liking(self.category_log[user, self.category[item]])
        return self._add(match, liking, self.band[user] - self.level[item], self.quality[item])

    def grid(self, user: Ints, item: Ints) -> Floats:
        """Desire of each user for each item; shape (users, items)."""
        match = self.taste[user] @ self.place[item].T * self._scale
        liking = self._liking(self.category_log[user][:, self.category[item]])
        apart = self.band[user][:, None] - self.level[item]
        return self._add(match, liking, apart, self.quality[item])

    @property
    def _scale(self) -> float:
        return float(1.0 / np.sqrt(self.taste.shape[1]))

    def _liking(self, category_log: Floats) -> Floats:
        return np.asarray(np.clip(category_log + np.log(len(LEAVES)), -3.0, 3.0))

    def _add(self, match: Floats, liking: Floats, apart: Floats, quality: Floats) -> Floats:
        c = self.config
        wanted = c.taste * match + c.category * liking - c.price * apart**2
        return np.asarray(wanted + c.quality * quality)


def _matrix(column: pa.ChunkedArray) -> Floats:
    rows = column.combine_chunks()
    return np.asarray(rows.flatten().to_numpy().reshape(len(rows), -1))
