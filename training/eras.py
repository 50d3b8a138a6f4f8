"""The history as ids were linked at the time: what was linked later is not known earlier.

``Past`` puts everybody under the main id as of the end of the history. A row of an earlier instant
must not know of a link that was made since. So the time is cut where something was said about ids;
each piece, an era, is read with the links that were in force when it began.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

import ibis.expr.types as ir
import numpy as np

from features.clock import Int64s

Held = TypeVar("Held")
"""The history of one era."""

FEWEST, MOST = 4, 8
"""Eras at most, by the size of the history: each holds the facts of it."""

HELD = 20_000_000
"""Rows of facts held at once, unless that allowed fewer than ``FEWEST`` eras."""


class Eras(Generic[Held]):
    """Spans of time in which ids are linked as they were at the beginning.

    Parameters
    ----------
    links_us : ndarray, int64, ascending
        Different instants at which something was said about ids.
    most : int
        Eras at most besides the last. Where more was said, an era begins at every so many of these
        instants, and its rows learn of later links at the next.
    open_at : callable
        Instant → history with the links known just before it, and its facts.

    Examples
    --------
    >>> eras = Eras(np.array([10, 20, 30]), 2, lambda at_us: (at_us, None))
    >>> [(era, rows.tolist()) for era, rows in eras.apart(np.array([5, 10, 25, 31]), "last")]
    [(0, [0, 1]), (11, [2]), ('last', [3])]
    """

    def __init__(
        self, links_us: Int64s, most: int, open_at: Callable[[int], tuple[Held, ir.Table]]
    ) -> None:
        began = np.append(0, links_us + 1)
        places = np.unique(np.linspace(0, len(began) - 1, most + 1).astype(np.int64))
        self.began = began[places]
        self._open = open_at
        self._opened: dict[int, tuple[Held, ir.Table]] = {}

    def at(self, at_us: int) -> tuple[Held, ir.Table] | None:
        """The history of the era of an instant; None for the last one."""
        place = int(np.searchsorted(self.began, at_us, side="right")) - 1
        if place == len(self.began) - 1:
            return None
        if place not in self._opened:
            self._opened[place] = self._open(int(self.began[place]))
        return self._opened[place]

    def apart(self, at_us: Int64s, last: Held) -> Iterator[tuple[Held, Int64s]]:
        """Each era that instants lie in, with the places of those; ``last`` stands for the last."""
        places = np.searchsorted(self.began, at_us, side="right") - 1
        for place in np.unique(places).tolist():
            opened = self.at(int(self.began[place]))
            yield (last if opened is None else opened[0]), np.flatnonzero(places == place)


def under(mains: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """Main ids.

    Examples
    --------
    >>> under({"b": "a"}, ["b", "c"])
    ['a', 'c']
    """
    return [mains.get(name, name) for name in names]
