"""What a sample of a source tells: text form, columns and values, units of time and money."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from features.ingest import rules, words
from features.ingest.casting import kind_of
from features.ingest.mapping import Part
from features.ingest.reading import format_of, open_raw, start_of

ROWS = 2_000
"""Rows looked at."""

DELIMITERS = ("\x01", "\t", "|", ";", ",")

EPOCHS = (("s", 1e8, 1e10), ("ms", 1e11, 1e13), ("us", 1e14, 1e16))
"""Units of numbers that are times between 1973 and 2286."""


@dataclass(frozen=True)
class Sample:
    """The first rows of one file.

    Parameters
    ----------
    values : dict of str to list of str
        Texts by column or dotted path; nulls and repeats left out.
    kinds : dict of str to str
        What each column holds: see ``casting.Value``.
    part : Part
        Encoding, delimiter and names that read it.
    """

    values: dict[str, list[str]]
    kinds: dict[str, str]
    part: Part


def sample(path: Path, folders: dict[str, str]) -> Sample:
    """Read the first rows of a file; ``folders`` are columns from its path."""
    part = text_form(path) if format_of(path) == "CSV" else Part()
    raw = open_raw(path, part)
    _, batch = next(raw.batches, (None, raw.schema.empty_table().to_batches()))
    table = pa.Table.from_batches(batch if isinstance(batch, list) else [batch], raw.schema)
    rows = table.slice(0, ROWS)
    if format_of(path) == "NDJSON":
        values = _paths(rows.column(0).to_pylist())
        kinds = dict.fromkeys(values, "text")
    else:
        values = {name: _distinct(rows.column(name).to_pylist()) for name in rows.schema.names}
        kinds = {field.name: kind_of(field.type) for field in rows.schema}
    for name, value in folders.items():
        values.setdefault(name, [value])
        kinds.setdefault(name, "text")
    return Sample(values, kinds, part)


def text_form(path: Path) -> Part:
    """Guess encoding, delimiter and, where there is no header line, names of a text file."""
    block = start_of(path, 1 << 20)
    lines = block.splitlines()[:200]
    encoding = "utf-8" if _decodes(b"\n".join(lines), "utf-8") else "gb18030"
    texts = [line.decode(encoding, "replace") for line in lines if line.strip()]
    first = texts[0].removeprefix("\ufeff") if texts else ""
    counts = {sign: [text.count(sign) for text in texts] for sign in DELIMITERS}
    steady = [sign for sign, seen in counts.items() if seen and min(seen) > 0]
    delimiter = max(steady, key=lambda sign: counts[sign][0], default=",")
    fields = first.split(delimiter)
    named = not any(_is_value(field.strip('" ')) for field in fields)
    names = () if named else tuple(f"column_{n + 1}" for n in range(len(fields)))
    usual = "\t" if ".tsv" in path.suffixes else ","
    return Part(encoding=encoding, delimiter=None if delimiter == usual else delimiter, names=names)


def epoch_of(values: Iterable[str]) -> str | None:
    """Tell the unit of times that are numbers; None when they are not.

    Examples
    --------
    >>> epoch_of(["1781740800"]), epoch_of(["1781740800000"]), epoch_of(["20260618"])
    ('s', 'ms', None)
    """
    numbers = [float(value) if rules.NUMBER.fullmatch(value) else -1.0 for value in values]
    fitting = [unit for unit, low, high in EPOCHS if all(low <= n < high for n in numbers)]
    return fitting[0] if numbers and fitting else None


def format_of_times(values: list[str]) -> str | None:
    """Find the strptime format of times that are not ISO 8601.

    Examples
    --------
    >>> format_of_times(["2026/6/18 8:00"]), format_of_times(["2026-06-18"])
    ('%Y/%m/%d %H:%M', None)
    """
    if all(rules.ZONED.fullmatch(value) or rules.LOCAL.fullmatch(value) for value in values):
        return None
    return next((form for form in words.TIME_FORMATS if _all_read(values, form)), None)


def _all_read(values: list[str], form: str) -> bool:
    try:
        for value in values:
            datetime.strptime(value, form)
    except ValueError:
        return False
    return True


def _decodes(block: bytes, encoding: str) -> bool:
    try:
        block.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_value(field: str) -> bool:
    patterns = (rules.NUMBER, rules.LOCAL, rules.ZONED)
    return any(pattern.fullmatch(field) for pattern in patterns)


def _distinct(values: Iterable[object]) -> list[str]:
    return list(
        dict.fromkeys(_text(value) for value in values if value is not None and value != "")
    )


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def _paths(documents: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[object]] = {}
    for document in documents:
        try:
            _walk(json.loads(document), "", found)
        except ValueError:
            continue
    return {path: _distinct(values) for path, values in found.items()}


def _walk(value: object, path: str, found: dict[str, list[object]]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _walk(inner, f"{path}.{key}" if path else str(key), found)
    elif path and not isinstance(value, list):
        found.setdefault(path, []).append(value)
