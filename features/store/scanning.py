"""Reading a log in order: where it stands, its pages, and what of it must be kept."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

from features.clock import format_instant
from features.errors import StoreError
from features.home import Home
from features.store.entries import Entry


class Head(NamedTuple):
    """Where the log stands.

    ``sealing_seq`` is where the sealing under way will end; equal to ``sealed_seq`` when none is.
    Entries up to ``pruned_seq`` may be gone; the latest event among them happened at ``pruned_us``.
    """

    log_id: str
    last_seq: int
    last_us: int
    sealed_seq: int
    sealing_seq: int
    pruned_seq: int
    pruned_us: int

    def check_reach(self, home: Home, log_seq: int, as_of_us: int | None) -> None:
        """Refuse a snapshot that this log cannot carry on; see ``Store.load``."""
        pruned = as_of_us is not None and self.pruned_us >= as_of_us
        if not self.pruned_seq <= log_seq <= self.last_seq or pruned:
            raise StoreError(
                "the log does not join on to this snapshot",
                expected=f"a log_seq from {self.pruned_seq} to {self.last_seq}, "
                f"as of after {format_instant(self.pruned_us)}",
                got=f"log_seq {log_seq}, as_of_us {as_of_us}",
                next_step=f"run `huoren features --data {home.root}` as of now",
            )


class Scanned(ABC):
    """A log that can be read in the order of ``seq``."""

    @abstractmethod
    def head(self) -> Head:
        """Where the log stands."""

    @abstractmethod
    def read(self, after_seq: int, limit: int, last_seq: int | None = None) -> list[Entry]:
        """Entries after a seq, in order, at most ``limit`` and up to ``last_seq``."""

    def scan(self, after_seq: int, last_seq: int, page: int = 5_000) -> Iterator[list[Entry]]:
        """Pages of the entries after one seq up to another."""
        while entries := self.read(after_seq, page, last_seq):
            yield entries
            after_seq = entries[-1].seq

    def seq_before(self, logged_us: int) -> int:
        """Seq of the last entry logged before an instant; 0 when there is none."""
        low, high = self.head().pruned_seq, self.head().last_seq
        while low < high:  # logged_us grows with seq
            middle = (low + high + 1) // 2
            entries = self.read(middle - 1, 1)
            if not entries or entries[0].logged_us >= logged_us:
                high = middle - 1
            else:
                low = middle
        return low


class Sealable(Scanned):
    """A log whose entries become files of the canonical tables and are deleted in the end."""

    @abstractmethod
    def mark_sealing(self, end: int) -> None:
        """Note that entries up to ``end`` are being sealed."""

    @abstractmethod
    def mark_sealed(self, end: int) -> None:
        """Note that entries up to ``end`` are sealed."""

    @abstractmethod
    def prune(self, end: int, pruned_us: int) -> None:
        """Delete the entries up to ``end``, the latest event among which is of ``pruned_us``."""

    @abstractmethod
    def forget_digests(self, before_us: int) -> None:
        """Forget which lines were taken before an instant, a few at a time."""

    @abstractmethod
    def close(self) -> None:
        """Release what the log holds."""
