"""Leases: one holder at a time, lost unless renewed, and what the holder writes is fenced by it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event as Signal
from threading import Thread
from time import monotonic, sleep
from typing import Self
from uuid import uuid4

from features.errors import StoreError
from features.store.shared import scripts
from features.store.shared.link import Link

UPKEEP_MS = 10_000
WAIT_S = 600.0


class Fenced(StoreError):
    """The lease went to somebody else, so nothing was written."""


class Lease:
    """A key that its holder renews; every write of the holder's checks it within its script.

    Parameters
    ----------
    link : Link
        The server, whose clock alone counts.
    name : str
        The key.
    lasts_ms : int
        How long it stays without renewal.
    """

    def __init__(self, link: Link, name: str, lasts_ms: int) -> None:
        self.link = link
        self.key = link.key(name)
        self.lasts_ms = lasts_ms
        self.token = uuid4().hex
        self._renewed = 0.0

    def take(self) -> bool:
        """Take it if nobody else holds it."""
        return self._keep(may_take=True)

    def renew(self) -> None:
        """Keep it, asking the server as seldom as will do.

        Raises
        ------
        Fenced
            It is no longer held.
        """
        if monotonic() - self._renewed < self.lasts_ms / 4000:
            return
        if not self._keep(may_take=False):
            raise self.lost()

    def lost(self) -> Fenced:
        """Say that somebody else may hold it."""
        return Fenced(
            f"this process was stopped for longer than {self.lasts_ms} ms; another one goes on",
            next_step="retry",
        )

    def release(self) -> None:
        """Let the next one have it at once."""
        self.link.run(scripts.RELEASE, [self.key], [self.token])

    def _keep(self, *, may_take: bool) -> bool:
        now = monotonic()
        held = self.link.run(scripts.KEEP, [self.key], [self.token, self.lasts_ms, int(may_take)])
        self._renewed = now
        return bool(held)

    @classmethod
    @contextmanager
    def upkeep(cls, link: Link) -> Iterator[Self]:
        """Hold the one lease of those who load, seal or erase, and keep it meanwhile.

        Raises
        ------
        StoreError
            When somebody else holds it all the time.
        """
        lease = cls(link, "upkeep", UPKEEP_MS)
        until = monotonic() + WAIT_S
        while not lease.take():
            if monotonic() > until:
                raise StoreError(
                    f"{link.address} has been loaded or erased for {WAIT_S:.0f} s",
                    next_step="see which process does it",
                )
            sleep(0.02)
        stop = Signal()
        keeper = Thread(target=lease._keep_until, args=(stop,), name="huoren-lease", daemon=True)
        keeper.start()
        try:
            yield lease
        finally:
            stop.set()
            keeper.join()
            lease.release()

    def _keep_until(self, stop: Signal) -> None:
        while not stop.wait(self.lasts_ms / 4000):
            try:
                if not self._keep(may_take=False):
                    return  # the writes that follow are fenced
            except StoreError:
                continue
