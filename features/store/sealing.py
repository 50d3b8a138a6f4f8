"""Sealing: entries of the log become Parquet of the canonical tables, exactly once.

The range to seal is written into the log first, then the files, then the fact that it is sealed.
Whoever finds a range under way writes the same files again, under the same names: a sealing that
was cut off neither loses nor doubles a row. Events go to the UTC day of their own time, however
late they came; users, items and ties beside what was ingested.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from features import tombstones
from features.clock import DAY_US, BusinessZone, now_us
from features.errors import StoreError
from features.events import Event
from features.history import utc_day
from features.home import Home
from features.store.entries import SPOILT, Entry, Kind, Record, content
from features.store.files import guarded, locked, put_in_place
from features.store.generations import Generations
from features.store.log import Log
from features.store.records import Item, Tie, User
from features.store.scanning import Sealable
from features.store.shared.address import chosen
from features.tables import TABLES

PAGE = 200_000
"""Entries of one range: what is held in memory at once."""

ERASED_AT_ONCE = 2_000
"""Entries that one short transaction prunes."""


@dataclass(frozen=True)
class Keeping:
    """How long the store remembers.

    Parameters
    ----------
    log_days : int
        Sealed entries stay this long, so that a snapshot can be loaded and followed from.
    seen_days : int
        A line that comes again within this time is known as a duplicate.
    """

    log_days: int = 7
    seen_days: int = 90


@dataclass(frozen=True)
class Sealed:
    """What a sealing did.

    Parameters
    ----------
    log_seq : int
        The canonical tables now hold every entry up to here.
    entries : int
        Entries sealed by this call.
    files : tuple of Path
        Files written by this call.
    pruned : int
        Entries deleted from the log.
    """

    log_seq: int
    entries: int
    files: tuple[Path, ...]
    pruned: int


def seal(
    home: Home,
    zone: BusinessZone | None = None,
    *,
    before_us: int | None = None,
    keeping: Keeping = Keeping(),
) -> Sealed:
    """Seal what was logged before an instant, then prune what need not be kept.

    Parameters
    ----------
    home : Home
        Whose log; services may go on appending to it.
    zone : BusinessZone, optional
        Of the store; default Asia/Shanghai.
    before_us : int, optional
        Instant of arrival, exclusive. None: the start of the present UTC day.
    keeping : Keeping
        How long the store remembers.

    Raises
    ------
    StoreError
        The log cannot be read or the files cannot be written; call again.
    """
    home.state.mkdir(parents=True, exist_ok=True)
    with locked(home.state / "seal.lock"), _opened(home, zone or BusinessZone()) as open_log:
        log, expendable = open_log
        files, entries = _seal(home, log, before_us)
        pruned = _prune(log, expendable, keeping)
        return Sealed(log.head().sealed_seq, entries, tuple(files), pruned)


@contextmanager
def _opened(home: Home, zone: BusinessZone) -> Iterator[tuple[Sealable, Callable[[int], int]]]:
    """The log of a home, and up to which seq it may be pruned."""
    if address := chosen():
        from features.store.shared import burials
        from features.store.shared.lease import Lease
        from features.store.shared.store import opened

        with closing(opened(address, home, zone)) as shared, Lease.upkeep(shared.link):
            burials.agree(shared.link, home)
            yield shared.log, shared.expendable
    else:
        with closing(Log(home.state)) as log:
            yield log, partial(_rebuildable, Generations(home, log, zone))


def _seal(home: Home, log: Sealable, before_us: int | None) -> tuple[list[Path], int]:
    instant = now_us() // DAY_US * DAY_US if before_us is None else before_us
    last = log.seq_before(instant)
    files: list[Path] = []
    entries = 0
    while (head := log.head()).sealing_seq > head.sealed_seq or head.sealed_seq < last:
        end = head.sealing_seq
        if end == head.sealed_seq:  # none is under way
            end = min(last, head.sealed_seq + PAGE)
            log.mark_sealing(end)
        page = log.read(head.sealed_seq, PAGE, end)
        with guarded(home.events):
            files += _write(home, page, f"part-{head.sealed_seq + 1:012d}-{end:012d}.parquet")
        entries += len(page)
        log.mark_sealed(end)
    return files, entries


def _write(home: Home, entries: Iterable[Entry], name: str) -> list[Path]:
    kept: dict[tuple[str, Path], list[Record]] = defaultdict(list)
    unreadable = []
    forgotten = tombstones.read(home).__contains__
    for entry in entries:
        try:
            record = _dated(content(entry), entry)
        except SPOILT as error:
            unreadable.append({"seq": entry.seq, "reason": str(error), "body": entry.body.hex()})
            continue
        if record is not None and (left := tombstones.without(record, forgotten)) is not None:
            kept[_place(home, left)].append(left)
    if unreadable:
        _keep_apart(home.quarantine / f"log-{Path(name).stem}.jsonl", unreadable)
    return [_write_part(table, folder / name, records) for (table, folder), records in kept.items()]


def _dated(record: Record | str, entry: Entry) -> Record | None:
    """The record with the instant at which the log took it, where it says none itself."""
    match record:
        case Event() if record.received_us is None:
            return msgspec.structs.replace(record, received_us=entry.logged_us)
        case User() | Item() if not record.valid_from_us:
            return msgspec.structs.replace(record, valid_from_us=entry.at_us)
        case str():
            return None
    return record


def _place(home: Home, record: Record) -> tuple[str, Path]:
    if isinstance(record, Event):
        return "events", home.events / f"day={utc_day(record.at_us)}"
    table = {User: "users", Tie: "ties", Item: "items"}[type(record)]
    return table, home.table(table)


def _keep_apart(path: Path, rows: Iterable[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


def _write_part(table: str, path: Path, records: Sequence[Record]) -> Path:
    schema = TABLES[table].schema
    arrays = [
        pa.array([getattr(record, field.name) for record in records], field.type)
        for field in schema
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.stem}.{uuid4().hex}")
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), written, compression="zstd")
    put_in_place(written, path)
    return path


def _prune(log: Sealable, expendable: Callable[[int], int], keeping: Keeping) -> int:
    now = now_us()
    last = min(log.seq_before(now - keeping.log_days * DAY_US), log.head().sealed_seq)
    head = log.head()
    if last <= head.pruned_seq:
        return 0
    last = min(last, expendable(last))
    pruned = 0
    for start in range(head.pruned_seq, last, ERASED_AT_ONCE):
        pruned += _prune_range(log, start, min(start + ERASED_AT_ONCE, last))
    log.forget_digests(now - keeping.seen_days * DAY_US)
    return pruned


def _rebuildable(generations: Generations, wanted: int) -> int:
    """Seq after which a rebuild needs every entry; the base is renewed to move it."""
    if generations.base_seq() >= wanted:
        return wanted
    try:
        generations.prepare()
    except StoreError:  # a snapshot is needed first: nothing may go before it is loaded
        return 0
    return generations.rebase()


def _prune_range(log: Sealable, start: int, end: int) -> int:
    entries = log.read(start, ERASED_AT_ONCE, end)
    moments = [min(one.at_us, one.logged_us) for one in entries if one.kind == Kind.EVENT]
    pruned_us = max([log.head().pruned_us, *moments])
    log.prune(end, pruned_us)
    return len(entries)
