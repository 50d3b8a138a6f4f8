"""Admission: what cannot be answered soon is refused at once, so that the rest stays fast.

A worker computes one recommendation at a time, and between two of them the event loop accepts and
reads all that came meanwhile: nobody waits unseen in a socket. The wait of a new request is
estimated as the number of requests already waiting times the mean time one took lately; beyond the
bound it gets ``overloaded`` with ``Retry-After``.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from serving.backlog import Backlog
from serving.errors import Refusal

_FEW = 3
"""So many may always wait, however slow the last ones were."""

_MEMORY = 0.05  # weight of the newest time in the mean

_ROUNDS = 256
"""Of the event loop between two turns at most; each may accept no more than one connection."""

_READ = 2
"""Rounds until what was accepted last is read and looked at."""


class Admission:
    """The queue in front of the recommendations of one worker.

    Parameters
    ----------
    bound_ms : float
        Longest estimated wait, in milliseconds.
    """

    def __init__(self, bound_ms: float) -> None:
        self.bound = bound_ms / 1e3
        self.waiting = 0
        self.mean = 0.0  # seconds of one request, with those refused in between
        self._computing = asyncio.Lock()
        self._backlog = Backlog()

    def check(self) -> None:
        """Refuse when the wait would be too long.

        Raises
        ------
        Refusal
            ``overloaded``.
        """
        wait = self.waiting * self.mean
        if self.waiting >= _FEW and wait > self.bound:
            raise Refusal(
                "overloaded",
                f"{self.waiting} requests wait, about {wait * 1e3:.0f} ms",
                headers={"Retry-After": "1"},
            )

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn to compute; turns come in the order of arrival.

        Raises
        ------
        Refusal
            ``overloaded``.
        """
        self.check()
        self.waiting += 1
        try:
            async with self._computing:
                started = time.perf_counter()
                await self._let_in()
                yield
                self.mean += _MEMORY * (time.perf_counter() - started - self.mean)
        finally:
            self.waiting -= 1

    async def _let_in(self) -> None:
        """Accept, read and perhaps refuse whoever came during the last turn."""
        await asyncio.sleep(0)
        accepted = 0
        while self._backlog.waiting() and accepted < _ROUNDS:
            accepted += 1
            await asyncio.sleep(0)
        for _ in range(_READ if accepted else 0):
            await asyncio.sleep(0)
