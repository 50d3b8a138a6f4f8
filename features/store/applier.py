"""The applier: of the processes that stand by, the one that holds the lock applies the log."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from time import monotonic

from features.errors import HuorenError
from features.store.files import Lock, connect
from features.store.generations import Generations
from features.store.log import Log
from features.store.projection import KEPT_BYTES, Projection
from features.store.statefile import StateFile

_LOG = logging.getLogger(__name__)

BATCH = 50
STAND_BY_S = 0.1
POLL_S = 0.002
"""How long an entry of another process may wait to be seen; idle polls grow to ``IDLE_S``."""
IDLE_S = 0.01
CHECKPOINT_S = 0.5
WAL_BYTES = 4 << 20
"""A write-ahead file below this is left alone."""


class Applier:
    """Applies the log of a home while it holds the home's lock.

    Parameters
    ----------
    log : Log
        What is applied.
    generations : Generations
        Where the states are.
    kept_bytes : int
        States kept decoded, by their encoded size.
    """

    def __init__(self, log: Log, generations: Generations, kept_bytes: int = KEPT_BYTES) -> None:
        self.kept_bytes = kept_bytes
        self.log = log
        self.generations = generations
        self.appended = Signal()
        self._stop = Signal()
        self._lock = Lock(generations.home.state / "applier.lock")
        self._threads = [
            Thread(target=self._stand_by, name="huoren-applier", daemon=True),
            Thread(target=self._check_points, name="huoren-checkpointer", daemon=True),
        ]
        self._holds = False

    def start(self) -> None:
        """Stand by."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the batch under way and give the lock to whoever stands by."""
        self._stop.set()
        self.appended.set()
        for thread in self._threads:
            thread.join()
        self._lock.close()

    def _stand_by(self) -> None:
        while not self._stop.is_set():
            if not self._lock.take():
                self._stop.wait(STAND_BY_S)
                continue
            self._holds = True
            try:
                self.generations.mark_open()
                while not self._stop.is_set():
                    self._apply_one_generation()
                self.generations.mark_clean()
            except (HuorenError, sqlite3.Error, OSError):
                _LOG.exception("the online states cannot be brought up to date; trying again")
                self._stop.wait(1.0)
            finally:
                self._holds = False
                self._lock.release()

    def _apply_one_generation(self) -> None:
        path = self.generations.path.resolve(strict=True)
        with closing(connect(path, durable=False)) as connection:
            projection = Projection(StateFile(connection), self.generations.zone, self.kept_bytes)
            pause = POLL_S
            while not self._stop.is_set() and self._in_force(path):
                self.appended.clear()
                entries = self.log.read(projection.applied_seq, BATCH)
                if entries:
                    projection.apply(entries)
                    pause = POLL_S
                else:
                    self.appended.wait(pause)
                    pause = min(pause * 1.2, IDLE_S)
            connection.execute("PRAGMA busy_timeout=200")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _in_force(self, path: Path) -> bool:
        return self.generations.path.readlink().name == path.name

    def _check_points(self) -> None:
        looked = monotonic()
        while not self._stop.wait(max(CHECKPOINT_S - (monotonic() - looked), 0.01)):
            looked = monotonic()
            if self._holds:
                try:
                    self._check_point()
                except (HuorenError, sqlite3.Error, OSError):
                    _LOG.exception("a checkpoint failed; trying again")

    def _check_point(self) -> None:
        if _size(self.log.path) > WAL_BYTES:
            self.log.checkpoint()
        path = self.generations.path.resolve(strict=True)
        if _size(path) > WAL_BYTES:
            with closing(connect(path, durable=False)) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                if _size(path) > 8 * WAL_BYTES:
                    connection.execute("PRAGMA busy_timeout=200")
                    connection.execute("PRAGMA wal_checkpoint(RESTART)")


def _size(database: Path) -> int:
    wal = database.with_name(f"{database.name}-wal")
    return wal.stat().st_size if wal.exists() else 0
