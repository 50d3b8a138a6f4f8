"""Handing a segment over: a control group held back, consent enforced, every export on record."""

import csv
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from features import columns as c
from features.clock import format_instant, now_us
from features.consent import gives, personal, say
from features.counters import Scope
from features.errors import InputError, UnknownName
from features.portraits import TAGS, Use
from features.store import Store
from recsys.experiments import BUCKETS, bucket
from recsys.segments.desk import Desk
from recsys.segments.language import Condition

CONTROL = 10.0
"""Percent held back from every campaign unless said otherwise."""

BATCH = 10_000


@dataclass(frozen=True)
class Destination:
    """Where an export goes.

    Parameters
    ----------
    name : str
        Of the template.
    outside : bool
        Whether the people's data leaves the company: that needs a consent of its own, given.
    hashed : bool
        Whether ids are written as SHA-256.
    headers : tuple of (str, str)
        Titles of the columns id and arm.
    """

    name: str
    outside: bool
    hashed: bool
    headers: tuple[str, str]


DESTINATIONS = {
    one.name: one
    for one in (
        Destination("plain", False, False, ("user_id", "arm")),
        Destination("wecom", False, False, ("客户ID", "实验组")),
        Destination("sms", False, False, ("用户ID", "实验组")),
        Destination("ads", True, True, ("user_id_sha256", "arm")),
    )
}
"""Templates by name."""


@dataclass(frozen=True)
class Export:
    """What was handed over.

    Parameters
    ----------
    path : str
        The file.
    segment, campaign, destination, author : str
        What, what for, where to and by whom.
    as_of_us, written_us : int
        The instant of the segment, and of the export.
    members : int
        People in the segment.
    refused : int
        Of them, who do not allow it: as of now, not as of the segment.
    target, control : int
        People to be contacted, and held back.
    """

    path: str
    segment: str
    campaign: str
    destination: str
    author: str
    as_of_us: int
    written_us: int
    members: int
    refused: int
    target: int
    control: int


def arm(campaign: str, user_id: str, control: float) -> str:
    """Whether a person is contacted in a campaign: ``target`` or ``control``, the same each time.

    Parameters
    ----------
    campaign : str
        Salt: other campaigns hold other people back.
    user_id : str
        Who.
    control : float
        Percent held back.

    Examples
    --------
    >>> arm("spring", "u1", 100.0), arm("spring", "u1", 0.0)
    ('control', 'target')
    """
    held = bucket(f"control:{campaign}", user_id) < control / 100.0 * BUCKETS
    return "control" if held else "target"


def export(
    desk: Desk,
    store: Store,
    condition: Condition,
    path: Path,
    *,
    segment: str,
    campaign: str,
    destination: str = "plain",
    control: float = CONTROL,
    tags: tuple[str, ...] = (),
    author: str = "",
) -> Export:
    """Write the members of a segment who allow it, each with the arm it falls into.

    Parameters
    ----------
    desk : Desk
        The snapshot.
    store : Store
        Tells what people decided up to now.
    condition : Condition
        The segment.
    path : Path
        ``.csv`` (UTF-8 with a mark, so that spreadsheets read it; ids as text) or ``.parquet``.
    segment, campaign, author : str
        For the record; the campaign also salts the control group.
    destination : str
        One of ``DESTINATIONS``.
    control : float
        Percent held back, 0 to 50.
    tags : tuple of str
        Tags written beside the id; only those open to export.

    Raises
    ------
    InputError
        When the control share or the file's kind cannot be.
    UnknownName
        When there is no such destination, or a tag may not be exported.
    """
    place = _checked(destination, path, control, tags)
    columns = [TAGS[name].column for name in tags]
    people = desk.ground.people.semi_join(desk.members(condition), c.USER)
    rows = desk.ask(people.select(c.USER, *columns).order_by(ibis.asc(c.USER)))
    counts = {"target": 0, "control": 0, "refused": 0}
    with _writer(path, (*place.headers, *tags)) as write:
        for batch in rows.to_batches(BATCH):
            states = store.states(batch[c.USER].to_pylist())
            for row in batch.to_pylist():
                who = row[c.USER]
                if not _allows(states.get(who), outside=place.outside):
                    counts["refused"] += 1
                    continue
                told = arm(campaign, who, control)
                counts[told] += 1
                name = hashlib.sha256(who.encode()).hexdigest() if place.hashed else who
                write([name, told, *(row[column] for column in columns)])
    done = Export(
        str(path), segment, campaign, destination, author, desk.as_of_us, now_us(),
        rows.num_rows, counts["refused"], counts["target"], counts["control"],
    )  # fmt: skip
    _record(desk, done)
    return done


def _allows(state: object, *, outside: bool) -> bool:
    from features.online import State

    if not isinstance(state, State):
        return not outside
    decided = say(state)
    if not personal(decided):
        return False
    if outside:  # a silence is no consent to handing data on
        return decided.consents is not None and gives(decided, Scope.SHARE_OUT)
    return True


def _checked(destination: str, path: Path, control: float, tags: tuple[str, ...]) -> Destination:
    if destination not in DESTINATIONS:
        raise UnknownName.among("destination", destination, DESTINATIONS)
    if not 0.0 <= control <= 50.0:
        raise InputError("no control share", expected="0 to 50 percent", got=str(control))
    if path.suffix not in (".csv", ".parquet"):
        raise InputError("no kind of file", expected=".csv or .parquet", got=path.name)
    open_to = [name for name, tag in TAGS.items() if Use.EXPORT in tag.usable_in]
    for name in tags:
        if name not in open_to:
            raise UnknownName.among("tag open to export", name, open_to)
    return DESTINATIONS[destination]


@contextmanager
def _writer(path: Path, titles: tuple[str, ...]) -> Iterator[Callable[[list[object]], None]]:
    """Rows into a file that appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        if path.suffix == ".csv":
            with partial.open("w", newline="", encoding="utf-8-sig") as stream:
                yield _csv(stream, titles)
        else:
            kept: list[list[object]] = []
            yield kept.append
            columns = list(zip(*kept, strict=True)) or [()] * len(titles)
            pq.write_table(
                pa.table({t: list(v) for t, v in zip(titles, columns, strict=True)}), partial
            )
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def _csv(stream: IO[str], titles: tuple[str, ...]) -> Callable[[list[object]], None]:
    writer = csv.writer(stream)
    writer.writerow(titles)

    def write(row: list[object]) -> None:
        writer.writerow([_cell(one) for one in row])

    return write


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return value


def _record(desk: Desk, done: Export) -> None:
    place = desk.home.root / "exports"
    place.mkdir(parents=True, exist_ok=True)
    line = asdict(done) | {"written": format_instant(done.written_us)}
    with (place / "record.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line, ensure_ascii=False) + "\n")
