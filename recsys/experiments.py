"""Experiments: who falls into which arm, decided by a salted hash and remembered by nobody."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import xxhash

from features.errors import InputError

BUCKETS = 10_000
"""People fall into so many buckets of one salt."""

_SURE = NormalDist().inv_cdf(0.975)

_MOST = 1e12
"""People above which a size is no answer."""
"""At 5 %, two-sided."""


def bucket(salt: str, user_id: str) -> int:
    """Where a person falls under a salt, 0 to 9999; the same on every engine and machine.

    Examples
    --------
    >>> bucket("spring", "u1"), bucket("autumn", "u1")
    (8777, 2116)
    """
    return xxhash.xxh64_intdigest(f"{salt}\0{user_id}".encode()) % BUCKETS


@dataclass(frozen=True)
class Experiment:
    """Arms and their shares.

    Parameters
    ----------
    name : str
        Also the salt: two experiments divide people independently of each other.
    arms : mapping of str to float
        Percent of people in each arm, in order; whoever is beyond their sum is in no arm.

    Raises
    ------
    InputError
        When the shares cannot be.

    Examples
    --------
    >>> halves = Experiment("new ranker", {"control": 50.0, "treatment": 50.0})
    >>> halves.arm("u1"), halves.arm("u3"), halves.arm("u1")
    ('treatment', 'control', 'treatment')
    >>> Experiment("too much", {"a": 60.0, "b": 50.0})
    Traceback (most recent call last):
    features.errors.InputError: too much: shares of arms (expected positive, at most 100 ...
    """

    name: str
    arms: Mapping[str, float]

    def __post_init__(self) -> None:
        shares = list(self.arms.values())
        if not shares or min(shares) <= 0 or sum(shares) > 100.0 + 1e-9:
            raise InputError(
                f"{self.name}: shares of arms",
                expected="positive, at most 100 percent together",
                got=", ".join(f"{name} {share:g}" for name, share in self.arms.items()),
            )

    def arm(self, user_id: str) -> str | None:
        """The arm of a person, the same each time; None outside the experiment.

        A larger share of the last arm keeps everybody who is in an arm already where they are.
        """
        place, end = bucket(self.name, user_id), 0.0
        for name, share in self.arms.items():
            end += share / 100.0 * BUCKETS
            if place < end:
                return name
        return None


def people_needed(rate: float, relative: float, power: float = 0.8) -> int:
    """People for each of two equal arms to see a lift.

    Parameters
    ----------
    rate : float
        Share of people who do it anyway, 0 to 1.
    relative : float
        Lift over it that should be seen, such as 0.1.
    power : float
        Chance to see it at 5 %, two-sided.

    Raises
    ------
    InputError
        When the rates cannot be, or differ by less than any number of people could tell.

    Examples
    --------
    >>> people_needed(0.10, 0.20)
    3841
    """
    lifted = rate * (1 + relative)
    if not 0 < rate < 1 or not 0 < lifted < 1 or relative == 0 or not 0 < power < 1:
        raise InputError(
            "no possible rates",
            expected="rate and lifted rate within 0 and 1, a lift that is not 0",
            got=f"rate {rate:g}, relative lift {relative:g}, power {power:g}",
        )
    middle = (rate + lifted) / 2
    both = math.sqrt(2 * middle * (1 - middle)) * _SURE
    own = math.sqrt(rate * (1 - rate) + lifted * (1 - lifted)) * NormalDist().inv_cdf(power)
    apart = abs(lifted - rate)
    if apart * _MOST**0.5 <= abs(both + own):
        raise InputError(
            "nobody has so many people",
            expected=f"a lift that at most {_MOST:.0e} people show",
            got=f"rate {rate:g}, relative lift {relative:g}",
        )
    return math.ceil(((both + own) / apart) ** 2)
