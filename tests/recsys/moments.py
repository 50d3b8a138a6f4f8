"""Moments written by hand."""

import numpy as np

from features.ids import IdMap
from recsys.moment import Acts, FriendItems, Moment


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
) -> Moment:
    """A moment of own acts, and of friends given with the strength of each tie."""
    return Moment(at_us, own, FriendItems.of(friends), np.array(bought, dtype=np.int32))
