"""A first ``mapping.yaml`` from a sample of the source; every guess carries its reason.

A person reads and corrects it: names, units and event words are guessed from spellings and from
the first rows, never from the whole.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from features import columns as c
from features import events as e
from features.clock import BusinessZone
from features.errors import FileRefused
from features.ingest import words
from features.ingest.mapping import ORDER, SHIPPED
from features.ingest.sniff import Sample, epoch_of, format_of_times, sample
from features.ingest.sources import data_files, partitions_of, table_of

Lines = Iterator[str]


def guess(source: Path, table: str | None = None) -> str:
    """Draft a mapping.

    Parameters
    ----------
    source : Path
        A file or a folder.
    table : str, optional
        Whose rows these are, where names do not tell.

    Returns
    -------
    str
        YAML with comments; valid for :func:`features.ingest.mapping.parse`.

    Raises
    ------
    FileRefused
        When there is no data file, one cannot be read, or no table can be told.
    """
    parts: dict[str, list[str]] = {}
    seen = set()
    for path in data_files(source) if source.exists() else ():
        found = sample(path, partitions_of(source, path))
        name = table or table_of(source, path) or _table(found)
        shape = (name, tuple(found.values))
        if name is None or shape in seen:
            continue
        if _is_segment(found):
            return "# Looks like Segment tracking calls; this is the shipped mapping.\n" + (
                SHIPPED / "segment.yaml"
            ).read_text(encoding="utf-8")
        seen.add(shape)
        whole = source.is_file() or table_of(source, path) == name
        pattern = None if whole else re.sub(r"[0-9]+", "*", path.name)
        parts.setdefault(name, []).append("\n".join(_part(name, found, pattern)))
    if not parts:
        raise FileRefused(
            f"no table can be told from {source}",
            expected="columns such as user_id, item_id, 用户ID, 商品ID",
            next_step="say which with --table",
        )
    return "\n".join(["# Guessed from the first rows: check every line.", *_all(parts), ""])


def _all(parts: dict[str, list[str]]) -> Lines:
    for name in ORDER:
        if name in parts:
            yield f"{name}:"
            for part in parts[name]:
                first, *rest = part.split("\n")
                yield "\n".join([f"  - {first}", *(f"    {line}" for line in rest)])


def _table(found: Sample) -> str | None:
    """Tell a table by its columns."""
    names = list(found.values)
    fits = {name: words.match(names, name).keys() for name in ORDER}
    if {c.USER, c.AT} <= fits["events"] and {c.ITEM, c.EVENT} & fits["events"]:
        return "events"
    if {c.USER, c.PEER} <= fits["ties"]:
        return "ties"
    if c.ITEM in fits["items"]:
        return "items"
    return "users" if c.USER in fits["users"] else None


def _is_segment(found: Sample) -> bool:
    names = {words.plain(name) for name in found.values}
    return {"type", "event", "messageid", "timestamp"} <= names


def _part(name: str, found: Sample, pattern: str | None) -> Lines:
    columns = words.match(list(found.values), name)
    yield "# kept in extra: " + (", ".join(_left(found, columns)) or "nothing")
    if pattern:
        yield f"source: {_quoted(pattern)}"
    yield from _form(found)
    yield "columns:" if columns else "columns: {} # no name is known: fill in"
    for column, source in columns.items():
        example = next(iter(found.values[source]), "")
        yield f"  {column}: {_quoted(source)} # such as {example[:40]!r}"
    yield from _constants(name, columns)
    yield from _values(found, columns)
    yield from _times(found, [columns[column] for column in columns if column.endswith("_us")])
    yield from _money(found, {k: v for k, v in columns.items() if k.endswith("_fen")})
    yield from _nulls(found)


def _left(found: Sample, columns: dict[str, str]) -> list[str]:
    return [name for name in found.values if name not in columns.values()]


def _form(found: Sample) -> Lines:
    if found.part.encoding != "utf-8":
        yield f"encoding: {found.part.encoding} # not UTF-8"
    if found.part.delimiter:
        yield f"delimiter: {_quoted(found.part.delimiter)}"
    if found.part.names:
        listed = ", ".join(found.part.names)
        yield f"names: [{listed}] # the first line looks like data: name the columns"


def _constants(name: str, columns: dict[str, str]) -> Lines:
    if name == "ties" and "tie_type" not in columns:
        yield "constants: {tie_type: friend} # no column says which kind of tie"
    if name != "events" or c.EVENT in columns:
        return
    source = words.plain(columns.get(c.AT, ""))
    orders = c.ORDER in columns or any(word in source for word in ("order", "pay", "下单", "付"))
    if orders and c.ORDER not in columns:
        yield "# no column is an order's number: map order_id"
    event = e.ORDERED if orders else e.VIEWED
    yield f"constants: {{event: {event}}} # no column says what happened"


def _values(found: Sample, columns: dict[str, str]) -> Lines:
    maps = {}
    if c.EVENT in columns:
        maps[c.EVENT] = _events(found.values[columns[c.EVENT]])
    if "gender" in columns:
        maps["gender"] = _genders(found.values[columns["gender"]])
    if any(maps.values()):
        yield "values:"
    for column, pairs in maps.items():
        if pairs:
            yield f"  {column}:"
        for old, new in pairs.items():
            yield (
                f"    {_quoted(old)}: {new}"
                if new
                else f"    # {_quoted(old)}: no guess, goes to quarantine"
            )


def _events(values: list[str]) -> dict[str, str | None]:
    if set(values) <= set(words.NUMBERED):
        return {value: words.NUMBERED[value] for value in sorted(values)}
    read = {value: words.meaning(value, words.EVENTS) for value in values[:50]}
    return {value: name for value, name in read.items() if value != name and value not in e.KINDS}


def _genders(values: list[str]) -> dict[str, str | None]:
    seen = set(values) - {"", "-1"}
    if seen <= {"0", "1"}:
        return {"0": "female", "1": "male"}
    if seen <= {"1", "2", "0"}:
        return {"1": "male", "2": "female"}
    read = {value: words.meaning(value, words.GENDERS) for value in values[:50]}
    return {value: name for value, name in read.items() if name and value != name}


def _times(found: Sample, sources: list[str]) -> Lines:
    zone = BusinessZone().name
    local = f"timezone: {zone} # times name no zone: assumed"
    lines: dict[str, str] = {}
    for source in sources:
        values = [value for value in found.values[source] if value not in words.NULLS]
        kind = found.kinds[source]
        if source.endswith("_us") or kind == "zoned" or not values:
            continue
        if kind in {"naive", "date"}:
            lines.setdefault("timezone", local)
            continue
        unit = epoch_of(values)
        if unit:
            lines.setdefault("epoch", f"epoch: {unit} # by the size of {values[0]}")
            continue
        form = format_of_times(values)
        if form:
            lines.setdefault("format", f"format: {_quoted(form)} # such as {values[0]}")
        if form or any(not value.endswith("Z") and "+" not in value for value in values):
            lines.setdefault("timezone", local)
    yield from lines.values()


def _money(found: Sample, columns: dict[str, str]) -> Lines:
    units = {}
    for column, source in columns.items():
        named = words.plain(source)
        fen = named.endswith(("fen", "cent", "cents")) or "分" in source
        units[column] = "fen" if fen else "yuan"
    if len(set(units.values())) > 1:
        yield f"money: {{{', '.join(f'{k}: {v}' for k, v in units.items())}}} # by their names"
    elif units:
        decimal = any("." in value for source in columns.values() for value in found.values[source])
        unit = next(iter(units.values()))
        why = "by its name" if unit == "fen" else "has decimals" if decimal else "assumed"
        yield f"money: {unit} # {why}"


def _nulls(found: Sample) -> Lines:
    seen = {value for values in found.values.values() for value in values}
    nulls = [spelling for spelling in words.NULLS if spelling in seen]
    if nulls:
        yield f"nulls: [{', '.join(_quoted(null) for null in ['', *nulls])}] # seen in the sample"


def _quoted(value: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_\u4e00-\u9fff][\w.\u4e00-\u9fff]*", value)
    reserved = value.lower() in {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
    return value if plain and not reserved else json.dumps(value, ensure_ascii=False)
