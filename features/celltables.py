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
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Raw

from features.cells import Cells

_TABLE = msgspec.msgpack.Decoder(dict[str, Cells], strict=False)
_ROWS = msgspec.msgpack.Decoder(dict[str, Raw], strict=False)
_CELLS = msgspec.msgpack.Decoder(Cells)

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
