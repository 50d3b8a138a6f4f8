"""The applier of a keyspace: of the processes that stand by, the one that holds the lease."""

import logging
from threading import Event as Signal
from threading import Thread

from features.errors import HuorenError, StoreError
from features.store.projection import Projection
from features.store.shared.generations import SharedGenerations
from features.store.shared.lease import Fenced, Lease
from features.store.shared.states import Replaced, SharedStates

_LOG = logging.getLogger(__name__)

BATCH = 200
LEASE_MS = 3_000
STAND_BY_S = 0.1
WAIT_MS = 100
"""How long the server may hold back its answer that nothing is new."""


class SharedApplier:
    """Applies the log of a keyspace while it holds the lease.

    Parameters
    ----------
    generations : SharedGenerations
        Where the states are.
    kept_bytes : int
        States kept decoded, by their encoded size.
    lease_ms : int
        After so long without a sign of life another one takes over.
    """

    def __init__(
        self, generations: SharedGenerations, kept_bytes: int, lease_ms: int = LEASE_MS
    ) -> None:
        self.generations = generations
        self.kept_bytes = kept_bytes
        self.lease = Lease(generations.link, "applier", lease_ms)
        self._stop = Signal()
        self._thread = Thread(target=self._stand_by, name="huoren-applier", daemon=True)

    def start(self) -> None:
        """Stand by."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch under way and give the lease to whoever stands by."""
        self._stop.set()
        self._thread.join()

    def _stand_by(self) -> None:
        failed = False
        while not self._stop.is_set():
            try:
                if self.lease.take():
                    failed = False
                    self._apply()
                    self.lease.release()
            except Fenced:
                _LOG.warning("the lease of the online states was lost; standing by")
            except HuorenError:
                if not failed:
                    _LOG.exception("the online states cannot be brought up to date; trying again")
                failed = True
            self._stop.wait(STAND_BY_S)

    def _apply(self) -> None:
        while not self._stop.is_set():
            try:
                self._apply_one_generation()
            except Replaced:
                continue

    def _apply_one_generation(self) -> None:
        place = self.generations.place()
        if place is None:
            raise StoreError("there are no online states", next_step="open the store again")
        states = SharedStates(place, self.lease, in_force=True)
        projection = Projection(states, self.generations.zone, self.kept_bytes)
        while not self._stop.is_set():
            self.lease.renew()
            entries = self.generations.log.wait(projection.applied_seq, BATCH, WAIT_MS)
            if entries:
                projection.apply(entries)
            elif self.generations.place() != place:
                return
