"""Ids of requests: sortable by time, unique without talking to anyone (ULID)."""

import os

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]


def request_id(at_us: int) -> str:
    """Make a ULID: 48 bits of milliseconds, 80 random bits, 26 characters of Crockford's base 32.

    Parameters
    ----------
    at_us : int
        The instant it shall sort by.

    Examples
    --------
    >>> request_id(1_469_918_176_385_000)[:10], len(request_id(0))
    ('01ARYZ6S41', 26)
    """
    number = (at_us // 1000) << 80 | int.from_bytes(os.urandom(10))
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])
