"""What makes a row bad, and the words that say so: one table for files and for HTTP.

A fault is always about one column, and reads ``<column>: <words>``.
"""

import re
from collections import defaultdict

from features import columns as c
from features.clock import SECOND_US
from features.events import ALIASED, IDENTIFIED, KINDS, SEPARATED, TIE_CREATED

MISSING = "missing"
UNKNOWN_EVENT = "not an event of the vocabulary"
NAIVE_TIME = "a time without a zone"
TOO_OLD = "before 1990"
FUTURE = "in the future"
NEGATIVE = "negative"
SELF_TIE = "the same person as user_id"
UNKNOWN_ITEM = "not in the items table"
CONFLICT = "a second row with this key but other content"
NOT_JSON = "not a JSON object"
NOT_A_ROW = "another number of fields than the header"

WRONG_TYPE = {"text": "not text", "whole": "not a whole number", "number": "not a number"} | {
    "instant": "not an instant",
    "money": "not an amount of money",
    "list": "not a list of texts",
    "json": "not JSON",
}
"""Words for a value that cannot be read as what its column holds."""

ROW = "row"
"""The column of a fault that is about the row as a whole."""

OLDEST_US = 631_152_000 * SECOND_US
"""1990-01-01T00:00:00Z; an instant before it is a unit mistaken or a default."""

SKEW_US = 600 * SECOND_US
"""A client's clock may run this far ahead of ours."""

PAST = (c.AT, c.RECEIVED, "registered_us", "since_us")
"""Instants of what has happened: not in the future. A price may be valid from tomorrow."""

SINCE_1990 = (*PAST, c.VALID_FROM, "listed_us", "expires_us")
"""Instants checked against 1990; ``valid_from_us`` 0 means always."""

NOT_NEGATIVE = (c.PRICE, "list_price_fen", c.TOTAL, c.DISCOUNT, c.QUANTITY, "stock")

INT16 = (c.LINE, "position", "size", "depth")
"""Columns that hold small whole numbers."""

ORDER_LEVEL = (c.TOTAL, c.DISCOUNT)
"""Values of a whole order, kept on its line 0 alone."""

SELF_TIE_EVENTS = (TIE_CREATED, IDENTIFIED, ALIASED, SEPARATED)

WHOLE = re.compile(r"\s*[+-]?[0-9]{1,30}(\.0+)?\s*")
NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
ZONED = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
)
LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)?")
"""Spellings read as whole numbers, numbers, instants with a zone and local times. DuckDB and Python
read more than these, and not the same; both match these first."""


def sort_of(column: str, kind: str) -> str:
    """Say what a column holds: a key of :data:`WRONG_TYPE`.

    Parameters
    ----------
    column : str
        Canonical name; its ending tells instants (``_us``) and money (``_fen``).
    kind : str
        ``str``, ``int``, ``float`` or ``list``.

    Examples
    --------
    >>> sort_of("price_fen", "int"), sort_of("at_us", "int"), sort_of("line", "int")
    ('money', 'instant', 'whole')
    """
    if column == c.EXTRA:
        return "json"
    if column.endswith("_us"):
        return "instant"
    if column.endswith("_fen"):
        return "money"
    return {"str": "text", "int": "whole", "float": "number", "list": "list"}[kind]


def required_by_column() -> dict[str, tuple[str, ...]]:
    """List, for each column that some events must carry, the names of those events.

    Examples
    --------
    >>> required_by_column()["query"]
    ('Products Searched',)
    """
    events: dict[str, list[str]] = defaultdict(list)
    for kind in KINDS.values():
        for column in kind.required:
            events[column].append(kind.name)
    return {column: tuple(names) for column, names in events.items()}
