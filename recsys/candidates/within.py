"""What the request's own filters admit, the most wanted first: so that a filter finds its items."""

import numpy as np

from features.items import Items
from recsys.moment import Moment
from recsys.query import FeedQuery
from recsys.rules.arranging import best
from recsys.rules.eligibility import admitted
from recsys.slate import Slate, merge

WORTH = "item.interest_30"


class Within:
    """Looks through the whole catalogue, only for requests with filters.

    Parameters
    ----------
    items : Items
        The catalogue.
    """

    name = "filtered"

    def __init__(self, items: Items) -> None:
        self.items = items

    def add(self, slate: Slate, query: FeedQuery, moment: Moment) -> Slate:
        """The slate with the best of what the filters admit and can be had."""
        if not (query.category or query.kind or query.price_max_fen is not None):
            return slate
        everything = np.arange(len(self.items), dtype=np.int32)
        codes = np.flatnonzero(admitted(everything, query, self.items)).astype(np.int32)
        codes = codes[self.items.available(codes, moment.at_us)]
        codes = codes[~np.isin(codes, self.items.ids.codes(sorted(query.exclude)))]
        worth = np.asarray(self.items.counters[WORTH][codes], dtype=np.float64)
        chosen = best(worth, 2 * query.k)
        return merge([slate, Slate.of(codes[chosen], worth[chosen], self.name)])
