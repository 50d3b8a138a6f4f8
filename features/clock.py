"""Instants in UTC microseconds; days and hours in the business time zone.

An instant is ``at_us``: int64 microseconds since 1970-01-01T00:00:00Z. Festivals, caps, quiet hours
and day buckets follow the business zone (default Asia/Shanghai), so that orders at 23:59 and 00:01
Beijing time fall on different days whatever the clock of the machine says.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from features.errors import InputError

Int64s = npt.NDArray[np.int64]

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US
_QUARTER_US = HOUR_US // 4


class Refresh(StrEnum):
    """How fresh a value is when served: at the event, or as of the last full hour or day."""

    LIVE = "live"
    HOUR = "hour"
    DAY = "day"


def now_us() -> int:
    """Return the wall clock as an instant."""
    return int(datetime.now(UTC).timestamp() * SECOND_US)


def parse_instant(text: str) -> int:
    """Read ISO 8601 with a zone.

    Raises
    ------
    InputError
        When the text is no ISO 8601 instant or names no zone.

    Examples
    --------
    >>> parse_instant("1970-01-01T08:00:01+08:00")
    1000000
    >>> parse_instant("2026-06-18 08:12:03")
    Traceback (most recent call last):
    features.errors.InputError: a time without a zone (expected ISO 8601 such as ...
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise InputError(
            "no time" if parsed is None else "a time without a zone",
            expected="ISO 8601 such as 2026-06-18T08:12:03+08:00",
            got=repr(text),
        )
    whole = parsed.replace(microsecond=0)
    return int(whole.timestamp()) * SECOND_US + parsed.microsecond


def format_instant(at_us: int) -> str:
    """Write an instant as ISO 8601 in UTC.

    Examples
    --------
    >>> format_instant(1_000_000)
    '1970-01-01T00:00:01Z'
    """
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(at_us))
    return moment.isoformat().replace("+00:00", "Z")


@dataclass(frozen=True)
class BusinessZone:
    """The time zone that days and hours are counted in.

    Raises
    ------
    InputError
        When ``name`` is no IANA zone.

    Examples
    --------
    >>> zone = BusinessZone("Asia/Shanghai")
    >>> late = parse_instant("2025-11-11T23:59:00+08:00")
    >>> early = parse_instant("2025-11-12T00:01:00+08:00")
    >>> int(zone.day(early) - zone.day(late)), int(zone.hour(late))
    (1, 23)
    >>> BusinessZone("Mars/Base")
    Traceback (most recent call last):
    features.errors.InputError: no such time zone (expected an IANA name such as ...
    """

    name: str = "Asia/Shanghai"

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise InputError(
                "no such time zone", expected="an IANA name such as Asia/Shanghai", got=self.name
            ) from error

    def offset_changes(self, low_us: int, high_us: int) -> list[tuple[int, int]]:
        """List UTC offsets in force from ``low_us`` to ``high_us``.

        Returns
        -------
        list of (int, int)
            (first instant, offset in microseconds), oldest first; the first covers ``low_us``.
        """
        years = range(_year(low_us), _year(high_us) + 1)
        changes = [(low_us, _offset(self.name, low_us))]
        for year in years:
            changes += [(at, o) for at, o in _changes(self.name, year) if low_us < at <= high_us]
        return changes

    def offset(self, at_us: npt.ArrayLike) -> Int64s:
        """UTC offset in microseconds at each instant; same shape as ``at_us``."""
        at = np.asarray(at_us, dtype=np.int64)
        if at.size == 0:
            return np.zeros(at.shape, dtype=np.int64)
        if at.size == 1:
            return np.full(at.shape, _offset_near(self.name, at.item()), dtype=np.int64)
        changes = self.offset_changes(int(at.min()), int(at.max()))
        if len(changes) == 1:
            return np.full(at.shape, changes[0][1], dtype=np.int64)
        starts, offsets = np.array(changes, dtype=np.int64).T
        return np.asarray(offsets[np.searchsorted(starts, at, side="right") - 1], dtype=np.int64)

    def day(self, at_us: npt.ArrayLike) -> Int64s:
        """Business day as days since 1970-01-01; same shape as ``at_us``."""
        at = np.asarray(at_us, dtype=np.int64)
        return np.asarray((at + self.offset(at)) // DAY_US, dtype=np.int64)

    def hour(self, at_us: npt.ArrayLike) -> Int64s:
        """Hour of the business day, 0 to 23; same shape as ``at_us``."""
        at = np.asarray(at_us, dtype=np.int64)
        return np.asarray((at + self.offset(at)) % DAY_US // HOUR_US, dtype=np.int64)

    def calendar(self, at_us: int) -> tuple[int, int]:
        """Business day and hour of one instant: ``day`` and ``hour`` without arrays.

        Examples
        --------
        >>> BusinessZone("Asia/Shanghai").calendar(parse_instant("1970-01-01T23:30:00+08:00"))
        (0, 23)
        """
        local = at_us + _offset_near(self.name, at_us)
        return local // DAY_US, local % DAY_US // HOUR_US

    def weekday(self, at_us: npt.ArrayLike) -> Int64s:
        """Day of the week, Monday 0 to Sunday 6; same shape as ``at_us``."""
        return np.asarray((self.day(at_us) + 3) % 7, dtype=np.int64)

    def floor(self, at_us: npt.ArrayLike, refresh: Refresh) -> Int64s:
        """Instant whose knowledge is served at ``at_us``: itself, its hour's or its day's start."""
        at = np.asarray(at_us, dtype=np.int64)
        if refresh is Refresh.LIVE:
            return at
        unit = HOUR_US if refresh is Refresh.HOUR else DAY_US
        local = at + self.offset(at)
        start = local - local % unit
        # The offset in force at the start of the day may differ from the one at ``at``.
        return np.asarray(start - self.offset(start - self.offset(at)), dtype=np.int64)

    def day_start(self, day: int) -> int:
        """First instant of a business day given as days since 1970-01-01."""
        local = day * DAY_US
        return int(local - _offset(self.name, local - _offset(self.name, local)))


def _year(at_us: int) -> int:
    return datetime.fromtimestamp(at_us // SECOND_US, UTC).year


@lru_cache(maxsize=4096)
def _offset(zone: str, at_us: int) -> int:
    moment = datetime.fromtimestamp(at_us // SECOND_US, UTC).astimezone(ZoneInfo(zone))
    return int((moment.utcoffset() or timedelta()).total_seconds()) * SECOND_US


def _offset_near(zone: str, at_us: int) -> int:
    """Offset at an instant, remembered for the quarter of an hour where it does not change."""
    steady = _quarter_offset(zone, at_us // _QUARTER_US)
    return _offset(zone, at_us) if steady is None else steady


@lru_cache(maxsize=4096)
def _quarter_offset(zone: str, quarter: int) -> int | None:
    first = _offset(zone, quarter * _QUARTER_US)
    return first if first == _offset(zone, (quarter + 1) * _QUARTER_US - 1) else None


@lru_cache(maxsize=1024)
def _changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """Changes of the offset within a UTC year, found day by day, then bisected to the second."""
    start = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(year + 1, 1, 1, tzinfo=UTC).timestamp())
    info = ZoneInfo(zone)

    def offset(second: int) -> int:
        moment = datetime.fromtimestamp(second, UTC).astimezone(info)
        return int((moment.utcoffset() or timedelta()).total_seconds())

    found = []
    for day in range(start, end, 86_400):
        low, high = day, day + 86_400
        if offset(low) == offset(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
        found.append((high * SECOND_US, offset(high) * SECOND_US))
    return tuple(found)
