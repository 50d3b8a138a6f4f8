"""The SQL that turns raw rows of one layout into canonical rows, each with its fault or none.

Sub-selects, from the inside out: the source as it is; one row for each element of an exploded
list; the values looked up; the values cast; what follows from them; the first fault.
"""

import json
from dataclasses import dataclass, field

import pyarrow as pa

from features import columns as c
from features.errors import MappingError
from features.events import ANONYMOUS_PREFIX
from features.ingest import casting, checks, rules
from features.ingest.casting import Value, text
from features.ingest.layout import DOCUMENT, FILE, ROW, Found, Layout
from features.ingest.leftover import leftover, unknown_columns
from features.ingest.mapping import VISITORS, Part, columns_of
from features.tables import Table

DERIVED = (c.MESSAGE, c.LINE, c.VALID_FROM)
"""Required columns that a source may lack: they follow from the rest of the row."""

ANONYMOUS, VISITOR = VISITORS
BORN = {"users": "registered_us", "items": "listed_us"}
"""Where ``valid_from_us`` comes from when the source has none."""


@dataclass
class Select:
    """One statement: raw rows of the relation ``source`` to canonical rows.

    Parameters
    ----------
    table : Table
        The canonical table.
    part : Part
        Its mapping.
    layout : Layout
        The source.
    name : str
        The source in messages.

    Raises
    ------
    MappingError
        When the mapping names columns the source has not, or leaves out a required one.
    """

    table: Table
    part: Part
    layout: Layout
    name: str
    found: Found = field(init=False)
    lists: list[str] = field(init=False)
    values: dict[str, list[Value]] = field(init=False)
    conditions: list[list[Value]] = field(init=False)

    def __post_init__(self) -> None:
        self.found = Found(self.layout, self.part)
        self.lists = self.found.lists()
        self.values = {name: self._values(name) for name in columns_of(self.table.name)}
        self.conditions = [self.found.wanted("when", (p,), self.name) for p in self.part.when]
        for name in self.table.required:
            who = name == c.USER and bool(self.values.get(ANONYMOUS))
            if not (name in DERIVED or self.values[name] or who):
                raise MappingError(
                    f"{self.name} has no column for {name} of {self.table.name}",
                    got=", ".join(self.layout.names),
                    next_step="write a mapping; `huoren ingest SOURCE --guess` drafts one",
                )

    def notes(self) -> list[str]:
        """Say what of the source went to ``extra``."""
        names = [] if self.layout.is_json else unknown_columns(self.found)
        return [f"{len(names)} unknown columns kept in extra: {', '.join(names)}"] if names else []

    def sql(self, now_us: int, *, known_items: bool = False) -> str:
        """Write the statement.

        Parameters
        ----------
        now_us : int
            The wall clock.
        known_items : bool
            Whether there is a relation ``known_items`` that events must agree with.

        Returns
        -------
        str
            Yields ``_file, _row, _reason, _raw, _hash`` and the canonical columns. ``_raw`` is
            there for bad rows, and for all rows of tables where a contradiction shows only once
            every row is in. ``_hash`` is there for events without a ``message_id``.
        """
        rows = self._derived(self._cast(self._looked_up(self._exploded(self._source()))))
        tests = [test for name in self.values for test in self._tests(name)]
        reason = checks.first_fault(self.table, tests, now_us, known_items=known_items)
        rows = f"SELECT *, {reason} AS _reason FROM ({rows})"
        raw = self._raw()
        if self._is_events:  # written for few rows, so never computed for all
            raw = f"CASE WHEN _reason IS NOT NULL THEN {raw} END"
        names = ", ".join(self.table.schema.names)
        return f"SELECT {FILE}, {ROW}, _reason, {raw} AS _raw, _hash, {names} FROM ({rows})"

    @property
    def _is_events(self) -> bool:
        return self.table.name == "events"

    def _values(self, name: str) -> list[Value]:
        paths = self.part.columns.get(name, ())
        values = self.found.wanted(name, paths, self.name) if paths else []
        if self.part.canonical and name not in self.part.dropped:
            known = {value.name for value in values}
            values += [value for value in self.found.values((name,)) if value.name not in known]
        if name in self.part.constants:
            values.append(Value(text(self.part.constants[name]), "text", name))
        return values

    def _source(self) -> str:
        if not self.layout.is_json:
            return "SELECT *, false AS _broken FROM source"
        raw = self.layout.sql(DOCUMENT)
        valid = f"json_valid({raw}) AND ltrim({raw})[1] = '{{'"
        rows = f"SELECT *, CASE WHEN {valid} THEN {raw}::JSON END AS d0 FROM source"
        return f"SELECT *, d0 IS NULL AS _broken FROM ({rows})"

    def _exploded(self, rows: str) -> str:
        if not self.lists:
            return f"SELECT *, NULL::JSON AS element, 0 AS _line FROM ({rows})"
        named = ", ".join(f"{sql} AS l{n}" for n, sql in enumerate(self.lists))
        cases = " ".join(f"WHEN len(l{n}) > 0 THEN l{n}" for n in range(len(self.lists)))
        rows = f"SELECT *, {named} FROM ({rows})"
        rows = f"SELECT *, CASE {cases} ELSE [NULL::JSON] END AS _list FROM ({rows})"
        unnested = "unnest(_list) AS element, unnest(range(len(_list))) AS _line"
        return f"SELECT *, {unnested} FROM ({rows})"

    def _looked_up(self, rows: str) -> str:
        found = [
            f"from_json({document}, {text(json.dumps(tree, ensure_ascii=False))}) AS v{n}"
            for n, (document, tree) in enumerate(self.found.documents.items())
        ]
        values = [
            f"{self._renamed(name, value)} AS {name}_{n}"
            for name, several in self.values.items()
            for n, value in enumerate(several)
        ]
        rows = f"SELECT {', '.join(['*', *found])} FROM ({rows})"
        rows = f"SELECT {', '.join(['*', *values])} FROM ({rows})"
        tests = [
            _is_one_of([casting.as_text(casting.clean(v, self.part)) for v in several], wanted)
            for several, wanted in zip(self.conditions, self.part.when.values(), strict=True)
        ]
        if not tests:
            return rows
        broken = "NOT _broken AND" if self.part.aside else "_broken OR"
        return f"{rows} WHERE {broken} ({' AND '.join(tests)})"

    def _renamed(self, name: str, value: Value) -> str:
        renames = self.part.values.get(name, {})
        return casting.renamed(casting.clean(value, self.part), renames).sql

    def _cast(self, rows: str) -> str:
        parts = [*self._carried(), "_line", f"{leftover(self.found)} AS _left"]
        for name in self.values:
            parts.append(f"{self._read(name)} AS c_{name}")
            parts += [f"{condition} AS {test}" for test, condition in self._tests(name).items()]
        return f"SELECT {', '.join(parts)} FROM ({rows})"

    def _placed(self, name: str) -> list[Value]:
        """Return the values of a column as ``_looked_up`` has named them."""
        renames = name in self.part.values
        return [
            Value(f"{name}_{n}", "text" if renames else value.kind, value.name)
            for n, value in enumerate(self.values[name])
        ]

    def _kind(self, name: str) -> pa.DataType:
        return self.table.schema.field(c.USER if name in VISITORS else name).type

    def _read(self, name: str) -> str:
        kind = self._kind(name)
        placed = self._placed(name)
        read = [casting.cast(value, name, kind, self.part) for value in placed]
        if not read:
            return f"NULL::{casting.DUCK[kind]}"
        if len(read) == 1:
            return read[0]
        cases = zip(placed, read, strict=True)
        return f"CASE {' '.join(f'WHEN {v.sql} IS NOT NULL THEN {how}' for v, how in cases)} END"

    def _tests(self, name: str) -> dict[str, str]:
        """Conditions that tell a value which is there from one that could be read."""
        placed = self._placed(name)
        tests = {}
        if rules.sort_of(name, "str") == "instant":
            naive = [test for value in placed if (test := casting.naive(value, self.part))]
            if naive:
                tests[f"naive_{name}"] = f"c_{name} IS NULL AND ({' OR '.join(naive)})"
        if not all(casting.never_fails(value, name, self._kind(name)) for value in placed):
            there = " OR ".join(f"{value.sql} IS NOT NULL" for value in placed)
            tests[f"bad_{name}"] = f"c_{name} IS NULL AND ({there})"
        return tests

    def _derived(self, rows: str) -> str:
        parts = [*self._carried(), f"{self._hash()} AS _hash"]
        parts += [test for name in self.values for test in self._tests(name)]
        parts += [f"{self._final(name)} AS {name}" for name in self.table.schema.names]
        return f"SELECT {', '.join(parts)} FROM ({rows})"

    def _final(self, name: str) -> str:
        sql = f"c_{name}"
        if name == c.USER and self.values.get(ANONYMOUS):
            return f"coalesce({sql}, {text(ANONYMOUS_PREFIX)} || c_{ANONYMOUS})"
        if name == c.PEER and self.values.get(VISITOR):
            return (
                f"CASE WHEN coalesce({sql}, c_{VISITOR}) = c_{VISITOR} "
                f"THEN {text(ANONYMOUS_PREFIX)} || c_{VISITOR} ELSE {sql} END"
            )
        if name == c.MESSAGE:
            return f"coalesce({sql}, {self._hash()} || '-0')"
        if name == c.LINE:
            return "_line::SMALLINT" if self.lists else f"coalesce({sql}, 0)"
        if name == c.VALID_FROM:
            return f"coalesce({sql}, c_{BORN[self.table.name]}, 0)"
        if name in rules.ORDER_LEVEL:
            return f"CASE WHEN _line = 0 THEN {sql} END"
        if name == c.EXTRA:
            both = f"json_merge_patch(coalesce({sql}, '{{}}'), _left)::VARCHAR"
            return f"CASE WHEN _left IS NULL THEN {sql} ELSE {both} END"
        return sql

    def _carried(self) -> list[str]:
        """Columns that go through every step: where a row is from, and what it was."""
        return [FILE, ROW, "_broken", *(self.layout.sql(name) for name in self.layout.names)]

    def _raw(self) -> str:
        if self.layout.is_json:
            return self.layout.sql(DOCUMENT)
        columns = (self.layout.column(name) for name in self.layout.names)
        pairs = (f"{text(value.name)}, {value.sql}" for value in columns)
        return f"json_object({', '.join(pairs)})::VARCHAR"

    def _content(self) -> str:
        """Whole content of a row, so that an id can be made of it."""
        columns = (self.layout.column(name) for name in sorted(self.layout.names))
        pairs = (f"{text(value.name + '=')} || {value.sql}::VARCHAR" for value in columns)
        return f"concat_ws(chr(31), {', '.join(pairs)})"

    def _hash(self) -> str:
        if not self._is_events:
            return "NULL::VARCHAR"
        return f"CASE WHEN c_{c.MESSAGE} IS NULL THEN md5({self._content()}) END"


def _is_one_of(said: list[str], wanted: tuple[object, ...]) -> str:
    value = f"coalesce({', '.join(said)}, NULL)"
    texts = [text(str(one)) for one in wanted if one is not None]
    tests = [f"{value} IN ({', '.join(texts)})"] if texts else []
    tests += [f"{value} IS NULL"] if None in wanted else []
    return f"({' OR '.join(tests)})"
