"""The durable log as a stream: taken once, in one order, by one script."""

import threading
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import uuid4

from features.clock import now_us
from features.errors import StoreError
from features.store import Appended
from features.store.entries import Draft, Entry, at_version, item_of
from features.store.erasing import without
from features.store.records import Item
from features.store.scanning import Head, Sealable
from features.store.shared import scripts
from features.store.shared.lease import Lease
from features.store.shared.link import Command, Link

VERSION = "1"
ERASED_AT_ONCE = 10_000
COPIED_AT_ONCE = 1_000

_FIELDS = ("last_seq", "last_us", "sealed_seq", "sealing_seq", "pruned_seq", "pruned_us")


class _Caller(threading.local):
    """One thread's appends, numbered, so that the server knows a repeated one."""

    def __init__(self) -> None:
        self.name = uuid4().hex
        self.calls = 0


class SharedLog(Sealable):
    """The log of one keyspace, made if need be.

    Parameters
    ----------
    link : Link
        The server.

    Raises
    ------
    StoreError
        When another version wrote it.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._caller = _Caller()
        self._head, self._log, self._seen, self._latest = (
            link.key(name) for name in ("head", "log", "seen", "latest")
        )
        fresh = {"version": VERSION, "log_id": uuid4().hex, **dict.fromkeys(_FIELDS, "0")}
        link.ask_all([("HSETNX", self._head, name, value) for name, value in fresh.items()])
        found = link.ask("HGET", self._head, "version").decode()
        if found != VERSION:
            raise StoreError(
                f"{link.address} was written by another version",
                expected=f"schema {VERSION}",
                got=f"schema {found}",
                next_step="run the huoren that wrote it, or name another keyspace",
            )

    def append(self, drafts: Sequence[Draft], buried: int | None = None) -> Appended | None:
        """Make drafts durable, all or none.

        None where the server has another number of tombstones than ``buried``.
        """
        return self._append(drafts, "", 0, "" if buried is None else str(buried))

    def append_item(self, item_id: str, prepare: Callable[[Item | None], Draft]) -> Appended:
        """Append what ``prepare`` makes of an item's newest version in the log, if there is one.

        It is called again when another version came in between.
        """
        while True:
            seq = int(self.link.ask("HGET", self._latest, item_id) or 0)
            entries = self.read(seq - 1, 1, seq) if seq else []
            newest = [at_version(item_of(entry.body), entry.at_us) for entry in entries]
            done = self._append([prepare(newest[0] if newest else None)], item_id, seq)
            if done:
                return done

    def _append(
        self, drafts: Sequence[Draft], item_id: str, item_seq: int, buried: str = ""
    ) -> Appended | None:
        caller = self._caller
        caller.calls += 1
        values: list[Any] = [caller.calls, now_us(), item_id, item_seq, buried]
        for kind, key, at_us, body, digest in drafts:
            values += (int(kind), key, at_us, body, digest or b"")
        keys = [self._head, self._log, self._seen, self._latest]
        keys += [self.link.key("call", caller.name), self.link.key("tombstones")]
        found = self.link.run(scripts.APPEND, keys, values)
        return None if found in {"moved", "stale"} else Appended(*map(int, found.split()))

    def head(self) -> Head:
        """Where the log stands."""
        log_id, *seqs = self.link.ask("HMGET", self._head, "log_id", *_FIELDS)
        return Head(log_id.decode(), *map(int, seqs))

    def read(self, after_seq: int, limit: int, last_seq: int | None = None) -> list[Entry]:
        """Entries after a seq, in order, at most ``limit`` and up to ``last_seq``."""
        last = "+" if last_seq is None else f"{last_seq}-0"
        if last_seq is not None and last_seq <= after_seq:
            return []
        found = self.link.ask("XRANGE", self._log, f"{after_seq + 1}-0", last, "COUNT", limit)
        return [_entry(*one) for one in found]

    def wait(self, after_seq: int, limit: int, wait_ms: int) -> list[Entry]:
        """Entries after a seq; when there are none, wait for the next one."""
        found = self.link.ask(
            "XREAD", "COUNT", limit, "BLOCK", wait_ms, "STREAMS", self._log, f"{after_seq}-0"
        )
        return [_entry(*one) for _, entries in found or [] for one in entries]

    def mark_sealing(self, end: int) -> None:
        """Note that entries up to ``end`` are being sealed."""
        self.link.ask("HSET", self._head, "sealing_seq", end)

    def mark_sealed(self, end: int) -> None:
        """Note that entries up to ``end`` are sealed."""
        self.link.ask("HSET", self._head, "sealed_seq", end)

    def prune(self, end: int, pruned_us: int) -> None:
        """Delete the entries up to ``end``."""
        self.link.run(scripts.PRUNE, [self._head, self._log], [end, pruned_us])

    def forget_digests(self, before_us: int) -> None:
        """Forget which lines were taken before an instant, a few at a time."""
        while self.link.run(scripts.FORGET_DIGESTS, [self._seen], [before_us, ERASED_AT_ONCE]):
            pass

    def erase(self, people: AbstractSet[str], last_seq: int, lease: Lease) -> int:
        """Write the log anew, up to a seq without some people; returns the entries touched.

        A stream keeps the bytes of what is deleted from it, so it is replaced.
        """
        written, touched = self.link.key("log", "written"), 0
        self.link.ask("UNLINK", written)
        end = self.head().last_seq
        for page in self.scan(0, end, COPIED_AT_ONCE):
            bodies = [without(one, people) if one.seq <= last_seq else one.body for one in page]
            pairs = list(zip(page, bodies, strict=True))
            self.link.ask_all([_line(written, *pair) for pair in pairs if pair[1] is not None])
            touched += sum(body is not entry.body for entry, body in pairs)
        keys = [lease.key, self._log, written, self.link.key("log", "old")]
        if self.link.run(scripts.REPLACE_LOG, keys, [lease.token, f"{end + 1}-0"]) != "done":
            raise lease.lost()
        return touched

    def close(self) -> None:
        """Release the connections."""
        self.link.close()


def _entry(entry_id: bytes, fields: Any) -> Entry:
    if not isinstance(fields, dict):
        fields = dict(zip(fields[::2], fields[1::2], strict=True))
    seq = int(entry_id.partition(b"-")[0])
    return Entry(seq, int(fields[b"k"]), int(fields[b"a"]), int(fields[b"l"]), fields[b"b"])


def _line(key: bytes, entry: Entry, body: bytes | None) -> Command:
    kind, at_us, logged_us = entry.kind, entry.at_us, entry.logged_us
    return ("XADD", key, f"{entry.seq}-0", "k", kind, "a", at_us, "l", logged_us, "b", body)
