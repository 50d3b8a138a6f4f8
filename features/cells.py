"""One cell: what a state keeps of one live counter for one key.

It is the smallest thing from which the value at any later instant follows:

===========  ==================================================
decayed      ``[value, at_us]``: the sum as of the newest event
window       ``{day: sum}`` for each business day still inside
distinct     ``{value: last business day}``; over all time too
over all     ``[sum]``
last, first  ``[value, at_us]``
===========  ==================================================

Late events are added where they belong; only days that no later window can see are dropped.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.counters import Counter

Cell = Any
Cells = list[Cell]

Fact = Mapping[str, Any]
"""One event with what its item, its user and the business calendar add."""

Adder = Callable[[Cell, Fact], Cell]


def adder(counter: Counter, event: str) -> Adder:
    """What one event of this name does to a cell of the counter."""
    if counter.last or counter.first:
        return partial(_extreme, counter)
    if counter.distinct:
        return partial(_seen, counter)
    weight, column = counter.events[event], counter.value or ""
    put = _putter(counter)

    def add(cell: Cell, row: Fact) -> Cell:
        return put(cell, row, weight)

    def add_times(cell: Cell, row: Fact) -> Cell:
        number = row[column]
        return cell if number is None else put(cell, row, weight * number)

    return add_times if column else add


def _putter(counter: Counter) -> Callable[[Cell, Fact, float], Cell]:
    if counter.window:
        days = int(counter.window.days)
        return lambda cell, row, weight: _bucketed(cell, row["day"], weight, days)
    if counter.half_life is None:
        return lambda cell, row, weight: [(cell[0] if cell else 0.0) + weight]
    half_life_us = counter.half_life.us

    def decayed(cell: Cell, row: Fact, weight: float) -> Cell:
        at_us = row[c.AT]
        if cell is None:
            return [weight, at_us]
        value, newest = cell
        if at_us >= newest:
            return [value * 2.0 ** (-(at_us - newest) / half_life_us) + weight, at_us]
        return [value + weight * 2.0 ** (-(newest - at_us) / half_life_us), newest]

    return decayed


def _bucketed(cell: Cell, day: int, weight: float, days: int) -> Cell:
    buckets: dict[int, float] = cell or {}
    buckets[day] = buckets.get(day, 0.0) + weight
    if len(buckets) > days + 2:
        oldest = max(buckets) - days
        buckets = {at: total for at, total in buckets.items() if at >= oldest}
    return buckets


def _seen(counter: Counter, cell: Cell, row: Fact) -> Cell:
    value = row[counter.distinct or ""]
    if value is None:
        return cell
    days: dict[str, int] = cell or {}
    days[str(value)] = max(days.get(str(value), row["day"]), row["day"])
    if counter.window and len(days) > 4 * counter.window.days:
        oldest = max(days.values()) - counter.window.days
        days = {seen: day for seen, day in days.items() if day >= oldest}
    return days


def _extreme(counter: Counter, cell: Cell, row: Fact) -> Cell:
    value = row[counter.last or counter.first or ""]
    if value is None:
        return cell
    found = [value, row[c.AT]]
    if cell is None:
        return found
    mine, theirs = (found[1], found[0]), (cell[1], cell[0])
    later = mine > theirs if counter.last else (-mine[0], mine[1]) > (-theirs[0], theirs[1])
    return found if later else cell


def value(counter: Counter, cell: Cell, at_us: int, day: int) -> float:
    """Value of one cell at an instant.

    Parameters
    ----------
    counter : Counter
        Whose cell it is.
    cell : cell or None
        None where no event matched.
    at_us, day : int
        The instant and its business day.

    Returns
    -------
    float
        0 where nothing matched; NaN for an absent or textual first or last value.
    """
    if counter.last or counter.first:
        return float(cell[0]) if cell and not isinstance(cell[0], str) else math.nan
    if cell is None:
        return 0.0
    if counter.distinct:
        oldest = day - counter.window.days if counter.window else -math.inf
        return float(sum(seen >= oldest for seen in cell.values()))
    if counter.window:
        oldest = day - counter.window.days
        return float(sum(total for bucket, total in cell.items() if bucket >= oldest))
    if counter.half_life is None:
        return float(cell[0])
    return float(cell[0] * 2.0 ** (-(at_us - cell[1]) / counter.half_life.us))


def values(
    counter: Counter, cells: Sequence[Cell], at_us: int, day: int
) -> npt.NDArray[np.float64]:
    """Values of many cells of one counter at an instant; as ``value`` one by one.

    Parameters
    ----------
    counter : Counter
        Whose cells they are.
    cells : sequence of cell or None, length n
        None where no event matched.
    at_us, day : int
        The instant and its business day.

    Returns
    -------
    ndarray, float64, shape (n,)
    """
    if counter.distinct or counter.window:
        return np.array([value(counter, cell, at_us, day) for cell in cells], dtype=np.float64)
    if counter.last or counter.first:
        told = [cell[0] if cell else math.nan for cell in cells]
        numbers = [math.nan if isinstance(one, str) else one for one in told]
        return np.array(numbers, dtype=np.float64)
    if counter.half_life is None:
        return np.array([cell[0] if cell else 0.0 for cell in cells], dtype=np.float64)
    sums = np.array([cell[0] if cell else 0.0 for cell in cells], dtype=np.float64)
    newest = np.array([cell[1] if cell else at_us for cell in cells], dtype=np.float64)
    decayed: npt.NDArray[np.float64] = sums * 2.0 ** (-(at_us - newest) / counter.half_life.us)
    return decayed
