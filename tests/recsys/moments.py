"""Moments written by hand."""

import numpy as np

from features.ids import IdMap
from recsys.moment import Acts, FriendItems, Moment
from recsys.visitor import ANYBODY, Bought, Person


def acts(*rows: tuple[int, float, float], ordered: tuple[int, ...] = ()) -> Acts:
    """Acts of (code, weight, age in days); ``ordered``: the codes that were bought."""
    codes = np.array([row[0] for row in rows], dtype=np.int32)
    return Acts(
        codes,
        np.array([row[1] for row in rows], dtype=np.float64),
        np.isin(codes, ordered),
        np.array([row[2] for row in rows], dtype=np.float64),
    )


NOTHING = Acts.of([], IdMap.of([]), 0)


def moment(
    own: Acts = NOTHING,
    friends: tuple[tuple[float, Acts], ...] = (),
    bought: tuple[int, ...] = (),
    at_us: int = 0,
    purchased: Bought | None = None,
    person: Person = ANYBODY,
) -> Moment:
    """A moment of own acts, and of friends given with the strength of each tie."""
    codes = np.array(bought, dtype=np.int32)
    return Moment(at_us, own, FriendItems.of(friends), codes, purchased, person)


def purchases(*rows: tuple[int, float, float]) -> Bought:
    """Purchases of (code, times, days since the last)."""
    codes, times, ages = zip(*rows, strict=True)
    return Bought(np.array(codes, dtype=np.int32), np.array(times), np.array(ages))
