"""Generations of the states: made, rebuilt, replaced, and which of them is in force.

``state.db`` is a link to the generation in force and is replaced at once, so that a generation
never changes its files under a reader. ``base.db`` is what a rebuild starts from: a generation as
it was loaded or last copied, on the disk for sure. ``mark.json`` says under which boot of the
machine the generation in force was written: after another boot it may be torn and is rebuilt,
unless it was closed cleanly.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import msgspec

from features.clock import BusinessZone
from features.errors import StoreError
from features.groupbuys import GroupBuy
from features.home import Home
from features.identities import IdLink
from features.online import State
from features.store import statefile
from features.store.files import (
    connect,
    guarded,
    locked,
    peek,
    put_in_place,
    sync_file,
    transaction,
)
from features.store.log import Log
from features.store.projection import Projection
from features.store.records import Item
from features.store.statefile import Meta, StateFile

CATCH_UP = 500
"""Entries in one transaction of a replay."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Mark(msgspec.Struct, frozen=True):
    """The boot under which the generation in force is written, and whether it was closed."""

    boot: str = ""
    clean: bool = False


@dataclass(frozen=True)
class Generations:
    """The generations of one home; methods that change files hold its file lock.

    Parameters
    ----------
    home : Home
        Whose ``state`` directory.
    log : Log
        What the states follow from.
    zone : BusinessZone
        For days and hours.
    """

    home: Home
    log: Log
    zone: BusinessZone

    @property
    def path(self) -> Path:
        """The link to the generation in force."""
        return self.home.state / "state.db"

    @property
    def base(self) -> Path:
        """What a rebuild starts from."""
        return self.home.state / "base.db"

    @property
    def mark(self) -> Path:
        """Under which boot the generation in force is written."""
        return self.home.state / "mark.json"

    def prepare(self) -> None:
        """Make sure that the generation in force can be used; rebuild it otherwise.

        Raises
        ------
        StoreError
            It cannot be used, and the log does not reach back far enough to rebuild it.
        """
        with self._locked(), guarded(self.path):
            if reason := self._unfit():
                self._rebuild(reason)
            self.mark_open()

    def load(
        self,
        states: Iterable[tuple[str, State]],
        items: Iterable[Item],
        links: Iterable[IdLink],
        groups: Iterable[GroupBuy],
        log_seq: int,
        as_of_us: int | None,
    ) -> None:
        """Put a batch snapshot in force; see ``Store.load``."""
        with self._locked(), guarded(self.path):
            self.log.head().check_reach(self.home, log_seq, as_of_us)
            made = self._new_path()
            meta = Meta.new(self.log.log_id, self.zone, log_seq)
            with closing(statefile.create(made, meta)) as connection:
                statefile.fill(connection, states, items, links, groups)
                if as_of_us is not None:
                    self._apply_early(connection, log_seq, as_of_us)
            self._keep_as_base(made)
            self._put_in_force(made)
            self.mark_open()

    def rebase(self) -> int:
        """Copy the generation in force to ``base.db``; returns the seq up to which it goes."""
        with self._locked(), guarded(self.base):
            return self._rebase()

    def renew(self) -> None:
        """Copy the generation in force into new files, so that no deleted byte is left."""
        with self._locked(), guarded(self.path):
            self._rebase()
            made = self._new_path()
            self._copy_base(made)
            self._put_in_force(made)
            self.mark_open()

    def base_seq(self) -> int:
        """Seq up to which ``base.db`` goes; 0 when there is none."""
        if not self.base.exists():
            return 0
        with guarded(self.base), closing(peek(self.base)) as connection:
            return statefile.read_meta(connection).applied_seq

    def mark_open(self) -> None:
        """Say that the generation in force is written under this boot."""
        self._write_mark(clean=False)

    def mark_clean(self) -> None:
        """Say that the generation in force is on the disk, if it is; nobody may write it then."""
        with guarded(self.path):
            path = self.path.resolve()
            wal = path.with_name(f"{path.name}-wal")
            if not wal.exists() or wal.stat().st_size == 0:
                sync_file(path)
                self._write_mark(clean=True)

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self.home.state / "files.lock")

    def _write_mark(self, *, clean: bool) -> None:
        written = self.mark.with_name(f"mark.{uuid4().hex}")
        written.write_bytes(msgspec.json.encode(Mark(_boot(), clean)))
        put_in_place(written, self.mark)

    def _read_mark(self) -> Mark:
        try:
            return msgspec.json.decode(self.mark.read_bytes(), type=Mark)
        except (OSError, msgspec.DecodeError):
            return Mark()

    def _unfit(self) -> str:
        if not self.path.exists():
            return "missing"
        mark = self._read_mark()
        if not mark.clean and (not _boot() or mark.boot != _boot()):
            return "not closed before the machine went down"
        return self._why(self.path, partial(connect, durable=False))

    def _why(self, path: Path, opened: Callable[[Path], sqlite3.Connection]) -> str:
        try:
            with closing(opened(path)) as connection:
                head = self.log.head()
                return statefile.unfit(connection, self.log.log_id, self.zone, head.last_seq)
        except sqlite3.Error as error:
            return f"damaged: {error}"

    def _rebuild(self, reason: str) -> None:
        head = self.log.head()
        unfit = "missing"
        if self.base.exists():
            unfit = self._why(self.base, peek)
        reaches_back = head.pruned_seq == 0 if unfit else self.base_seq() >= head.pruned_seq
        if statefile.FOREIGN in (reason, unfit) or not reaches_back:
            raise self._lost(reason)
        made = self._new_path()
        if unfit:
            statefile.create(made, Meta.new(self.log.log_id, self.zone)).close()
        else:
            self._copy_base(made)
        self._put_in_force(made)

    def _lost(self, reason: str) -> StoreError:
        return StoreError(
            f"the online states in {self.home.state} cannot be used",
            expected="states of this version, or a log that reaches back to the last snapshot",
            got=f"states {reason}",
            next_step=f"run `huoren features --data {self.home.root}`, which loads a new snapshot",
        )

    def _apply_early(self, connection: sqlite3.Connection, log_seq: int, as_of_us: int) -> None:
        projection = Projection(StateFile(connection), self.zone)
        for entries in self.log.scan(0, log_seq, CATCH_UP):
            early = [entry for entry in entries if entry.at_us >= as_of_us]
            if early:
                projection.apply_early(early)

    def _new_path(self) -> Path:
        return self.home.state / f"state-{uuid4().hex[:12]}.db"

    def _keep_as_base(self, made: Path) -> None:
        copy = self.base.with_name(f"base.{uuid4().hex}")
        shutil.copyfile(made, copy)
        put_in_place(copy, self.base)

    def _copy_base(self, made: Path) -> None:
        shutil.copyfile(self.base, made)
        with closing(connect(made, durable=False)) as connection, transaction(connection):
            connection.execute("UPDATE meta SET generation = ?", (uuid4().hex[:12],))

    def _rebase(self) -> int:
        copy = self.base.with_name(f"base.{uuid4().hex}")
        with closing(connect(self.path, durable=False)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
        put_in_place(copy, self.base)
        return self.base_seq()

    def _put_in_force(self, made: Path) -> None:
        self._catch_up(made)
        link = self.path.with_name(f"link.{uuid4().hex}")
        link.symlink_to(made.name)
        link.replace(self.path)
        sync_file(self.home.state)
        for old in sorted(self.home.state.glob("state-*.db*")):  # the database before its journal
            if not old.name.startswith(made.name):
                old.unlink(missing_ok=True)

    def _catch_up(self, made: Path) -> None:
        with closing(statefile.alone(connect(made, durable=False))) as connection:
            projection = Projection(StateFile(connection), self.zone)
            while entries := self.log.read(projection.applied_seq, CATCH_UP):
                projection.apply(entries)


def _boot() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""
