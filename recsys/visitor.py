"""Who somebody is at one instant, beside the acts: purchases, refusals, tier, age, group buys."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from features.clock import DAY_US
from features.counters import Key
from features.ids import IdMap
from features.reading import Reading

Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bought:
    """Everything a person ever bought.

    Parameters
    ----------
    codes : ndarray, int32, shape (m,)
        Distinct items, ascending.
    times : ndarray, float64, shape (m,)
        How often each was bought.
    ages : ndarray, float64, shape (m,)
        Days since the last time.
    """

    codes: Codes
    times: Floats
    ages: Floats


@dataclass(frozen=True)
class Person:
    """What a moment knows of the person beside the acts.

    Parameters
    ----------
    tier : str
        Of the city; empty: unknown.
    minor : bool
        Whether the person is under age.
    refused : ndarray, int32
        Items of which the person lately wanted no more, ascending.
    refused_shops : ndarray, int32
        Shops whose items the person refused again and again, ascending.
    """

    tier: str = ""
    minor: bool = False
    refused: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    refused_shops: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int32))


@dataclass(frozen=True)
class FriendGroups:
    """Items that friends have open group buys of, those of the closest first.

    Parameters
    ----------
    codes : ndarray, int32, shape (g,)
        Distinct items.
    score : ndarray, float64, shape (g,)
        Strength of the ties to those who are in, descending.
    count : ndarray, float64, shape (g,)
        How many friends are in.
    """

    codes: Codes
    score: Floats
    count: Floats


NO_GROUPS = FriendGroups(np.zeros(0, dtype=np.int32), np.zeros(0), np.zeros(0))
"""What nobody buys together."""

ANYBODY = Person()
"""Somebody of whom nothing is known."""

ADULT_YEARS = 18
"""Age from which on a person is no minor."""

REFUSED = 0.5
"""Decayed number of refusals of an item from which on it is not shown: one counts for 30 days."""

REFUSED_SHOP = 2.5
"""The same for a shop: three at once, and more if they are old."""


_TOUCHED = frozenset({"touch.orders", "touch.dismissed_30", "touch.last_order"})


def minor(birth_year: str | None, at_us: int) -> bool:
    """Whether somebody of that birth year may be under age.

    Examples
    --------
    >>> minor("2010", 1_780_000_000_000_000), minor("2000", 1_780_000_000_000_000), minor(None, 0)
    (True, False, False)
    """
    if not birth_year:
        return False
    year = 1970 + at_us / (365.2425 * DAY_US)
    return int(year) - int(float(birth_year)) <= ADULT_YEARS


def of_groups(open_groups: Sequence[tuple[str, float]], ids: IdMap) -> FriendGroups:
    """Open group buys, given as item and strength of the tie of each friend who is in.

    Examples
    --------
    >>> known = IdMap.of(["a", "b"])
    >>> found = of_groups([("a", 0.5), ("b", 1.0), ("a", 0.7), ("ghost", 9.0)], known)
    >>> found.score.tolist(), found.count.tolist()
    ([1.2, 1.0], [2.0, 1.0])
    """
    codes = ids.codes([item for item, _ in open_groups])
    known = codes >= 0
    if not known.any():
        return NO_GROUPS
    strength = np.array([one for _, one in open_groups], dtype=np.float64)[known]
    items, place = np.unique(codes[known], return_inverse=True)
    score = np.bincount(place, strength, minlength=len(items)).astype(np.float64)
    order = np.argsort(-score, kind="stable")
    count = np.bincount(place, minlength=len(items)).astype(np.float64)
    return FriendGroups(items[order].astype(np.int32), score[order], count[order])


def touched(reading: Reading, ids: IdMap) -> tuple[Bought, Codes]:
    """What the person bought, and which items the person refused."""
    tails, values = reading.table(Key.TOUCH, _TOUCHED)
    codes = ids.codes(tails)
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    known = codes >= 0
    bought = known & (values["touch.orders"][order] > 0)
    refused = known & (values["touch.dismissed_30"][order] >= REFUSED)
    found = Bought(
        codes[bought],
        values["touch.orders"][order][bought],
        (reading.at_us - values["touch.last_order"][order][bought]) / DAY_US,
    )
    return found, codes[refused]


def refused_shops(reading: Reading, shops: IdMap | None) -> Codes:
    """Shops whose items the person refused again and again, ascending."""
    rows = reading.state.cells.get(Key.SHOP.word)
    if shops is None or not rows:
        return np.zeros(0, dtype=np.int32)
    tails = list(rows)
    often = reading.column("shop.dismissed_30", tails) >= REFUSED_SHOP
    codes = shops.codes([tail for tail, one in zip(tails, often, strict=True) if one])
    return np.sort(codes[codes >= 0])
