"""How large a segment was: counted on the snapshots of the last days, each count kept.

The history, the tags and who refused are those of each snapshot; lists, scores and other segments
are as they are now.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

from features.catalogue import declaration_hash
from features.clock import DAY_US
from features.home import Home
from features.snapshot import Manifest, Snapshot
from recsys.segments.desk import Desk
from recsys.segments.language import Condition, InList, InSegment, Scored, walk
from recsys.segments.sizing import Size, size

DAYS = 30


@dataclass(frozen=True)
class Trend:
    """Sizes of a segment.

    Parameters
    ----------
    points : list of Size
        One for each business day with a snapshot, the oldest first.
    missing : int
        Days that are not counted yet; ask again.
    """

    points: list[Size]
    missing: int


def trend(desk: Desk, condition: Condition, days: int = DAYS, seconds: float = 1e9) -> Trend:
    """Count a segment on the last snapshot of each day.

    Parameters
    ----------
    desk : Desk
        The newest snapshot.
    condition : Condition
        The segment.
    days : int
        Before the newest snapshot.
    seconds : float
        After which no further day is begun; the newest are counted first.
    """
    key, points, missing, start = _key(desk, condition), [], 0, monotonic()
    for past in _last_of_each_day(desk, days):
        kept = desk.book.counted(key, past.manifest.as_of_us) if key else None
        if kept is not None:
            points.append(Size(*kept, past.manifest.as_of_us))
        elif points and monotonic() - start > seconds:
            missing += 1
        else:
            points.append(_counted(desk, past, condition, key))
    return Trend(points[::-1], missing)


def _counted(desk: Desk, past: Snapshot, condition: Condition, key: str) -> Size:
    if past.folder == desk.newest.folder:
        found = size(desk, condition)
    else:
        with desk.beside(past) as then:
            found = size(then, condition)
    if key:
        desk.book.keep_count(key, found.as_of_us, found.people, found.base)
    return found


def _last_of_each_day(desk: Desk, days: int) -> Iterator[Snapshot]:
    """The newest first."""
    newest, zone = desk.as_of_us, desk.ground.zone
    seen: set[int] = set()
    for past in reversed(_snapshots(desk.home)):
        at_us = past.manifest.as_of_us
        day = int(zone.day(at_us - 1))  # a snapshot of midnight tells of the day before
        if newest - days * DAY_US < at_us <= newest and day not in seen:
            seen.add(day)
            yield past


def _snapshots(home: Home) -> list[Snapshot]:
    """Those made from today's declarations, the oldest first."""
    found = []
    for path in sorted(home.features.glob("*/manifest.json")):
        told = json.loads(path.read_text())
        if told.get("declaration") == declaration_hash():
            found.append(Snapshot(path.parent, Manifest(**told)))
    return found


def _key(desk: Desk, condition: Condition) -> str:
    """What a count is kept under; empty where what it says may change by itself."""
    told = []
    waiting = [condition]
    while waiting:
        one = waiting.pop()
        told.append(repr(one))
        for part in walk(one):
            if isinstance(part, InList | Scored):
                return ""
            if isinstance(part, InSegment):
                waiting.append(desk.book.condition(part.name))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
