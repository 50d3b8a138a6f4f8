"""Items: categories, brands, shops, prices, titles, life spans, stock."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.clock import DAY_US
from features.tables import ITEMS
from training.world.ragged import Bools, Ints
from training.world.streams import Streams
from training.world.words import ADJECTIVES, BRAND_HEADS, BRAND_TAILS, LEAVES, SPECS, STYLES

NEVER = np.iinfo(np.int64).max
"""The instant that does not come."""


@dataclass(frozen=True)
class CatalogueConfig:
    """What is for sale."""

    brands: int = 14
    """Brands in each leaf category."""
    items_per_shop: float = 18.0
    """Mean items of a shop."""
    price_spread: float = 0.55
    """Standard deviation of the log price within a category."""
    listed_later: float = 0.25
    """Share that is listed while the world runs."""
    expiring: float = 0.12
    """Share that goes off sale while the world runs."""
    repriced: float = 0.15
    """Share whose price changes once while the world runs."""
    group_share: float = 0.4
    """Share that may be bought in a group."""
    fame_spread: float = 0.9
    """Standard deviation of the log fame, which drives who comes across an item."""
    stock_median: float = 400.0
    """Median units in stock."""


class Catalogue:
    """All items, drawn once before the world begins.

    Parameters
    ----------
    config : CatalogueConfig
    count : int
        How many.
    latent : int
        Dimensions of taste.
    streams : Streams
    start_us, horizon_us : int
        First and last instant of the world.
    """

    def __init__(
        self,
        config: CatalogueConfig,
        count: int,
        latent: int,
        streams: Streams,
        start_us: int,
        horizon_us: int,
    ) -> None:
        rng = streams.of("catalogue")
        self.count = count
        self.ids = pa.array([f"i{number:06d}" for number in range(count)])
        share = rng.dirichlet(np.full(len(LEAVES), 8.0))
        self.category = rng.choice(len(LEAVES), count, p=share)
        self.gap_days = np.array([leaf.gap_days for leaf in LEAVES])[self.category]
        self.brand = self.category * config.brands + np.minimum(
            rng.geometric(0.18, count) - 1, config.brands - 1
        )
        self.shop = rng.integers(max(1, round(count / config.items_per_shop)), size=count)
        self.style = self._place(rng, config, latent)
        self.quality = rng.normal(size=count)
        self.fame = np.exp(config.fame_spread * rng.normal(size=count))
        self._price(rng, config, start_us, horizon_us)
        self._live_span(rng, config, start_us, horizon_us)
        self.titles = self._titles(rng)
        self.sold = np.zeros(count, dtype=np.int64)
        self.sold_out_us = np.full(count, NEVER)

    def _place(self, rng: np.random.Generator, config: CatalogueConfig, latent: int) -> Ints:
        """Put items into the space of taste, and tag them with their nearest styles."""
        centre = rng.normal(size=(len(LEAVES), latent))
        brand = rng.normal(size=(len(LEAVES) * config.brands, latent))
        own = rng.normal(size=(self.count, latent))
        mixed = 0.35 * centre[self.category] + 0.6 * brand[self.brand] + 0.72 * own
        self.place = np.asarray(mixed)
        near = mixed @ rng.normal(size=(latent, len(STYLES)))
        return np.asarray(np.argsort(-near, axis=1)[:, :2])

    def _price(
        self, rng: np.random.Generator, config: CatalogueConfig, start_us: int, horizon_us: int
    ) -> None:
        level = rng.normal(size=self.count)
        median = np.array([leaf.yuan for leaf in LEAVES])[self.category]
        yuan = median * np.exp(config.price_spread * level)
        self.price = np.maximum(np.round(yuan), 1).astype(np.int64) * 100 - 10
        self.level = 1.0 / (1.0 + np.exp(-1.7 * level))
        markup = 1.0 + rng.beta(1.2, 3.0, self.count)
        self.list_price = np.round(self.price * markup / 100).astype(np.int64) * 100
        self.list_price = np.maximum(self.list_price, self.price)
        changes = rng.random(self.count) < config.repriced
        span = (horizon_us - start_us) // DAY_US
        when = start_us + rng.integers(0, span + 1, self.count) * DAY_US
        self.repriced_us = np.where(changes, when, NEVER)
        factor = rng.uniform(0.8, 1.0, self.count)
        self.new_price = np.maximum((self.price * factor / 10).astype(np.int64) * 10, 10)
        self.grouped = rng.random(self.count) < config.group_share
        self.group_factor = rng.uniform(0.7, 0.9, self.count)

    def _live_span(
        self, rng: np.random.Generator, config: CatalogueConfig, start_us: int, horizon_us: int
    ) -> None:
        span = horizon_us - start_us
        before = start_us - (rng.exponential(120.0, self.count) * DAY_US).astype(np.int64)
        within = start_us + (rng.random(self.count) * span).astype(np.int64)
        self.listed = np.where(rng.random(self.count) < config.listed_later, within, before)
        # The first item is always on sale: a world of one item must not be an empty one.
        self.listed[0] = before[0]
        late = np.maximum(self.listed, start_us)
        ends = late + ((0.2 + rng.random(self.count)) * span).astype(np.int64)
        self.expires = np.where(rng.random(self.count) < config.expiring, ends, NEVER)
        self.expires[0] = NEVER
        self.repriced_us = np.where(self.repriced_us > self.listed, self.repriced_us, NEVER)
        self.stock = np.ceil(config.stock_median * np.exp(rng.normal(size=self.count)))
        self.stock = self.stock.astype(np.int64)

    def _titles(self, rng: np.random.Generator) -> list[str]:
        nouns = [leaf.nouns.split() for leaf in LEAVES]
        picks = rng.integers(1 << 30, size=(self.count, 3))
        return [
            f"{brand_name(b)} {STYLES[s]}{ADJECTIVES[x % len(ADJECTIVES)]}"
            f"{nouns[c][y % len(nouns[c])]} {SPECS[z % len(SPECS)]}"
            for b, s, c, (x, y, z) in zip(
                self.brand.tolist(),
                self.style[:, 0].tolist(),
                self.category.tolist(),
                picks.tolist(),
                strict=True,
            )
        ]

    def live(self, from_us: int, until_us: int) -> Bools:
        """Items on sale during the whole span and not sold out before it; shape (items,)."""
        shelf = (self.listed <= from_us) & (self.expires > until_us)
        return np.asarray(shelf & (self.sold_out_us > from_us))

    def price_at(self, item: Ints, at: Ints) -> Ints:
        """Price of one unit in fen at each instant; shape (n,)."""
        return np.where(at >= self.repriced_us[item], self.new_price[item], self.price[item])

    def sell(self, item: Ints, quantity: Ints, end_of_day_us: int) -> None:
        """Take units out of stock; an item sold out is off sale from the next day on."""
        np.add.at(self.sold, item, quantity)
        out = (self.sold >= self.stock) & (self.sold_out_us == NEVER)
        self.sold_out_us[out] = end_of_day_us

    def table(self, horizon_us: int) -> pa.Table:
        """Rows of the canonical ``items`` table: a version for each change up to the horizon."""
        every = np.arange(self.count)
        changed = np.flatnonzero(self.repriced_us <= horizon_us)
        out = np.flatnonzero(self.sold_out_us <= horizon_us)
        row = np.concatenate([every, changed, out])
        start = np.concatenate([self.listed, self.repriced_us[changed], self.sold_out_us[out]])
        kind = np.repeat([0, 1, 2], [every.size, changed.size, out.size])
        order = np.lexsort((kind, start, row))
        row, start, kind = row[order], start[order], kind[order]
        leaves = [LEAVES[c] for c in self.category[row].tolist()]
        tags = pa.array([[STYLES[t] for t in pair] for pair in self.style.tolist()])
        columns = {
            "item_id": self.ids.take(pa.array(row)),
            "valid_from_us": start,
            "kind": pa.nulls(row.size, pa.string()),
            "title": pa.array(self.titles).take(pa.array(row)),
            "category": [leaf.name for leaf in leaves],
            "category_path": [f"{leaf.department}/{leaf.name}" for leaf in leaves],
            "brand": [brand_name(b) for b in self.brand[row].tolist()],
            "shop": [f"shop{number:04d}" for number in self.shop[row].tolist()],
            "price_fen": self.price_at(row, start),
            "list_price_fen": self.list_price[row],
            "currency": ["CNY"] * row.size,
            "stock": np.where(kind == 2, 0, self.stock[row]),
            "status": np.where(kind == 2, "off_sale", "on_sale"),
            "listed_us": self.listed[row],
            "expires_us": pa.array(self.expires[row], mask=self.expires[row] == NEVER),
            "style_tags": tags.take(pa.array(row)),
            "extra": pa.nulls(row.size, pa.string()),
        }
        return pa.table(columns).select(ITEMS.schema.names).cast(ITEMS.schema)

    def truth(self) -> pa.Table:
        """What no model may see of each item."""
        return pa.table({
            "item_id": self.ids,
            "category": self.category,
            "place": list(self.place),
            "price_level": self.level,
            "quality": self.quality,
            "fame": self.fame,
        })


def brand_name(number: int) -> str:
    """Name of a brand; numbers below 30 × 28 have names of their own.

    Examples
    --------
    >>> brand_name(0), brand_name(31)
    ('禾然', '云间')
    """
    heads, tails = len(BRAND_HEADS), len(BRAND_TAILS)
    return BRAND_HEADS[number % heads] + BRAND_TAILS[(number + number // heads) % tails]
