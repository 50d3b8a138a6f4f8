"""What references are measured from: medians, priors of rates, shares, price cuts, role means."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from features import events as e
from features.clock import DAY_US, BusinessZone
from features.counters import Days, Key
from features.lookups import Lookup
from features.online import Reading, State
from features.subjects import Keyed, Subjects, of_reading, sums

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Numbers = dict[str, tuple[float, ...]]

RATES: Mapping[str, tuple[str, str]] = MappingProxyType({
    "share_open": ("user.shares_opened", "user.shares"),
    "open_rate": ("user.opens_30", "user.received_30"),
    "gb_success": ("user.groups_filled", "user.groups_started"),
    "gb_joiner": ("user.groups_joined", "user.groups_viewed"),
})
"""Rates of a person: how often it happened, out of how many times it could."""

ROLES: Mapping[str, str] = MappingProxyType({
    "buyer": "user.orders_30",
    "sharer": "user.shares_30",
    "gb_leader": "user.groups_started_30",
    "gb_joiner": "user.groups_joined_30",
    "lurker": "user.views_30",
})
"""The act that makes each social role."""

TASTES: Mapping[Key, str] = MappingProxyType({
    Key.CATEGORY: "category.interest_30",
    Key.BRAND: "brand.interest_30",
    Key.SHOP: "shop.interest_30",
})
"""The counter that says how much a person likes something of each kind."""

SOLD_SPAN = Days(90)
"""Units sold this recently make the price cuts."""

FEW_UNITS = 20.0
"""A category's price spread counts as much as the global one once it sold this many units."""

WEAK_PRIOR = 4.0
"""Weight a + b of a prior where too few people tell how rates differ."""

GAP_DAYS = 60.0
"""Days between two orders of one person where nobody has ordered twice."""

_QUINTILES = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True)
class Sold:
    """Units sold, one row for each category and price.

    Parameters
    ----------
    categories : ndarray of str, shape (m,)
        Leaf categories.
    log_prices, units : ndarray, float64, shape (m,)
        Natural log of the unit price, and how many.
    """

    categories: npt.NDArray[np.object_]
    log_prices: Floats
    units: Floats

    @classmethod
    def of(cls, rows: "pa.Table") -> Self:
        """From the rows of ``sold``."""
        return cls(
            np.asarray(rows["category"].to_pylist(), dtype=np.object_),
            np.asarray(rows["log_price"], dtype=np.float64),
            np.asarray(rows["units"], dtype=np.float64),
        )


NOBODY = of_reading(Reading(State(), 0, BusinessZone()))
"""One person of whom nothing is known: adds nothing to any statistic."""

NOTHING_SOLD = Sold(np.zeros(0, np.object_), np.zeros(0), np.zeros(0))


def sold(facts: "ir.Table", at_us: int) -> "ir.Table":
    """Units sold in the days before an instant, by category and price.

    Parameters
    ----------
    facts : ibis Table
        Rows of ``features.facts.facts``.
    at_us : int
        The instant.

    Returns
    -------
    ibis Table
        ``category``, ``log_price``, ``units``; ordered.
    """
    rows = facts.filter(
        facts.event == e.ORDERED,
        facts.at_us >= at_us - int(SOLD_SPAN.us),
        facts.at_us < at_us,
        facts.category.notnull(),
        facts.log_price.notnull(),
        facts.quantity.fill_null(1.0) > 0,
    )
    by = ["category", "log_price"]
    return rows.group_by(by).aggregate(units=rows.quantity.fill_null(1.0).sum()).order_by(by)


def measure(people: Subjects, units: Sold) -> tuple[Numbers, dict[str, Lookup]]:
    """All references.

    Returns
    -------
    numbers : dict of str to tuple of float
        ``median.*``, ``prior.*`` (a, b), ``mean.*``, ``hours`` (24 shares), ``gap_days``, ``cuts``.
    lookups : dict of str to Lookup
        ``share.<key>`` by category, brand, shop; ``cuts`` by category.
    """
    people = people if len(people) else NOBODY
    whole, by_category = cuts(units)
    numbers = {**medians(people), **_priors(people), **_means(people)}
    numbers |= {"hours": hours(people), "gap_days": (gap(people),), "cuts": whole}
    lookups = {f"share.{key.word}": shares(people.keyed[key], name) for key, name in TASTES.items()}
    return numbers, {**lookups, "cuts": by_category}


def medians(people: Subjects) -> Numbers:
    """Medians of recency, frequency and money among buyers of the last 365 days."""
    buyers = people.number("user.orders_365") > 0
    columns = {
        "median.r_days": people.days_since("user.last_order"),
        "median.f_365": people.number("user.orders_365"),
        "median.m_365": people.number("user.spent_365"),
    }
    return {
        name: (float(np.nanmedian(column[buyers])) if buyers.any() else math.nan,)
        for name, column in columns.items()
    }


def _priors(people: Subjects) -> Numbers:
    return {
        f"prior.{rate}": beta_prior(people.number(k), people.number(n))
        for rate, (k, n) in RATES.items()
    }


def beta_prior(k: Floats, n: Floats) -> tuple[float, float]:
    """Beta prior of a rate by the method of moments.

    The spread of the rates k/n around their pooled mean, less what chance alone explains at these
    n, gives the correlation 1 / (a + b + 1) (Kleinman, 1973, "Proportions with extraneous
    variance", JASA 68).

    Parameters
    ----------
    k, n : ndarray, float64, shape (m,)
        Successes and trials of each person; people without trials do not count.

    Returns
    -------
    (float, float)
        a and b, with a + b between 1 and 1000.

    Examples
    --------
    >>> beta_prior(np.array([0.0, 10.0] * 50), np.full(100, 10.0))  # all or nothing: weak
    (0.5, 0.5)
    >>> a, b = beta_prior(np.full(100, 5.0), np.full(100, 10.0))  # all alike: strong
    >>> round(a), round(b)
    (500, 500)
    """
    n = np.maximum(k, n)
    k, n = k[n > 0], n[n > 0]
    trials = float(n.sum())
    rate = (float(k.sum()) + 1.0) / (trials + 2.0)
    room = trials - float((n**2).sum()) / trials - (len(n) - 1) if trials else 0.0
    if len(n) < 2 or room <= 0:
        return rate * WEAK_PRIOR, (1.0 - rate) * WEAK_PRIOR
    noise = rate * (1.0 - rate)
    spread = float((n * (k / n - rate) ** 2).sum()) / noise
    alike = float(np.clip((spread - (len(n) - 1)) / room, 1 / 1001, 0.5))
    weight = 1.0 / alike - 1.0
    return rate * weight, (1.0 - rate) * weight


def _means(people: Subjects) -> Numbers:
    return {f"mean.{role}": (float(people.number(name).mean()),) for role, name in ROLES.items()}


def hours(people: Subjects) -> tuple[float, ...]:
    """Shares of the population's acts by business hour, add-one smoothed; 24 of them."""
    table = people.keyed[Key.HOUR]
    places = np.array([int(name) for name in table.names], dtype=np.int64)[table.codes]
    acts = sums(places, table.values["hour.active_30"], 24) + 1.0
    return tuple((acts / acts.sum()).tolist())


def gap(people: Subjects) -> float:
    """Mean days between two orders of one person."""
    gaps = people.number("user.orders") - 1.0
    again = gaps > 0
    if not again.any():
        return GAP_DAYS
    span = people.number("user.last_order") - people.number("user.first_order")
    return float(np.nansum(span[again]) / gaps[again].sum() / DAY_US) or GAP_DAYS


def shares(table: Keyed, counter: str) -> Lookup:
    """Share of the population's interest that each category, brand or shop has."""
    liked = np.maximum(table.values[counter], 0.0)
    total = sums(table.codes, liked, len(table.names))
    whole = float(total.sum())
    if whole <= 0:
        return Lookup.of((), ())
    return Lookup.of(table.names, total / whole)


def cuts(units: Sold) -> tuple[tuple[float, ...], Lookup]:
    """Quintile cuts of log price: of everything, and of each category.

    A category keeps its own median; its spread around the median is shrunk to the spread of all
    categories where few units were sold.
    """
    if not len(units.units):
        return (math.nan,) * 4, Lookup.of((), ())
    order = np.lexsort((units.log_prices, units.categories.astype(str)))
    names = units.categories[order].astype(str)
    prices, weights = units.log_prices[order], units.units[order]
    found, starts = np.unique(names, return_index=True)
    groups = [*zip(np.split(prices, starts[1:]), np.split(weights, starts[1:]), strict=True)]
    centres = np.array([_quantiles(p, w, (0.5,))[0] for p, w in groups])
    sizes = np.diff([*starts, len(prices)])
    spread = _quantiles(prices - np.repeat(centres, sizes), weights, _QUINTILES)
    rows = []
    for centre, (p, w) in zip(centres, groups, strict=True):
        own = _quantiles(p, w, _QUINTILES) - centre
        count = float(w.sum())
        rows.append(centre + (count * own + FEW_UNITS * spread) / (count + FEW_UNITS))
    whole = _quantiles(prices, weights, _QUINTILES)
    return tuple(whole.tolist()), Lookup.of(found.tolist(), np.array(rows))


def _quantiles(values: Floats, weights: Floats, at: tuple[float, ...]) -> Floats:
    return np.asarray(
        np.quantile(values, at, weights=weights, method="inverted_cdf"), dtype=np.float64
    )
