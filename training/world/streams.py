"""Random numbers: one seed, and a child stream for each mechanism and day.

A mechanism that is added later draws from streams of its own, so the draws of the others stay.
"""

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from features.errors import InputError


@dataclass(frozen=True)
class Streams:
    """Children of one seed.

    Parameters
    ----------
    seed : int
        Not negative.

    Raises
    ------
    InputError
        When the seed is negative.

    Examples
    --------
    >>> streams = Streams(7)
    >>> int(streams.of("feed", 3).integers(9)) == int(streams.of("feed", 3).integers(9))
    True
    >>> Streams(-1)
    Traceback (most recent call last):
    features.errors.InputError: the seed is negative (expected seed >= 0; got -1)
    """

    seed: int

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise InputError("the seed is negative", expected="seed >= 0", got=str(self.seed))

    def of(self, mechanism: str, day: int = -1) -> np.random.Generator:
        """Return the stream of a mechanism on a day; day -1 is before the world begins."""
        key = (crc32(mechanism.encode()), day + 1)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
