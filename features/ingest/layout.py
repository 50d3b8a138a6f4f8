"""What one source offers: its columns, or the paths of its JSON documents."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from features.errors import MappingError, UnknownName
from features.ingest.casting import Value, kind_of, text
from features.ingest.mapping import Part, spellings

FILE = "_file"
ROW = "_row"
DOCUMENT = "_document"
"""Name of the only column of an NDJSON source."""

Tree = dict[str, Any]
"""Keys of a JSON object: ``"VARCHAR"`` for a value wanted, else the tree of an inner object."""


@dataclass(frozen=True)
class Layout:
    """Columns of one source, under the short names they have in SQL.

    Parameters
    ----------
    schema : pyarrow.Schema
        The source's own columns; one text column ``_document`` for NDJSON.
    partitions : tuple of str
        Those that come from folder names such as ``ds=2026-06-18``.

    Examples
    --------
    >>> layout = Layout(pa.schema([("uid", pa.int64()), ("用户", pa.string())]))
    >>> layout.sql("用户"), layout.is_json
    ('s1', False)
    """

    schema: pa.Schema
    partitions: tuple[str, ...] = ()

    @property
    def is_json(self) -> bool:
        """Whether a row is one JSON document."""
        return DOCUMENT in self.schema.names

    @property
    def names(self) -> list[str]:
        """The source's column names."""
        return list(self.schema.names)

    def sql(self, name: str) -> str:
        """Name of a source column in SQL."""
        return f"s{self.schema.get_field_index(name)}"

    def column(self, name: str) -> Value:
        """Source column as a value; bytes that should have been text are read as UTF-8."""
        kind = self.schema.field(name).type
        sql = self.sql(name)
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            sql = f"decode({sql})"
        elif pa.types.is_dictionary(kind) or pa.types.is_null(kind):
            sql = f"{sql}::VARCHAR"
        return Value(sql, kind_of(kind), name)


@dataclass
class Found:
    """Looks source paths up in a layout, and remembers what was looked for.

    Attributes
    ----------
    documents : dict
        SQL of each JSON document looked into, with the keys wanted of it as a tree.
    used : set of str
        Source columns and paths that went somewhere.
    """

    layout: Layout
    part: Part
    documents: dict[str, Tree] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def values(self, paths: Iterable[str]) -> list[Value]:
        """Return every spelling of every path that this layout can hold, in order."""
        values = []
        for path in dict.fromkeys(way for wanted in paths for way in spellings(wanted)):
            value = self._value(path)
            if value is not None:
                self.used.add(path)
                values.append(value)
        return values

    def wanted(self, column: str, paths: tuple[str, ...], name: str) -> list[Value]:
        """Return :meth:`values` of paths that a mapping names.

        Raises
        ------
        MappingError
            When the source ``name`` has none of them; with the nearest names that it has.
        """
        values = self.values(paths)
        if not values:
            unknown = UnknownName.among(f"column of {name}", paths[0], self.layout.names)
            raise MappingError(f"{column}: {unknown}")
        return values

    def document(self, path: str) -> tuple[str, str] | None:
        """Return the SQL of the JSON document a path leads into, and the rest of the path."""
        if self.layout.is_json:
            return "d0", path
        names = path.split(".")
        for count in range(len(names), 0, -1):
            name = ".".join(names[:count])
            if name in self.layout.names:
                self.used.add(name)
                return _as_json(self.layout.column(name)), ".".join(names[count:])
        return None

    def lists(self) -> list[str]:
        """SQL of each JSON list that ``explode`` names, in order."""
        lists = []
        for path in (way for named in self.part.explode for way in spellings(named)):
            place = self.document(path)
            if place is not None:
                self.used.add(path)
                lists.append(f"json_extract({place[0]}, '{path_in_json(place[1])}[*]')")
        return lists

    def _value(self, path: str) -> Value | None:
        for root in (way for named in self.part.explode for way in spellings(named)):
            if path.startswith(root + "."):
                return self._inside("element", path.removeprefix(root + "."), path)
        if path in self.layout.names and not self.layout.is_json:
            return self.layout.column(path)
        place = self.document(path)
        return None if place is None or not place[1] else self._inside(*place, path)

    def _inside(self, document: str, path: str, name: str) -> Value:
        *parents, last = path.split(".")
        place = tree = self.documents.setdefault(document, {})
        for parent in parents:
            place = place.setdefault(parent, {}) if isinstance(place, dict) else place
        if not isinstance(place, dict) or not _fits(place, last):
            return Value(f"json_extract_string({document}, '{path_in_json(path)}')", "json", name)
        place[last] = "VARCHAR"
        steps = "".join(f"[{text(step)}]" for step in (*parents, last))
        number = next(n for n, one in enumerate(self.documents.values()) if one is tree)
        return Value(f"v{number}{steps}", "json", name)


def _fits(place: Tree, name: str) -> bool:
    """Whether a struct may have this field too: DuckDB's are told apart by letters alone."""
    return place.get(name, "VARCHAR") == "VARCHAR" and not any(
        other != name and other.lower() == name.lower() for other in place
    )


def path_in_json(path: str) -> str:
    """Write a dotted path as DuckDB's JSON path, quoted for SQL.

    Examples
    --------
    >>> path_in_json("properties.$lib")
    '$."properties"."$lib"'
    """
    names = (name.replace('"', "").replace("'", "''") for name in path.split(".") if name)
    return "$" + "".join(f'."{name}"' for name in names)


def _as_json(value: Value) -> str:
    if value.kind in {"nested", "list"}:
        return f"to_json({value.sql})"
    return f"CASE WHEN json_valid({value.sql}) THEN {value.sql}::JSON END"
