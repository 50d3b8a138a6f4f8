"""What the states of people say at one instant: values of live counters."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from features.catalogue import CATALOGUE
from features.cells import value, values
from features.clock import BusinessZone
from features.counters import Counter, Key
from features.online import live
from features.states import State

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """A state read at one instant.

    Parameters
    ----------
    state : State
        Whose.
    at_us : int
        The instant; every value is as of it.
    zone : BusinessZone
        For day windows.
    """

    state: State
    at_us: int
    zone: BusinessZone

    def number(self, name: str, tail: str = "") -> float:
        """Value of the live counter ``name`` for one key tail."""
        counter = CATALOGUE[name]
        cells = self.state.cells.get(counter.key.word, {}).get(tail)
        cell = cells[live(counter.key).index(counter)] if cells else None
        return value(counter, cell, self.at_us, int(self.zone.day(self.at_us)))

    def column(self, name: str, tails: Sequence[str]) -> Floats:
        """Values of the live counter ``name`` for several key tails; float64, shape (n,)."""
        return self.columns([name], tails)[name]

    def columns(self, names: Collection[str], tails: Sequence[str]) -> dict[str, Floats]:
        """Values of live counters of one kind of key for several key tails, by counter name."""
        (word,) = {CATALOGUE[name].key.word for name in names}
        kept = [_kept(name) for name in names]
        places = [place for _, place in kept]
        opened = self.state.cells.rows(word, tails)  # they are asked for again and again
        rows = [[row[place] for place in places] if row else None for row in opened]
        return _valued(kept, rows, self.at_us, int(self.zone.day(self.at_us)))

    def table(
        self, key: Key, names: Collection[str] | None = None
    ) -> tuple[list[str], dict[str, Floats]]:
        """All keys of one kind, with their live counters.

        Parameters
        ----------
        key : Key
            Which kind.
        names : collection of str, optional
            The counters wanted; all live ones when left out.

        Returns
        -------
        tails : list of str
            Categories, brands, peers, …, n of them; [""] for USER.
        values : dict of str to ndarray, float64, shape (n,)
            One column for each counter.
        """
        counters = enumerate(live(key))
        kept = [(one, place) for place, one in counters if names is None or one.name in names]
        rows: Mapping[str, Sequence[Any]] = (
            self.state.cells.get(key.word, {})
            if names is None
            else self.state.cells.picked(key.word, tuple(place for _, place in kept))
        )
        if key is Key.USER and not rows:
            rows = {"": [None] * len(kept)}
        values = _valued(kept, list(rows.values()), self.at_us, int(self.zone.day(self.at_us)))
        return list(rows), values


def across(
    wanted: Sequence[tuple[str, str]], states: Sequence[State], at_us: int, zone: BusinessZone
) -> list[Floats]:
    """Values of live counters in many states.

    Parameters
    ----------
    wanted : sequence of (str, str)
        Counter and key tail.
    states : sequence of State, length n
        Each is decoded once, and no more of it than is wanted.
    at_us : int
        The instant.
    zone : BusinessZone
        For day windows.

    Returns
    -------
    list of ndarray, float64, shape (n,)
        One for each of the wanted.

    Examples
    --------
    >>> across([("user.orders", "")], [State(), State()], 0, BusinessZone())[0].tolist()
    [0.0, 0.0]
    """
    kept = [_kept(name) for name, _ in wanted]
    places = zip(kept, wanted, strict=True)
    glimpsed = tuple((counter.key.word, tail, place) for (counter, place), (_, tail) in places)
    rows = [state.cells.glimpse(glimpsed) for state in states]
    day = int(zone.day(at_us))
    columns: Any = zip(*rows, strict=True) if rows else [()] * len(kept)
    return [values(one, own, at_us, day) for (one, _), own in zip(kept, columns, strict=True)]


def _valued(
    kept: Sequence[tuple[Counter, int]], rows: Sequence[Sequence[Any] | None], at_us: int, day: int
) -> dict[str, Floats]:
    """Values of counters, given their cells of many keys."""
    columns = zip(*(row or [None] * len(kept) for row in rows), strict=True) if rows else None
    cells = columns or [()] * len(kept)
    return {
        counter.name: values(counter, list(own), at_us, day)
        for (counter, _), own in zip(kept, cells, strict=True)
    }


@cache
def _kept(name: str) -> tuple[Counter, int]:
    """A live counter, and the place of its cell."""
    counter = CATALOGUE[name]
    return counter, live(counter.key).index(counter)
