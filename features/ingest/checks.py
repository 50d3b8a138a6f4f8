"""The rule table of ``rules`` as one SQL expression: the first fault of a row."""

from collections.abc import Iterable

from features import columns as c
from features.events import KINDS
from features.ingest import rules
from features.ingest.casting import sort_of, text
from features.tables import Table


def fault(column: str, words: str) -> str:
    """Write a fault the way it is counted and stored.

    Examples
    --------
    >>> fault("item_id", rules.MISSING)
    'item_id: missing'
    """
    return f"{column}: {words}"


def first_fault(table: Table, tests: Iterable[str], now_us: int, *, known_items: bool) -> str:
    """Write the SQL of a row's first fault, NULL for a good row.

    Parameters
    ----------
    table : Table
        Whose rules.
    tests : iterable of str
        Boolean columns ``naive_<column>`` and ``bad_<column>`` that the row has.
    now_us : int
        The wall clock.
    known_items : bool
        Whether an ``item_id`` must be in the relation ``known_items``.
    """
    cases = [("_broken", fault(rules.ROW, rules.NOT_JSON))]
    cases += sorted(_unread(table, tests), key=lambda case: not case[0].startswith("naive_"))
    cases += [(f"{name} IS NULL", fault(name, rules.MISSING)) for name in table.required]
    cases += _events() if table.name == "events" else []
    cases += _ranges(table, now_us)
    if table.name == "ties":
        cases.append((f"{c.PEER} = {c.USER}", fault(c.PEER, rules.SELF_TIE)))
    if known_items:
        unknown = f"{c.ITEM} IS NOT NULL AND {c.ITEM} NOT IN (SELECT {c.ITEM} FROM known_items)"
        cases.append((unknown, fault(c.ITEM, rules.UNKNOWN_ITEM)))
    return f"CASE {' '.join(f'WHEN {test} THEN {text(words)}' for test, words in cases)} END"


def _unread(table: Table, tests: Iterable[str]) -> list[tuple[str, str]]:
    cases = []
    for test in tests:
        how, _, name = test.partition("_")
        words = rules.NAIVE_TIME if how == "naive" else rules.WRONG_TYPE[_sort(table, name)]
        cases.append((test, fault(name, words)))
    return cases


def _sort(table: Table, name: str) -> str:
    known = name in table.schema.names
    return sort_of(name, table.schema.field(name).type) if known else "text"


def _events() -> list[tuple[str, str]]:
    names = ", ".join(text(name) for name in KINDS)
    cases = [(f"{c.EVENT} NOT IN ({names})", fault(c.EVENT, rules.UNKNOWN_EVENT))]
    for column, kinds in rules.required_by_column().items():
        those = ", ".join(text(name) for name in kinds)
        cases.append((f"{column} IS NULL AND {c.EVENT} IN ({those})", fault(column, rules.MISSING)))
    ties = ", ".join(text(name) for name in rules.SELF_TIE_EVENTS)
    same = f"{c.PEER} = {c.USER} AND {c.EVENT} IN ({ties})"
    return [*cases, (same, fault(c.PEER, rules.SELF_TIE))]


def _ranges(table: Table, now_us: int) -> list[tuple[str, str]]:
    def of_table(names: Iterable[str]) -> list[str]:
        return [name for name in names if name in table.schema.names]

    latest = now_us + rules.SKEW_US
    cases = []
    for name in of_table(rules.SINCE_1990):
        old = f"{name} < {rules.OLDEST_US}" + (f" AND {name} <> 0" if name == c.VALID_FROM else "")
        cases.append((old, fault(name, rules.TOO_OLD)))
    cases += [(f"{name} > {latest}", fault(name, rules.FUTURE)) for name in of_table(rules.PAST)]
    return cases + [
        (f"{name} < 0", fault(name, rules.NEGATIVE)) for name in of_table(rules.NOT_NEGATIVE)
    ]
