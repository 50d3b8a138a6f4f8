"""What a source sends beyond the canonical columns, as SQL for the column ``extra``."""

import json
from collections.abc import Iterable

from features.ingest import casting
from features.ingest.casting import text
from features.ingest.layout import Found
from features.ingest.mapping import spellings


def unknown_columns(found: Found) -> list[str]:
    """Name the columns of a tabular source that nothing took."""
    gone = found.used | found.part.dropped | set(found.layout.partitions)
    return [name for name in found.layout.names if name not in gone]


def leftover(found: Found) -> str:
    """Write the SQL of a JSON object of what nothing took; NULL when there is nothing.

    Of an exploded document, what belongs to the whole stays on line 0.
    """
    if not found.layout.is_json:
        columns = [found.layout.column(name) for name in unknown_columns(found)]
        if not columns:
            return "NULL::VARCHAR"
        cleaned = (casting.clean(value, found.part) for value in columns)
        pairs = ", ".join(f"{text(value.name)}, {value.sql}" for value in cleaned)
        return f"nullif(json_merge_patch('{{}}', json_object({pairs})), '{{}}')"
    gone = found.used | found.part.dropped
    roots = tuple(way for root in found.part.explode for way in spellings(root))
    below = tuple(root + "." for root in roots)
    document = without("d0", (path for path in gone if not path.startswith(below)))
    if not roots:
        return document
    inside = (
        path.removeprefix(root + ".")
        for path in gone
        for root in roots
        if path.startswith(root + ".")
    )
    element = without("element", inside)
    both = f"json_merge_patch(coalesce({document}, '{{}}'), coalesce({element}, '{{}}'))"
    whole = f"CASE WHEN _line = 0 THEN {both} ELSE {element} END"
    return f"nullif({whole}, '{{}}')"


def without(document: str, paths: Iterable[str]) -> str:
    """Write the SQL of a JSON document without some paths; NULL when nothing is left.

    Examples
    --------
    >>> import duckdb
    >>> document = '{"a": 1, "b": {"c": 2, "d": 3}, "e": {"f": 4}}'
    >>> sql = without(f"'{document}'", ["a", "b.c", "e.f"])
    >>> with duckdb.connect() as connection:
    ...     connection.sql(f"SELECT {sql}").fetchall()
    [('{"b":{"d":3}}',)]
    """
    patch = text(json.dumps(_patch(paths), ensure_ascii=False))
    left = f"json_merge_patch('{{}}', json_merge_patch({document}, {patch}))"  # nulls go too
    for _ in range(2):  # branches that have become empty, and those that held only such
        left = f"""regexp_replace({left}, ',"[^"\\\\]*":\\{{\\}}', '', 'g')"""
        left = f"""regexp_replace({left}, '\\{{"[^"\\\\]*":\\{{\\}},?', '{{', 'g')"""
    return f"nullif({left}, '{{}}')"


def _patch(paths: Iterable[str]) -> dict[str, object]:
    """RFC 7396 merge patch that removes paths: null deletes."""
    patch: dict[str, object] = {}
    for path in sorted(paths, key=len):
        *parents, last = path.split(".")
        place: object = patch
        for parent in parents:
            place = place.setdefault(parent, {}) if isinstance(place, dict) else None
        if isinstance(place, dict):  # else a whole branch goes already
            place[last] = None
    return patch
