"""What may be shown at all: to be had, asked for, not excluded, not bought already."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.ids import UNKNOWN
from features.items import Items
from recsys.moment import Moment
from recsys.query import FeedQuery
from recsys.slate import Slate

Kept = npt.NDArray[np.bool_]


class Available:
    """On sale, in stock, listed, not expired."""

    name = "not_available"

    def apply(self, slate: Slate, query: FeedQuery, moment: Moment, items: Items) -> Kept:
        """Keep what can be had at the instant."""
        return items.available(slate.codes, moment.at_us)


class NotExcluded:
    """Not on the request's own list, such as earlier pages."""

    name = "excluded"

    def apply(self, slate: Slate, query: FeedQuery, moment: Moment, items: Items) -> Kept:
        """Keep what the request does not exclude."""
        return ~np.isin(slate.codes, items.ids.codes(sorted(query.exclude)))


class AskedFor:
    """Inside the request's filters."""

    name = "filtered"

    def apply(self, slate: Slate, query: FeedQuery, moment: Moment, items: Items) -> Kept:
        """Keep what every filter admits; an unknown attribute passes no filter."""
        kept = np.ones(len(slate), dtype=np.bool_)
        for column, wanted in ((c.CATEGORY, query.category), ("kind", query.kind)):
            if wanted:
                codes = items.names[column].codes(sorted(wanted))
                kept &= np.isin(items.coded[column][slate.codes], codes[codes != UNKNOWN])
        if query.price_max_fen is not None:
            price = items.price_fen[slate.codes]
            kept &= (price >= 0) & (price <= query.price_max_fen)
        return kept


@dataclass(frozen=True)
class NotBought:
    """Not bought before, where people hardly ever buy a thing twice."""

    repeats: bool
    name = "bought"

    def apply(self, slate: Slate, query: FeedQuery, moment: Moment, items: Items) -> Kept:
        """Keep what the person never bought; everything where purchases repeat."""
        if self.repeats:
            return np.ones(len(slate), dtype=np.bool_)
        return ~np.isin(slate.codes, moment.bought)
