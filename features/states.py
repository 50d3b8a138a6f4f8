"""All that is kept online about one person: one value, read and written as one blob.

A heavy user's blob is tens of kilobytes, of which a reader or an event wants a part. So the large
parts are decoded when they are first asked for, and what nobody asked for is written back as it
was read.
"""

from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
    ValuesView,
)
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Raw

from features.cells import Cells


class Act(msgspec.Struct, array_like=True, order=True, frozen=True, gc=False):
    """One act on an item; ordered by time."""

    at_us: int
    event: str
    item_id: str
    peer_id: str = ""


_ENCODER = msgspec.msgpack.Encoder()
_TABLE = msgspec.msgpack.Decoder(dict[str, Cells], strict=False)
_ROWS = msgspec.msgpack.Decoder(dict[str, Raw], strict=False)
_CELLS = msgspec.msgpack.Decoder(Cells)
_ACTS = msgspec.msgpack.Decoder(list[Act])


_Picking = tuple[msgspec.msgpack.Decoder[Any], Callable[[Any], Sequence[Any]]]


@cache
def _picking(places: tuple[int, ...]) -> _Picking:
    """What decodes a row but for the cells that are not wanted, and the wanted ones of it."""
    return msgspec.msgpack.Decoder(_row(places)), _wanted(places)


@cache
def _picking_all(places: tuple[int, ...]) -> _Picking:
    """The same of all rows of a table."""
    return msgspec.msgpack.Decoder(dict[str, _row(places)], strict=False), _wanted(places)  # type: ignore[misc]


@cache
def _row(places: tuple[int, ...]) -> type[msgspec.Struct]:
    fields = [(f"c{n}", Any if n in places else Raw, None) for n in range(max(places) + 1)]
    return msgspec.defstruct("Row", fields, array_like=True, gc=False)


def _wanted(places: tuple[int, ...]) -> Callable[[Any], Sequence[Any]]:
    names = [f"c{place}" for place in places]
    return attrgetter(*names) if len(names) > 1 else lambda found: (getattr(found, names[0]),)


class Table(MutableMapping[str, Cells]):
    """Cells by the tail of the key: a category, a peer, …; "" where the key is the person alone.

    Asked for one tail, it decodes that row; asked for all values, it decodes them at once.

    Parameters
    ----------
    raw : Raw
        As it was read.
    """

    __slots__ = ("_raw", "_rows")

    def __init__(self, raw: Raw) -> None:
        self._raw: Raw | None = raw
        self._rows: dict[str, Any] = {}

    def __getitem__(self, tail: str) -> Cells:
        """Open a row; changes to it are the state's."""
        rows = self._cut()
        row = rows[tail]
        if isinstance(row, Raw):
            row = rows[tail] = _CELLS.decode(row)
        cells: Cells = row
        return cells

    def __setitem__(self, tail: str, cells: Cells) -> None:
        self._cut()[tail] = cells

    def __delitem__(self, tail: str) -> None:
        del self._cut()[tail]

    def __contains__(self, tail: object) -> bool:
        return tail in self._cut()

    def __iter__(self) -> Iterator[str]:
        return iter(self._cut())

    def __len__(self) -> int:
        return len(self._cut())

    def __repr__(self) -> str:
        return repr(self._opened())

    def get(self, tail: str, default: Any = None) -> Any:
        """Open a row, if there is one; the inherited way raises and catches where there is none."""
        row = self._cut().get(tail)
        if isinstance(row, Raw):
            row = self._rows[tail] = _CELLS.decode(row)
        return default if row is None else row

    def rows(self, tails: Iterable[str]) -> list[Cells | None]:
        """Open the rows of many tails; None where there is none."""
        rows = self._cut()
        found = []
        for tail in tails:
            row = rows.get(tail)
            if isinstance(row, Raw):
                row = rows[tail] = _CELLS.decode(row)
            found.append(row)
        return found

    def part(self, tail: str, places: tuple[int, ...]) -> Sequence[Any] | None:
        """Some cells of a row, in the order of ``places``; the others stay as they were read."""
        row = self._cut().get(tail)
        if isinstance(row, Raw):
            decoder, cells = _picking(places)
            return cells(decoder.decode(row))
        return None if row is None else [row[place] for place in places]

    def picked(self, places: tuple[int, ...]) -> dict[str, Sequence[Any]]:
        """Some cells of all rows, in the order of ``places``; the rows stay as they were read."""
        if self._raw is None:
            return {tail: self.part(tail, places) or () for tail in self._rows}
        decoder, cells = _picking_all(places)
        return {tail: cells(row) for tail, row in decoder.decode(self._raw).items()}

    def items(self) -> ItemsView[str, Cells]:
        """Tails with their cells."""
        return self._opened().items()

    def values(self) -> ValuesView[Cells]:
        """Cells of all tails."""
        return self._opened().values()

    @property
    def stored(self) -> Any:
        """The rows, or all of them, as they were read where nobody opened them."""
        return self._rows if self._raw is None else self._raw

    def _cut(self) -> dict[str, Any]:
        if self._raw is not None:
            self._rows, self._raw = _ROWS.decode(self._raw), None
        return self._rows

    def _opened(self) -> dict[str, Cells]:
        if self._raw is not None:
            self._rows, self._raw = _TABLE.decode(self._raw), None
        for tail, row in self._rows.items():
            if isinstance(row, Raw):
                self._rows[tail] = _CELLS.decode(row)
        return self._rows


class Tables(MutableMapping[str, MutableMapping[str, Cells]]):
    """Tables by the word of their key.

    Parameters
    ----------
    tables : mapping of str to mapping or Raw
        As they are, or as they were read.

    Examples
    --------
    >>> tables = Tables({"user": {"": [[1.0]]}})
    >>> tables["user"], len(tables), tables.get("pair", {})
    ({'': [[1.0]]}, 1, {})
    """

    __slots__ = ("_tables",)

    def __init__(self, tables: Mapping[str, MutableMapping[str, Cells] | Raw]) -> None:
        self._tables: dict[str, Any] = dict(tables)

    def __getitem__(self, word: str) -> MutableMapping[str, Cells]:
        """A table; changes to it are the state's."""
        table = self._tables[word]
        if isinstance(table, Raw):
            table = self._tables[word] = Table(table)
        found: MutableMapping[str, Cells] = table
        return found

    def __setitem__(self, word: str, table: MutableMapping[str, Cells]) -> None:
        self._tables[word] = table

    def __delitem__(self, word: str) -> None:
        del self._tables[word]

    def __contains__(self, word: object) -> bool:
        return word in self._tables

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __repr__(self) -> str:
        return repr({word: self[word] for word in self._tables})

    def get(self, word: str, default: Any = None) -> Any:
        """A table, if there is one."""
        table = self._tables.get(word, default)
        if isinstance(table, Raw):
            table = self._tables[word] = Table(table)
        return table

    def rows(self, word: str, tails: Iterable[str]) -> list[Cells | None]:
        """Rows of many tails of one table; None where there is none."""
        table = self.get(word, {})
        if isinstance(table, Table):
            return table.rows(tails)
        return [table.get(tail) for tail in tails]

    def part(
        self, word: str, tail: str, places: tuple[int, ...], *, wide: bool = True
    ) -> Sequence[Any] | None:
        """Some cells of a row, in the order of ``places``; None where there is no such row.

        Of a ``wide`` row that nobody opened the others stay as they were read.
        """
        table = self._tables.get(word)
        if isinstance(table, Raw):
            table = self._tables[word] = Table(table)
        if table is None:
            return None
        if wide and isinstance(table, Table):
            return table.part(tail, places)
        row = table.get(tail)
        return [row[place] for place in places] if row else None

    def picked(self, word: str, places: tuple[int, ...]) -> Mapping[str, Sequence[Any]]:
        """Some cells of all rows of a table, in the order of ``places``; empty without it."""
        table = self.get(word)
        if isinstance(table, Table):
            return table.picked(places)
        return {tail: [row[n] for n in places] for tail, row in table.items()} if table else {}

    @property
    def stored(self) -> Mapping[str, Any]:
        """The tables; what nobody opened is as it was read."""
        return {
            word: table.stored if isinstance(table, Table) else table
            for word, table in self._tables.items()
        }


class State:
    """One person's state.

    Parameters
    ----------
    cells : mapping of str to mapping, optional
        Word of the key → tail of the key ("" for USER) → cells.
    recent, deeds : list of Act, optional
        The last acts, and the last ones that are no mere views; oldest first.
    ties : dict of str to str, optional
        Peer → tie types, sorted, joined by commas.
    profile : dict of str to str, optional
        Gender, city tier, …
    consents : list of str, optional
        Scopes given; None: not asked.
    suppressed : list of str, optional
        Tags that the person deleted.
    personalized : bool
        The person's switch.
    decided : dict of str to int, optional
        ``consents``, ``personalized`` → instant of the decision in force.
    """

    __slots__ = (
        "_deeds", "_recent", "cells", "consents", "decided", "personalized", "profile",
        "suppressed", "ties",
    )  # fmt: skip

    def __init__(
        self,
        cells: Mapping[str, MutableMapping[str, Cells] | Raw] | None = None,
        recent: list[Act] | Raw | None = None,
        deeds: list[Act] | Raw | None = None,
        ties: dict[str, str] | None = None,
        profile: dict[str, str] | None = None,
        consents: list[str] | None = None,
        suppressed: list[str] | None = None,
        personalized: bool = True,
        decided: dict[str, int] | None = None,
    ) -> None:
        self.cells = Tables(cells or {})
        self._recent = [] if recent is None else recent
        self._deeds = [] if deeds is None else deeds
        self.ties = {} if ties is None else ties
        self.profile = {} if profile is None else profile
        self.consents = consents
        self.suppressed = [] if suppressed is None else suppressed
        self.personalized = personalized
        self.decided = {} if decided is None else decided

    @property
    def recent(self) -> list[Act]:
        """The last acts, oldest first."""
        if isinstance(self._recent, Raw):
            self._recent = _ACTS.decode(self._recent)
        return self._recent

    @recent.setter
    def recent(self, acts: list[Act]) -> None:
        self._recent = acts

    @property
    def deeds(self) -> list[Act]:
        """The last acts that are no mere views, oldest first."""
        if isinstance(self._deeds, Raw):
            self._deeds = _ACTS.decode(self._deeds)
        return self._deeds

    @deeds.setter
    def deeds(self, acts: list[Act]) -> None:
        self._deeds = acts

    def __eq__(self, other: object) -> bool:
        """Whether all parts are equal."""
        if not isinstance(other, State):
            return NotImplemented
        return self._parts() == other._parts()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        told = zip(_FIELDS, self._parts(), strict=True)
        return f"State({', '.join(f'{name}={part!r}' for name, part in told if part)})"

    def __deepcopy__(self, memo: object) -> "State":
        """A state that shares nothing with this one."""
        return decode(encode(self))

    def _parts(self) -> Sequence[Any]:
        return [getattr(self, name) for name in _FIELDS]


_NOTHING = Raw(_ENCODER.encode([]))


class _Stored(msgspec.Struct):
    """A blob; what is empty is left out."""

    cells: dict[str, Raw] = {}
    recent: Raw = _NOTHING
    deeds: Raw = _NOTHING
    ties: dict[str, str] = {}
    profile: dict[str, str] = {}
    consents: list[str] | None = None
    suppressed: list[str] = []
    personalized: bool = True
    decided: dict[str, int] = {}


_FIELDS = _Stored.__struct_fields__
_DECODER = msgspec.msgpack.Decoder(_Stored, strict=False)


def encode(state: State) -> bytes:
    """Write a state as one blob."""
    parts: dict[str, Any] = {
        "cells": state.cells.stored,
        "recent": state._recent,
        "deeds": state._deeds,
        "ties": state.ties,
        "profile": state.profile,
        "suppressed": state.suppressed,
        "decided": state.decided,
    }
    kept = {name: part for name, part in parts.items() if part}
    if state.consents is not None:
        kept["consents"] = state.consents
    if not state.personalized:
        kept["personalized"] = False
    return _ENCODER.encode(kept)


def decode(blob: bytes) -> State:
    """Read a state back.

    Raises
    ------
    msgspec.DecodeError
        The blob is no state; damage within a part shows when the part is asked for.

    Examples
    --------
    >>> decode(encode(State(ties={"u2": "friend"}))).ties
    {'u2': 'friend'}
    """
    found = _DECODER.decode(blob)
    return State(
        found.cells,
        None if found.recent is _NOTHING else found.recent,
        None if found.deeds is _NOTHING else found.deeds,
        found.ties,
        found.profile,
        found.consents,
        found.suppressed,
        found.personalized,
        found.decided,
    )
