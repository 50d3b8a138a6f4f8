"""SQL that reads one source value as what a canonical column holds, or as NULL when it cannot.

DuckDB's own casts are generous (``'3.7'`` becomes the whole number 4, ``'1_000'`` a thousand), so
texts are matched against the spellings of ``rules`` first.
"""

from dataclasses import dataclass

import pyarrow as pa

from features.errors import MappingError
from features.ingest import rules
from features.ingest.mapping import Part

MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}

DUCK = {
    pa.string(): "VARCHAR",
    pa.int16(): "SMALLINT",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.list_(pa.string()): "VARCHAR[]",
}
"""DuckDB's type for each Arrow type of the canonical tables."""


@dataclass(frozen=True)
class Value:
    """One source value.

    Parameters
    ----------
    sql : str
        Expression that yields it.
    kind : str
        What it yields: text, json (text found in a JSON document), int, float, decimal, bool,
        date, naive, zoned, list, nested.
    name : str
        Source column or path; an ending ``_us`` or ``_fen`` states the unit.
    """

    sql: str
    kind: str
    name: str


def text(literal: str) -> str:
    """Quote a text for SQL."""
    return "'" + literal.replace("'", "''") + "'"


def kind_of(kind: pa.DataType) -> str:
    """Sort an Arrow type into the kinds of :class:`Value`.

    Examples
    --------
    >>> kind_of(pa.timestamp("us")), kind_of(pa.timestamp("us", "UTC")), kind_of(pa.int32())
    ('naive', 'zoned', 'int')
    """
    types = pa.types
    if types.is_dictionary(kind):
        return kind_of(kind.value_type)
    if types.is_timestamp(kind):
        return "naive" if kind.tz is None else "zoned"
    if types.is_list(kind) or types.is_large_list(kind):
        return "list" if kind_of(kind.value_type) == "text" else "nested"
    tests = {
        "int": types.is_integer,
        "float": types.is_floating,
        "decimal": types.is_decimal,
        "bool": types.is_boolean,
        "date": types.is_date,
        "nested": types.is_nested,
    }
    return next((name for name, test in tests.items() if test(kind)), "text")


def sort_of(column: str, kind: pa.DataType) -> str:
    """Say what a column of an Arrow type holds: a key of ``rules.WRONG_TYPE``.

    Examples
    --------
    >>> sort_of("rating", pa.float32()), sort_of("price_fen", pa.int64())
    ('number', 'money')
    """
    if pa.types.is_integer(kind):
        return rules.sort_of(column, "int")
    if pa.types.is_floating(kind):
        return rules.sort_of(column, "float")
    return rules.sort_of(column, "list" if pa.types.is_list(kind) else "str")


def clean(value: Value, part: Part) -> Value:
    """Turn spellings of "no value", and NaN, into NULL."""
    sql = value.sql
    if value.kind in {"text", "json"}:
        if part.nulls:
            nulls = ", ".join(text(null) for null in part.nulls)
            sql = f"CASE WHEN {sql} NOT IN ({nulls}) THEN {sql} END"
    elif value.kind == "float":
        sql = f"CASE WHEN NOT isnan({sql}) THEN {sql} END"
    return Value(sql, value.kind, value.name)


def as_text(value: Value) -> str:
    """Write a value as text; a float that is whole as a whole number (ids that met a NaN)."""
    sql = value.sql
    if value.kind in {"text", "json"}:
        return sql
    if value.kind == "float":
        return f"CASE WHEN {sql} = trunc({sql}) AND abs({sql}) < 1e15 THEN {sql}::BIGINT::VARCHAR ELSE {sql}::VARCHAR END"  # noqa: E501
    return f"to_json({sql})::VARCHAR" if value.kind in {"nested", "list"} else f"{sql}::VARCHAR"


def renamed(value: Value, names: dict[str, str | None]) -> Value:
    """Apply ``values:`` of a mapping; a value it does not name stays."""
    if not names:
        return value
    said = as_text(value)
    cases = " ".join(
        f"WHEN {text(old)} THEN {'NULL' if new is None else text(new)}"
        for old, new in names.items()
    )
    return Value(f"CASE {said} {cases} ELSE {said} END", "text", value.name)


def cast(value: Value, column: str, kind: pa.DataType, part: Part) -> str:
    """Write the SQL that reads ``value`` as the canonical ``column``.

    Raises
    ------
    MappingError
        When the column is an instant, the value a number, and nothing says in what unit.
    """
    duck = DUCK[kind]
    sort = sort_of(column, kind)
    if sort == "instant":
        return _instant(value, column, part)
    if sort == "money":
        return _money(value, "fen" if value.name.endswith("_fen") else part.unit(column))
    if sort == "json":
        said = as_text(value)
        return f"CASE WHEN json_valid({said}) AND ltrim({said}) LIKE '{{%' THEN {said} END"
    if sort == "list":
        return _list(value)
    if sort == "text":
        said = as_text(value)
        nested = value.kind in {"json", "nested", "list"}
        return f"CASE WHEN {said}[1] NOT IN ('{{', '[') THEN {said} END" if nested else said
    return _number(value, duck, whole=sort == "whole")


def never_fails(value: Value, column: str, kind: pa.DataType) -> bool:
    """Whether every value of this kind can be read as this column, so that no check is needed."""
    sort = sort_of(column, kind)
    if sort == "text":
        return value.kind not in {"json", "nested", "list"}
    return sort == "list" and value.kind == "list"


def naive(value: Value, part: Part) -> str | None:
    """Write the SQL that tells a time without a zone where the mapping names none."""
    if part.timezone is not None or (part.format and "%z" in part.format):
        return None
    if value.kind in {"naive", "date"}:
        return f"{value.sql} IS NOT NULL"
    if value.kind not in {"text", "json"}:
        return None
    read = f"regexp_full_match({value.sql}, {text(rules.LOCAL.pattern)})"
    if part.format:
        read += f" OR try_strptime({value.sql}, {text(part.format)}) IS NOT NULL"
    return f"({read})"


def _number(value: Value, duck: str, *, whole: bool) -> str:
    sql = value.sql
    if value.kind in {"text", "json"}:
        pattern = rules.WHOLE if whole else rules.NUMBER
        read = f"try_cast({sql} AS {duck})"
        read = read if whole else _finite(read)
        return f"CASE WHEN regexp_full_match({sql}, {text(pattern.pattern)}) THEN {read} END"
    if value.kind not in {"int", "float", "decimal"}:
        return f"NULL::{duck}"
    if whole and value.kind != "int":
        return f"CASE WHEN {sql} = trunc({sql}) THEN try_cast({sql} AS {duck}) END"
    return f"try_cast({sql} AS {duck})" if whole else _finite(f"try_cast({sql} AS {duck})")


def _finite(sql: str) -> str:
    return f"CASE WHEN isfinite({sql}) THEN {sql} END"


def _money(value: Value, unit: str) -> str:
    if unit == "fen":
        return _number(value, "BIGINT", whole=True)
    exact = f"try_cast({value.sql} AS DECIMAL(18, 4))"
    fen = f"round({exact} * 100)::BIGINT"
    if value.kind in {"int", "float", "decimal"}:
        return fen
    if value.kind not in {"text", "json"}:
        return "NULL::BIGINT"
    pattern = text(rules.NUMBER.pattern)
    return f"CASE WHEN regexp_full_match({value.sql}, {pattern}) THEN {fen} END"


def _list(value: Value) -> str:
    if value.kind == "list":
        return f"{value.sql}::VARCHAR[]"
    said = as_text(value)
    array = f"""from_json(CASE WHEN json_valid({said}) THEN {said} END, '["VARCHAR"]')"""
    split = f"list_transform(string_split_regex({said}, '[,|;，；]'), lambda part: trim(part))"
    return f"CASE WHEN {said}[1] = '[' THEN {array} ELSE {split} END"


def _instant(value: Value, column: str, part: Part) -> str:
    unit = "us" if value.name.endswith("_us") else part.epoch
    if value.kind == "zoned":
        return f"epoch_us({value.sql})"
    if value.kind in {"naive", "date"}:
        return _local(f"{value.sql}::TIMESTAMP", part)
    if value.kind in {"int", "float", "decimal"} and not part.format:
        if unit is None:
            raise MappingError(
                f"{column} comes from {value.name!r}, which holds numbers",
                expected="epoch: s, ms or us (or format:, for numbers such as 20260618)",
            )
        exact = "HUGEINT" if value.kind == "int" else "DECIMAL(24, 6)"
        scaled = f"try_cast({value.sql} AS {exact}) * {MICROSECONDS[unit]}"
        plain = value.kind == "int" and unit == "us"
        return f"try_cast({value.sql if plain else scaled} AS BIGINT)"
    return _instant_of_text(as_text(value), unit, part)


def _instant_of_text(said: str, unit: str | None, part: Part) -> str:
    cases = []
    if unit is not None:
        exact = f"try_cast({said} AS DECIMAL(24, 6)) * {MICROSECONDS[unit]}"
        number = r"\s*[0-9]+(\.[0-9]*)?\s*"
        cases.append(f"WHEN regexp_full_match({said}, '{number}') THEN try_cast({exact} AS BIGINT)")
    if part.format:
        moment = f"try_strptime({said}, {text(part.format)})"
        read = f"epoch_us({moment})" if "%z" in part.format else _local(moment, part)
        cases.append(f"WHEN {moment} IS NOT NULL THEN {read}")
    zoned, local = text(rules.ZONED.pattern), text(rules.LOCAL.pattern)
    whole = f"epoch_us(try_cast({said} AS TIMESTAMPTZ))"
    cases.append(f"WHEN regexp_full_match({said}, {zoned}) THEN {whole}")
    part_of = _local(f"try_cast({said} AS TIMESTAMP)", part)
    cases.append(f"WHEN regexp_full_match({said}, {local}) THEN {part_of}")
    return f"CASE {' '.join(cases)} END"


def _local(moment: str, part: Part) -> str:
    if part.timezone is None:
        return "NULL::BIGINT"
    return f"epoch_us(timezone({text(part.timezone)}, {moment}))"
