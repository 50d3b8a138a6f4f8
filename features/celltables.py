"""Tables of cells within a state: decoded as they are asked for, written back as they were read."""

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
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Raw

from features.cells import Cells

_WORDS = msgspec.msgpack.Decoder(dict[str, Raw], strict=False)
_TABLE = msgspec.msgpack.Decoder(dict[str, Cells], strict=False)
_ROWS = msgspec.msgpack.Decoder(dict[str, Raw], strict=False)
_CELLS = msgspec.msgpack.Decoder(Cells)

Place = tuple[str, str, int]
"""Where a cell is: the word of its key, the tail of its key, its place in the row."""

_Picking = tuple[msgspec.msgpack.Decoder[Any], Callable[[Any], Sequence[Any]]]


@cache
def _picking(word: str | None, places: tuple[int, ...]) -> _Picking:
    """What decodes all rows of a table but for the cells not wanted, and the wanted ones of a row.

    Given a word, it decodes this one table of all tables.
    """
    row = _row(places)
    kind: Any = dict[str, row]  # type: ignore[valid-type]
    if word is not None:
        kind = msgspec.defstruct("Some", [("table", kind, {})], rename={"table": word}, gc=False)
    names = [f"c{place}" for place in places]
    wanted = attrgetter(*names) if len(names) > 1 else lambda found: (getattr(found, names[0]),)
    return msgspec.msgpack.Decoder(kind, strict=False), wanted


@cache
def _tails(word: str) -> msgspec.msgpack.Decoder[Any]:
    kind = msgspec.defstruct("Some", [("table", dict[str, Raw], {})], rename={"table": word})
    return msgspec.msgpack.Decoder(kind, strict=False)


@lru_cache(maxsize=256)
def _glimpsing(wanted: tuple[Place, ...]) -> _Picking:
    """What decodes some cells of tables and skips the others, and the wanted cells in order."""
    rows: dict[str, dict[str, list[int]]] = {}
    for word, tail, place in wanted:
        rows.setdefault(word, {}).setdefault(tail, []).append(place)
    tables: dict[str, type[msgspec.Struct]] = {}
    names: dict[tuple[str, str], str] = {}
    for n, (word, tails) in enumerate(rows.items()):
        tables[word] = _struct({tail: _row(tuple(places)) for tail, places in tails.items()})
        names |= {(word, tail): f"f{n}.f{m}" for m, tail in enumerate(tails)}
    cells = attrgetter(*(f"{names[word, tail]}.c{place}" for word, tail, place in wanted))
    one = len(wanted) == 1
    return msgspec.msgpack.Decoder(_struct(tables)), (lambda it: (cells(it),)) if one else cells


def _struct(kinds: Mapping[str, type[msgspec.Struct]]) -> type[msgspec.Struct]:
    """A mapping of which some keys are read; what is absent is empty."""
    fields = [(f"f{n}", kind, kind()) for n, kind in enumerate(kinds.values())]
    names = {f"f{n}": key for n, key in enumerate(kinds)}
    return msgspec.defstruct("Some", fields, rename=names, frozen=True, gc=False)


@cache
def _row(places: tuple[int, ...]) -> type[msgspec.Struct]:
    fields = [(f"c{n}", Any if n in places else Raw, None) for n in range(max(places) + 1)]
    return msgspec.defstruct("Row", fields, array_like=True, frozen=True, gc=False)


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

    def picked(self, places: tuple[int, ...]) -> dict[str, Sequence[Any]]:
        """Some cells of all rows, in the order of ``places``; the rows stay as they were read."""
        if self._raw is None:
            return {tail: [row[place] for place in places] for tail, row in self.items()}
        decoder, cells = _picking(None, places)
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
    tables : mapping of str to mapping, or Raw
        As they are, or as they were read.

    Examples
    --------
    >>> tables = Tables({"user": {"": [[1.0]]}})
    >>> tables["user"], len(tables), tables.get("pair", {})
    ({'': [[1.0]]}, 1, {})
    """

    __slots__ = ("_raw", "_tables")

    def __init__(self, tables: Mapping[str, MutableMapping[str, Cells]] | Raw) -> None:
        self._raw = tables if isinstance(tables, Raw) else None
        self._tables: dict[str, Any] = {} if isinstance(tables, Raw) else dict(tables)

    def __getitem__(self, word: str) -> MutableMapping[str, Cells]:
        """A table; changes to it are the state's."""
        tables = self._cut()
        table = tables[word]
        if isinstance(table, Raw):
            table = tables[word] = Table(table)
        found: MutableMapping[str, Cells] = table
        return found

    def __setitem__(self, word: str, table: MutableMapping[str, Cells]) -> None:
        self._cut()[word] = table

    def __delitem__(self, word: str) -> None:
        del self._cut()[word]

    def __contains__(self, word: object) -> bool:
        return word in self._cut()

    def __iter__(self) -> Iterator[str]:
        return iter(self._cut())

    def __len__(self) -> int:
        return len(self._cut())

    def __repr__(self) -> str:
        return repr({word: self[word] for word in self._tables})

    def get(self, word: str, default: Any = None) -> Any:
        """A table, if there is one."""
        tables = self._cut()
        table = tables.get(word, default)
        if isinstance(table, Raw):
            table = tables[word] = Table(table)
        return table

    def tails(self, word: str) -> list[str]:
        """Tails of a table, which stays as it was read; none where there is no such table."""
        if self._raw is not None:
            return list(_tails(word).decode(self._raw).table)
        return list(self.get(word, {}))

    def rows(self, word: str, tails: Iterable[str]) -> list[Cells | None]:
        """Rows of many tails of one table; None where there is none."""
        table = self.get(word, {})
        if isinstance(table, Table):
            return table.rows(tails)
        return [table.get(tail) for tail in tails]

    def glimpse(self, wanted: tuple[Place, ...]) -> Sequence[Any]:
        """Cells, in the order of ``wanted``; None where there is none, or no such row or table.

        What nobody opened is decoded in one go, and stays as it was read.
        """
        if self._raw is not None:
            decoder, cells = _glimpsing(wanted)
            return cells(decoder.decode(self._raw))
        rows = ((self.get(word, {}).get(tail), place) for word, tail, place in wanted)
        return [row[place] if row else None for row, place in rows]

    def picked(self, word: str, places: tuple[int, ...]) -> Mapping[str, Sequence[Any]]:
        """Some cells of all rows of a table, in the order of ``places``; empty without it."""
        if self._raw is not None:
            decoder, cells = _picking(word, places)
            return {tail: cells(row) for tail, row in decoder.decode(self._raw).table.items()}
        table = self.get(word)
        if isinstance(table, Table):
            return table.picked(places)
        return {tail: [row[n] for n in places] for tail, row in table.items()} if table else {}

    @property
    def stored(self) -> Mapping[str, Any] | Raw:
        """The tables; what nobody opened is as it was read."""
        return self._raw or {
            word: table.stored if isinstance(table, Table) else table
            for word, table in self._tables.items()
        }

    def _cut(self) -> dict[str, Any]:
        if self._raw is not None:
            self._tables, self._raw = _WORDS.decode(self._raw), None
        return self._tables
