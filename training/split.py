"""Splits by time, never by row: what came before a business day's start, and what came after."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from features.clock import BusinessZone, Refresh, format_instant
from features.errors import InputError

FEWEST = 3
"""Windows that a run needs: one that trains, one that validates, one that tests."""


@dataclass(frozen=True)
class Window:
    """A span of time: ``start_us`` inside, ``end_us`` outside."""

    start_us: int
    end_us: int

    def __str__(self) -> str:
        return f"{format_instant(self.start_us)[:10]} … {format_instant(self.end_us)[:10]}"

    def holds(self, at_us: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which instants lie inside."""
        return (at_us >= self.start_us) & (at_us < self.end_us)


def windows(
    at_us: npt.NDArray[np.int64], parts: Sequence[float], zone: BusinessZone
) -> list[Window]:
    """Cut time where given parts of the events have passed, at starts of business days.

    Cuts that fall on one day are one, as long as ``FEWEST`` remain.

    Parameters
    ----------
    at_us : ndarray, int64
        Instants of the events that are to be foretold.
    parts : sequence of float
        Ascending, below 1; the last window ends with the last event.
    zone : BusinessZone
        Where days begin.

    Raises
    ------
    InputError
        When there are too few days to cut.

    Examples
    --------
    >>> hours = np.arange(240) * 3_600_000_000
    >>> [str(one) for one in windows(hours, (0.5, 0.8), BusinessZone("UTC"))]
    ['1970-01-05 … 1970-01-08', '1970-01-08 … 1970-01-10']
    """
    if not len(at_us):
        raise InputError("no event to foretell", next_step="ingest orders or opened shares")
    wanted = zone.floor(np.quantile(at_us, parts).astype(np.int64), Refresh.DAY)
    cuts = np.unique(wanted[wanted > at_us.min()])
    edges = [*cuts.tolist(), int(at_us.max()) + 1]
    if len(cuts) < min(FEWEST, len(parts)):
        raise InputError(
            "too few days of history to split by time",
            expected=f"{min(FEWEST, len(parts))} cuts on different business days after the first",
            got=f"{len(np.unique(zone.day(at_us)))} days with events, cut at "
            + ", ".join(format_instant(cut)[:10] for cut in wanted),
            next_step="ingest a longer history, or set fewer cuts",
        )
    return [Window(start, end) for start, end in pairwise(edges)]
