"""One pass over sorted events and sorted examples: the compiled part of ``features.points``.

Events come as ``codes`` (number of the key, int64, ascending) and ``moments`` (instants, int64,
ascending within a key); examples as ``asked_codes`` and ``asked_at`` in the same order. Every scan
returns float64 of the examples' length, counting events strictly before each example.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

P = ParamSpec("P")
T = TypeVar("T")


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Compile a function of arrays, once for all runs; threads may run it side by side."""
    made: Any = numba.njit(cache=True, nogil=True)(function)
    return made  # type: ignore[no-any-return]


@compiled
def decayed(
    codes: Ints,
    moments: Ints,
    amounts: Floats,
    asked_codes: Ints,
    asked_at: Ints,
    half_life_us: float,
) -> Floats:
    """Decayed sums; an infinite half-life gives plain sums."""
    out = np.zeros(len(asked_codes))
    i, key, value, newest = 0, -1, 0.0, 0
    for q in range(len(asked_codes)):
        if asked_codes[q] != key:
            key, value, newest = asked_codes[q], 0.0, 0
            while i < len(codes) and codes[i] < key:
                i += 1
        while i < len(codes) and codes[i] == key and moments[i] < asked_at[q]:
            value = value * 2.0 ** (-(moments[i] - newest) / half_life_us) + amounts[i]
            newest = moments[i]
            i += 1
        out[q] = value * 2.0 ** (-(asked_at[q] - newest) / half_life_us)
    return out


@compiled
def window(
    codes: Ints,
    moments: Ints,
    days: Ints,
    amounts: Floats,
    asked_codes: Ints,
    asked_at: Ints,
    asked_days: Ints,
    span: int,
) -> Floats:
    """Sums over the last ``span`` business days and today."""
    out = np.zeros(len(asked_codes))
    i, j, key, value = 0, 0, -1, 0.0
    for q in range(len(asked_codes)):
        if asked_codes[q] != key:
            key, value = asked_codes[q], 0.0
            while i < len(codes) and codes[i] < key:
                i += 1
            j = i
        while i < len(codes) and codes[i] == key and moments[i] < asked_at[q]:
            value += amounts[i]
            i += 1
        while j < i and days[j] < asked_days[q] - span:
            value -= amounts[j]
            j += 1
        out[q] = value
    return out


@compiled
def distinct(
    codes: Ints,
    moments: Ints,
    days: Ints,
    pairs: Ints,
    asked_codes: Ints,
    asked_at: Ints,
    asked_days: Ints,
    span: int,
) -> Floats:
    """Numbers of distinct values (numbered ``pairs``) over the last days and today."""
    out = np.zeros(len(asked_codes))
    inside = np.zeros(pairs.max() + 1 if len(pairs) else 1, dtype=np.int64)
    i, j, key, count = 0, 0, -1, 0
    for q in range(len(asked_codes)):
        if asked_codes[q] != key:
            key, count = asked_codes[q], 0
            while i < len(codes) and codes[i] < key:
                i += 1
            j = i
        while i < len(codes) and codes[i] == key and moments[i] < asked_at[q]:
            inside[pairs[i]] += 1
            count += inside[pairs[i]] == 1
            i += 1
        while j < i and days[j] < asked_days[q] - span:
            inside[pairs[j]] -= 1
            count -= inside[pairs[j]] == 0
            j += 1
        out[q] = count
    return out


@compiled
def latest(
    codes: Ints, moments: Ints, numbers: Floats, asked_codes: Ints, asked_at: Ints
) -> Floats:
    """Latest numbers; of equal instants the largest."""
    out = np.full(len(asked_codes), np.nan)
    i, key, value, newest = 0, -1, np.nan, 0
    for q in range(len(asked_codes)):
        if asked_codes[q] != key:
            key, value, newest = asked_codes[q], np.nan, 0
            while i < len(codes) and codes[i] < key:
                i += 1
        while i < len(codes) and codes[i] == key and moments[i] < asked_at[q]:
            if np.isnan(value) or moments[i] > newest or numbers[i] > value:
                value = numbers[i]
            newest = moments[i]
            i += 1
        out[q] = value
    return out


@compiled
def earliest(
    codes: Ints, moments: Ints, numbers: Floats, asked_codes: Ints, asked_at: Ints
) -> Floats:
    """Earliest numbers; of equal instants the largest."""
    out = np.full(len(asked_codes), np.nan)
    i, key, value, oldest = 0, -1, np.nan, 0
    for q in range(len(asked_codes)):
        if asked_codes[q] != key:
            key, value, oldest = asked_codes[q], np.nan, 0
            while i < len(codes) and codes[i] < key:
                i += 1
        while i < len(codes) and codes[i] == key and moments[i] < asked_at[q]:
            if np.isnan(value) or (moments[i] == oldest and numbers[i] > value):
                value, oldest = numbers[i], moments[i]
            i += 1
        out[q] = value
    return out
