"""Experiments: who falls into which arm, decided by a salted hash and remembered by nobody."""

from collections.abc import Mapping
from dataclasses import dataclass

import xxhash

from features.errors import InputError

BUCKETS = 10_000
"""People fall into so many buckets of one salt."""


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
