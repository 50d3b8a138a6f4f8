"""What may be shown at all: to be had, asked for, fit for the person, not bought or refused."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.ids import UNKNOWN
from features.items import REGIONS, Items
from recsys.moment import Moment
from recsys.policy import FeedPolicy
from recsys.query import FeedQuery
from recsys.rhythm import Rhythm
from recsys.slate import Codes, Slate

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
        return admitted(slate.codes, query, items)


def admitted(codes: Codes, query: FeedQuery, items: Items) -> Kept:
    """Which items pass every filter of a request; bool, shape (n,)."""
    kept = np.ones(len(codes), dtype=np.bool_)
    for passed in _filters(codes, query, items).values():
        kept &= passed
    return kept


def shut(codes: Codes, query: FeedQuery, items: Items) -> tuple[str, ...]:
    """Filters that let nothing through: each that alone does, or else all, which contradict.

    Returns
    -------
    tuple of str
        ``category``, ``kind``, ``price_max``; empty where something passes.
    """
    found = _filters(codes, query, items)
    if not found or admitted(codes, query, items).any():
        return ()
    return tuple(name for name, passed in found.items() if not passed.any()) or tuple(found)


def _filters(codes: Codes, query: FeedQuery, items: Items) -> dict[str, Kept]:
    """Filter of the request → what it lets through."""
    found = {}
    for column, wanted in ((c.CATEGORY, query.category), ("kind", query.kind)):
        if wanted:
            named = items.names[column].codes(sorted(wanted))
            found[column] = np.isin(items.coded[column][codes], named[named != UNKNOWN])
    if query.price_max_fen is not None:
        price = items.price_fen[codes]
        found["price_max"] = (price >= 0) & (price <= query.price_max_fen)
    return found


@dataclass(frozen=True)
class NotBought:
    """Not bought before, where people hardly ever buy a thing twice; else not bought just now.

    Parameters
    ----------
    repeats : bool
        Whether people buy a thing again.
    rhythm : Rhythm, optional
        How soon at the earliest.
    """

    repeats: bool
    rhythm: Rhythm | None = None
    name = "bought"

    def apply(self, slate: Slate, query: FeedQuery, moment: Moment, items: Items) -> Kept:
        """Keep what the person never bought, or may want again by now."""
        bought = moment.bought
        if self.repeats:
            if moment.purchases is None or self.rhythm is None:
                return np.ones(len(slate), dtype=np.bool_)
            soon = moment.purchases.ages < self.rhythm.soonest(bought)
            bought = bought[soon]
        return ~np.isin(slate.codes, bought)


class NotRefused:
    """Not refused by the person lately, nor of a shop refused again and again."""

    name = "not_interested"

    def apply(self, slate: Slate, query: FeedQuery, moment: Moment, items: Items) -> Kept:
        """Keep what the person did not send away."""
        person = moment.person
        kept = ~np.isin(slate.codes, person.refused)
        if len(person.refused_shops):
            kept &= ~np.isin(items.coded[c.SHOP][slate.codes], person.refused_shops)
        return kept


class NotBlocked:
    """Not blocked by the shop itself.

    Parameters
    ----------
    policy : FeedPolicy
        Names items, shops and categories.
    """

    name = "blocked"

    def __init__(self, policy: FeedPolicy) -> None:
        self.policy = policy

    def apply(self, slate: Slate, query: FeedQuery, moment: Moment, items: Items) -> Kept:
        """Keep what nobody blocked."""
        kept = np.ones(len(slate), dtype=np.bool_)
        if self.policy.blocked_items:
            kept &= ~np.isin(slate.codes, items.ids.codes(self.policy.blocked_items))
        return kept & ~(
            _of(slate.codes, items, c.SHOP, self.policy.blocked_shops)
            | _of(slate.codes, items, c.CATEGORY, self.policy.blocked_categories)
        )


class ForAge:
    """Fit for the person's age.

    Parameters
    ----------
    policy : FeedPolicy
        Names what is not for minors.
    """

    name = "age"

    def __init__(self, policy: FeedPolicy) -> None:
        self.policy = policy

    def apply(self, slate: Slate, query: FeedQuery, moment: Moment, items: Items) -> Kept:
        """Keep what a minor may see; everything for others."""
        if not moment.person.minor:
            return np.ones(len(slate), dtype=np.bool_)
        return ~(
            _of(slate.codes, items, c.CATEGORY, self.policy.adult_categories)
            | _of(slate.codes, items, "kind", self.policy.minor_kinds)
        )


class InRegion:
    """Delivered to where the person is, if that is known."""

    name = "region"

    def apply(self, slate: Slate, query: FeedQuery, moment: Moment, items: Items) -> Kept:
        """Keep what has no regions or names one that the city's code begins with."""
        city = query.context.get("city")
        if not city or not len(items.names[REGIONS]):
            return np.ones(len(slate), dtype=np.bool_)
        names = items.names[REGIONS]
        sets = [names.name(code).split(",") for code in range(len(names))]
        served = np.array([any(city.startswith(one) for one in each) for each in sets] + [True])
        return served[items.coded[REGIONS][slate.codes]]  # −1, no regions: the last, everywhere


def _of(codes: Codes, items: Items, column: str, names: Sequence[str]) -> Kept:
    """Which items have one of some attributes."""
    if not names:
        return np.zeros(len(codes), dtype=np.bool_)
    found = items.names[column].codes(names)
    return np.isin(items.coded[column][codes], found[found != UNKNOWN])
