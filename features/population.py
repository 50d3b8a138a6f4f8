"""What references are measured from: medians, priors of rates, shares, price cuts, role means."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from features import events as e
from features import lifetimes
from features.catalogue import CATALOGUE
from features.clock import DAY_US, BusinessZone
from features.counters import Days, Key
from features.lookups import Lookup
from features.online import State
from features.reading import Reading
from features.subjects import Keyed, Subjects, of_reading, sums

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Numbers = dict[str, tuple[float, ...]]

OPENERS = "pair.opened_by"
"""As the trials of a rate: the different people who opened a person's links."""

RATES: Mapping[str, tuple[str, str]] = MappingProxyType({
    "share_open": ("user.shares_opened", "user.shares"),
    "open_rate": ("user.opens_30", "user.received_30"),
    "gb_success": ("user.groups_filled", "user.groups_started"),
    "gb_joiner": ("user.groups_joined", "user.groups_viewed"),
    "gb_friends": ("pair.invited", "user.groups_joined"),
    "share_cvr": ("pair.sold", OPENERS),
    "led": ("pair.led_30", "user.orders_30"),
    "suscept": ("pair.led_30", "user.opens_30"),
    "fresh": ("user.fresh_30", "user.views_30"),
    "dealt": ("user.dealt_365", "user.orders_365"),
    "coupon": ("user.coupons_365", "user.orders_365"),
    "return": ("user.refunds_365", "user.orders_365"),
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

MANY_TRIALS = 100.0
"""Trials of which one at least should have succeeded, if there was anything to tell."""

WEAK_PRIOR = 4.0
"""Weight a + b of a prior where too few people tell how rates differ."""

GAP_DAYS = 60.0
"""Days between two orders of one person where nobody has ordered twice."""

ACTIVE_SPAN = 30.0
"""Business days before today of which ``user.active_days_30`` tells."""

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
        ``median.*``, ``prior.*`` (a, b), ``mean.*``, ``hours`` (24 shares), ``gap_days``, ``cuts``,
        ``lifetime.*`` (``features.lifetimes``), ``looks`` (views for each cart),
        ``poisson.shares`` (shape, and rate in days).
    lookups : dict of str to Lookup
        ``share.<key>`` by category, brand, shop; ``cuts`` by category.
    """
    people = people if len(people) else NOBODY
    whole, by_category = cuts(units)
    numbers = {**medians(people), **_priors(people), **_means(people), **lifetime(people)}
    numbers |= {"looks": (looks(people),), "poisson.shares": share_prior(people)}
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
    return {f"prior.{rate}": beta_prior(*tried(people, rate), noise=_noise(rate)) for rate in RATES}


def _noise(rate: str) -> float:
    """Variance of a count of chance over its mean: of a long stream decayed it is half."""
    return 0.5 if CATALOGUE[RATES[rate][1]].half_life else 1.0


def tried(people: Subjects, rate: str) -> tuple[Floats, Floats]:
    """Successes and trials of each person in one of ``RATES``; a success is a trial."""
    k, n = RATES[rate]
    done = with_others(people, k) if k.startswith(Key.PAIR.word) else people.number(k)
    trials = openers(people) if n == OPENERS else people.number(n)
    return done, np.maximum(done, trials)


def with_others(people: Subjects, name: str) -> Floats:
    """Sum over the people someone has to do with of a counter of pairs; shape (n,)."""
    table = people.keyed[Key.PAIR]
    return sums(table.owners, table.values[name], len(people))


def openers(people: Subjects) -> Floats:
    """How many different people opened links of each; shape (n,)."""
    table = people.keyed[Key.PAIR]
    once = (table.values[OPENERS] > 0).astype(np.float64)
    return sums(table.owners, once, len(people))


def lifetime(people: Subjects) -> Numbers:
    """Fit the models of ``features.lifetimes`` to everyone they are about."""
    buyers = people.number("user.orders") > 0
    paying = (people.number("user.orders_365") > 0) & (people.number("user.spent_365") > 0)
    count = people.number("user.orders_365")[paying]
    there = people.number("user.active_days_30") > 0
    return {
        "lifetime.orders": lifetimes.fit_orders(*(one[buyers] for one in orders(people))),
        "lifetime.spend": lifetimes.fit_spend(
            count, people.number("user.spent_365")[paying] / np.maximum(count, 1.0)
        ),
        "lifetime.days": lifetimes.fit_days(*(one[there] for one in active_days(people))),
    }


def orders(people: Subjects) -> tuple[Floats, Floats, Floats]:
    """Orders after the first, days from the first to the last, and to now; each of shape (n,)."""
    first = people.age_days("user.first_order")
    repeats = np.maximum(people.number("user.orders") - 1.0, 0.0)
    return repeats, first - people.age_days("user.last_order"), first


def active_days(people: Subjects) -> tuple[Ints, Ints, Ints]:
    """Of the last 31 business days: active ones, place of the last, days known; shape (n,)."""
    known = np.nan_to_num(people.days_since("user.first_active"), nan=0.0)
    days = np.minimum(known, ACTIVE_SPAN) + 1.0
    last = days - np.nan_to_num(people.days_since("user.last_active"), nan=0.0)
    active = np.minimum(people.number("user.active_days_30"), days)
    place = np.clip(last, active, days)
    return active.astype(np.int64), place.astype(np.int64), days.astype(np.int64)


def looks(people: Subjects) -> float:
    """Views for each cart, in the whole population; NaN without a cart."""
    carts = float(people.number("user.carts_30").sum())
    return float(people.number("user.views_30").sum()) / carts if carts > 0 else math.nan


def share_prior(people: Subjects) -> tuple[float, float]:
    """Gamma prior of shares a day by the method of moments: shape, and rate in days.

    A count decayed at a half-life H of a Poisson stream watched for long has the mean of H / ln 2
    days and half of that as its variance, for each share a day.
    """
    shares, days = people.number("user.shares_30"), watched(people)
    whole = float(days.sum())
    rate = (float(shares.sum()) + 1e-3) / (whole + 1.0)
    beyond = float(((shares - rate * days) ** 2).sum()) - rate * whole / 2.0
    even = rate**2 * float((days**2).sum())
    shape = float(np.clip(even / beyond, 0.02, 50.0)) if beyond > 0 and even > 0 else 1.0
    return shape, shape / rate


def watched(people: Subjects) -> Floats:
    """Days that a count with a half-life of 30 days stands for since a person came; shape (n,)."""
    age = np.nan_to_num(people.age_days("user.first_active"), nan=0.0)
    return np.asarray(30.0 / math.log(2) * (1.0 - 2.0 ** (-np.maximum(age, 0.0) / 30.0)))


def beta_prior(k: Floats, n: Floats, *, noise: float = 1.0) -> tuple[float, float]:
    """Beta prior of a rate by the method of moments.

    The spread of the rates k/n around their pooled mean, less what chance alone explains at these
    n, gives the correlation 1 / (a + b + 1) (Kleinman, 1973, "Proportions with extraneous
    variance", JASA 68).

    Parameters
    ----------
    k, n : ndarray, float64, shape (m,)
        Successes and trials of each person; people without trials do not count.
    noise : float
        Variance of the counts, were all people alike, over that of whole trials.

    Returns
    -------
    (float, float)
        a and b, with a + b between 1 and 1000; NaN where many tried and nobody succeeded, so that
        people cannot be told apart.

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
    if trials >= MANY_TRIALS and not k.any():
        return math.nan, math.nan
    spread = float((n * (k / n - rate) ** 2).sum()) / (rate * (1.0 - rate))
    alike = float(np.clip((spread - noise * (len(n) - 1)) / room, 1 / 1001, 0.5))
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
