"""Single values of a document: words, numbers, days, durations; messages point at the place."""

import math
import re
from collections.abc import Callable, Iterable
from datetime import date
from difflib import get_close_matches

from features.errors import InputError
from recsys.segments.language import SHARES, Op, Value

MAX_VALUES = 10_000
MAX_DAYS = 3_650

_DURATION = re.compile(r"(\d{1,5})\s*([dhw])")


def fault(place: str, problem: str, expected: str = "", got: object = None) -> InputError:
    """An error that points at a place of the document."""
    said = f"{place.lstrip('.') or 'segment'}: {problem}"
    return InputError(said, expected=expected, got="" if got is None else repr(got)[:200])


def one_of(given: object, known: Iterable[str], place: str, kind: str) -> str:
    """A declared name, or the nearest ones told."""
    names = sorted(known)
    if not isinstance(given, str) or given not in names:
        near = get_close_matches(str(given), names, n=3) or names[:8]
        raise fault(place, f"no {kind} {given!r}", expected=" or ".join(near))
    return given


def word_in(value: object, place: str) -> str:
    """A word; numbers are taken for ids."""
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return str(value)  # YAML reads an id such as 0042 as a number; quote it to keep its zeros
    raise fault(place, "no word", "a string", value)


def values_in(value: object, place: str, *, numbers: bool = False) -> tuple[str | float, ...]:
    """A list of words or numbers."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_VALUES:
        raise fault(place, "no list of values", f"1 to {MAX_VALUES} of them", value)
    read: Callable[[object, str], str | float] = number_in if numbers else word_in
    return tuple(read(one, f"{place}[{n}]") for n, one in enumerate(value))


def number_in(value: object, place: str) -> float:
    """A finite number."""
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not math.isfinite(value) or abs(value) > 1e15:  # type: ignore[arg-type]
        raise fault(place, "no number", "a finite number", value)
    return value  # type: ignore[return-value]


def whole_in(value: object, place: str, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise fault(place, "no whole number in range", f"{low} to {high}", value)
    return value


def compared_in(value: object, place: str, op: Op) -> Value:
    """What a number is compared with: a number, a range, or a percentage."""
    if op is Op.BETWEEN:
        if not isinstance(value, list) or len(value) != 2:
            raise fault(place, "no range", "[lowest, highest]", value)
        low, high = (number_in(one, f"{place}[{n}]") for n, one in enumerate(value))
        if low > high:
            raise fault(place, "the range is empty", "the lower end first", value)
        return (low, high)
    number = number_in(value, place)
    if op in SHARES and not 0 < number <= 100:
        raise fault(place, "no percentage", "more than 0, at most 100", value)
    return number


def duration_in(given: object, place: str) -> tuple[str, int]:
    """A duration such as 30d, 12h or 2w: its unit, ``d`` or ``h``, and how many."""
    match = _DURATION.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise fault(place, "no duration", "such as 30d, 12h or 2w", given)
    unit, many = match[2], int(match[1]) * (7 if match[2] == "w" else 1)
    if not 0 < many <= MAX_DAYS * (24 if unit == "h" else 1):
        raise fault(place, "no possible window", f"1 hour to {MAX_DAYS} days", given)
    return ("h" if unit == "h" else "d"), many


def day_in(given: object, place: str) -> int:
    """A day, as days since 1970-01-01."""
    try:
        day = given if isinstance(given, date) else date.fromisoformat(str(given))
    except ValueError as error:
        raise fault(place, "no day", "such as 2026-06-18", given) from error
    return day.toordinal() - date(1970, 1, 1).toordinal()
