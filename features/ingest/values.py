"""Reads one JSON value as what a canonical column holds: ``casting`` for single events.

Matched against the same spellings of ``rules``, so that a value is refused here exactly when it is
refused in a file.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from features.clock import SECOND_US
from features.ingest import rules

INT64 = 2**63
INT16 = 2**15
_CENT = Decimal(1)
_EXACT = Decimal("0.0001")


class Unreadable(Exception):
    """A value is not what its column holds.

    Parameters
    ----------
    words : str
        Of ``rules``.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def text(value: object) -> str:
    """Read a text; numbers and truth values are written as JSON writes them.

    Examples
    --------
    >>> text(12), text(True)
    ('12', 'true')
    >>> text({})
    Traceback (most recent call last):
    features.ingest.values.Unreadable: not text
    """
    if isinstance(value, str):
        if value[:1] in {"{", "["}:
            raise Unreadable(rules.WRONG_TYPE["text"])
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise Unreadable(rules.WRONG_TYPE["text"])


def whole(value: object, limit: int = INT64) -> int:
    """Read a whole number whose size is below ``limit``.

    Examples
    --------
    >>> whole("3.0"), whole(3.0)
    (3, 3)
    >>> whole(3.7)
    Traceback (most recent call last):
    features.ingest.values.Unreadable: not a whole number
    """
    number: int | None = None
    if isinstance(value, str):
        if rules.WHOLE.fullmatch(value):
            number = int(value.partition(".")[0])
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        number = int(value)
    if number is None or not -limit <= number < limit:
        raise Unreadable(rules.WRONG_TYPE["whole"])
    return number


def number(value: object) -> float:
    """Read a finite number.

    Examples
    --------
    >>> number("1.5"), number(2)
    (1.5, 2.0)
    """
    read: float | None = None
    if isinstance(value, str):
        read = float(value) if rules.NUMBER.fullmatch(value) else None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        read = float(value) if abs(value) < 1e308 else None
    if read is None or read - read != 0:
        raise Unreadable(rules.WRONG_TYPE["number"])
    return read


def fen(value: object) -> int:
    """Read money in the minor unit."""
    try:
        return whole(value)
    except Unreadable:
        raise Unreadable(rules.WRONG_TYPE["money"]) from None


def yuan(value: object) -> int:
    """Read money in the major unit, rounded half up to the minor one.

    Examples
    --------
    >>> yuan("19.9"), yuan(0.285)
    (1990, 29)
    """
    if isinstance(value, str):
        said = value.strip() if rules.NUMBER.fullmatch(value) else ""
    else:
        said = repr(value) if isinstance(value, int | float) and value == value else ""
    if said in {"", "True", "False", "inf", "-inf"} or abs(exact := Decimal(said)) >= 10**14:
        raise Unreadable(rules.WRONG_TYPE["money"])
    rounded = exact.quantize(_EXACT, ROUND_HALF_UP) * 100
    return int(rounded.quantize(_CENT, ROUND_HALF_UP))


def instant(value: object, *, counted: bool) -> int:
    """Read an instant: ISO 8601 with a zone, or, if ``counted``, microseconds.

    Examples
    --------
    >>> instant("1970-01-01T08:00:01+08:00", counted=False), instant(5, counted=True)
    (1000000, 5)
    >>> instant("2026-06-18 08:12", counted=False)
    Traceback (most recent call last):
    features.ingest.values.Unreadable: a time without a zone
    """
    if isinstance(value, str):
        if rules.ZONED.fullmatch(value):
            return _moment(value)
        if rules.LOCAL.fullmatch(value):
            raise Unreadable(rules.NAIVE_TIME)
    if counted:
        try:
            read = whole(value)
        except Unreadable:
            read = -1
        if read >= 0:
            return read
    raise Unreadable(rules.WRONG_TYPE["instant"])


def document(value: object) -> str:
    """Read a JSON object, given as one or as text."""
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    if isinstance(value, str):
        try:
            if isinstance(msgspec.json.decode(value), dict):
                return value
        except msgspec.DecodeError:
            pass
    raise Unreadable(rules.WRONG_TYPE["json"])


def reader(column: str, sort: str, path: str, unit: str) -> Callable[[object], object]:
    """Choose how to read a column.

    Parameters
    ----------
    column : str
        Canonical name.
    sort : str
        A key of ``rules.WRONG_TYPE``.
    path : str
        Where the value comes from; an ending ``_us`` or ``_fen`` states its unit.
    unit : str
        ``fen`` or ``yuan``, where the path does not say.

    Examples
    --------
    >>> reader("price_fen", "money", "properties.price", "yuan")("1.5")
    150
    """
    if sort == "instant":
        return lambda value: instant(value, counted=path.endswith("_us"))
    if sort == "money":
        return fen if path.endswith("_fen") or unit == "fen" else yuan
    if sort == "whole" and column in rules.INT16:
        return lambda value: whole(value, INT16)
    readers: dict[str, Callable[[object], object]] = {
        "text": text,
        "whole": whole,
        "number": number,
        "json": document,
    }
    return readers[sort]


def _moment(said: str) -> int:
    try:
        moment = datetime.fromisoformat(said)
        return int(moment.replace(microsecond=0).timestamp()) * SECOND_US + moment.microsecond
    except (ValueError, OverflowError):
        raise Unreadable(rules.WRONG_TYPE["instant"]) from None
