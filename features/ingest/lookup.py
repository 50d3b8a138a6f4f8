"""The shipped Segment mapping as nested dictionaries: from a key of the event to its column."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args, get_type_hints

from features import columns as c
from features.events import Event
from features.ingest import mapping as maps
from features.ingest import rules
from features.ingest.mapping import spellings
from features.ingest.values import reader

ANONYMOUS, VISITOR = maps.VISITORS


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where a key's value goes; among several for one column the lowest rank wins.

    Parameters
    ----------
    column : str
        Canonical name.
    rank : int
        Place among the column's alternatives.
    read : callable, optional
        Reads the value or raises ``Unreadable``; None for what is dropped or read elsewhere.
    """

    column: str
    rank: int
    read: Callable[[object], object] | None


Branch = dict[str, Any]
"""Keys of an object; each leads to a :class:`Leaf` or a further branch."""


@dataclass(frozen=True)
class Lookup:
    """A compiled mapping.

    Parameters
    ----------
    root, element : dict
        Keys of the event, and of one element of its exploded list.
    lists : tuple of tuple of str
        Paths of lists that are exploded, the first non-empty one.
    constants : dict of str to str
        Values of columns that the event has not.
    """

    root: Branch
    element: Branch
    lists: tuple[tuple[str, ...], ...]
    constants: dict[str, str]


@lru_cache(maxsize=1)
def segment() -> dict[object, Lookup]:
    """Compile the shipped mapping ``segment``, once; by the event's ``type``.

    Examples
    --------
    >>> segment()["track"].root["properties"]["productId"].column
    'item_id'
    >>> segment()["alias"].constants
    {'event': 'User Aliased'}
    """
    return {
        type_: compiled
        for part in maps.load("segment").events
        for compiled in [_compiled(part)]
        for type_ in part.when["type"]
    }


def _compiled(part: maps.Part) -> Lookup:
    roots = tuple(way for root in part.explode for way in spellings(root))
    root: Branch = {}
    element: Branch = {}
    served = {c.RECEIVED: None}  # the server's to say
    for column, sort in _sorts().items():
        paths = (*part.columns.get(column, ()), *((column,) if part.canonical else ()))
        for rank, path in enumerate(dict.fromkeys(w for p in paths for w in spellings(p))):
            read = reader(column, sort, path, part.unit(column))
            leaf = Leaf(column, rank, served.get(column, read))
            inside = [path.removeprefix(r + ".") for r in roots if path.startswith(r + ".")]
            _plant(element if inside else root, [*inside, path][0], leaf)
    for path in (*part.dropped, *roots, *part.when):
        _plant(root, path, Leaf(path, 0, None))
    lists = tuple(tuple(path.split(".")) for path in roots)
    return Lookup(root, element, lists, part.constants)


def _plant(branch: Branch, path: str, leaf: Leaf) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        branch = branch.setdefault(parent, {})
    branch.setdefault(last, leaf)


def _sorts() -> dict[str, str]:
    """What each column of an event holds."""
    hints = get_type_hints(Event)
    kinds = {name: next(iter(get_args(hint)), hint).__name__ for name, hint in hints.items()}
    sorts = {name: rules.sort_of(name, kind) for name, kind in kinds.items()}
    return sorts | {ANONYMOUS: "text", VISITOR: "text"}
