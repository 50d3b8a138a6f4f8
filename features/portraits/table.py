"""Portraits of everybody: one row for each person, one column for each tag, and how full it is.

PyArrow is imported where it is used: a serving process goes without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from features import columns as c
from features.clock import BusinessZone
from features.counters import Key
from features.errors import InputError
from features.portraits import catalogue
from features.portraits.catalogue import TAGS
from features.portraits.person import column
from features.portraits.tag import Kind, Tag, Use
from features.portraits.values import Column, Numbers, Ranked, Vectors, Words
from features.references import References
from features.subjects import of_tables

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 3
"""How many words of a distribution are shown."""


def build(
    tables: Mapping[Key, "pa.Table"],
    references: References,
    users: "pa.Table | None" = None,
    held: "pa.Table | None" = None,
    *,
    at_us: int,
    zone: BusinessZone,
) -> "pa.Table":
    """Portraits as of an instant.

    Parameters
    ----------
    tables : mapping of Key to pyarrow.Table
        Counters as of ``at_us``, from ``features.batch.values``.
    references : References
        What the population looks like.
    users : pyarrow.Table, optional
        Users in force: profile, ``consents``; also ``suppressed`` and ``personalized`` if known.
    held : pyarrow.Table, optional
        Declared ties, from ``features.ties.in_force``.
    at_us : int
        The instant.
    zone : BusinessZone
        The business time zone.

    Returns
    -------
    pyarrow.Table
        ``user_id``, ascending, and ``Tag.column`` of every tag, null where absent: strings, int64,
        float64, bool, lists of (key, score), lists of float64.
    """
    import pyarrow as pa

    people = of_tables(tables, at_us, zone, users, held)
    arrays = {tag.column: _arrow(tag, column(tag, people, references)) for tag in TAGS.values()}
    return pa.table({c.USER: pa.array(people.ids, pa.string()), **arrays})


def _arrow(tag: Tag, values: Column) -> "pa.Array":
    import pyarrow as pa

    absent = ~values.present()
    match values:
        case Numbers(data):
            kinds = {Kind.INT: pa.int64(), Kind.BOOL: pa.bool_()}
            numbers = pa.array(np.where(absent, 0.0, data), mask=absent)
            return numbers.cast(kinds.get(tag.kind, pa.float64()))
        case Words(words, codes):
            return pa.array(list(words), pa.string()).take(pa.array(codes, mask=absent))
        case Vectors(data):
            # Not lists of a fixed size: Parquet does not bring back those that are null.
            ends = np.arange(len(data) + 1, dtype=np.int32) * len(tag.labels)
            flat = pa.array(np.nan_to_num(data).ravel())
            return pa.ListArray.from_arrays(pa.array(ends), flat, mask=pa.array(absent))
        case Ranked(starts, names, codes, scores):
            entries = pa.StructArray.from_arrays(
                [pa.array(list(names), pa.string()).take(pa.array(codes)), pa.array(scores)],
                names=["key", "score"],
            )
            return pa.ListArray.from_arrays(
                pa.array(starts.astype(np.int32)), entries, mask=pa.array(absent)
            )
    raise TypeError(f"{tag.name} gave {type(values).__name__}")


def for_use(table: "pa.Table", use: Use, names: Sequence[str] | None = None) -> "pa.Table":
    """People with the tags that may be used so; the others are not in it.

    Parameters
    ----------
    table : pyarrow.Table
        Of ``build``.
    use : Use
        What for: to rank, to segment, to export.
    names : sequence of str, optional
        Tags wanted; all that are allowed when left out.

    Raises
    ------
    InputError
        When a tag that is asked for may not be used so.
    UnknownName
        When there is no such tag.

    Examples
    --------
    >>> import pyarrow as pa
    >>> for_use(pa.table({"user_id": ["u"]}), Use.EXPORT, ["risk.return"])
    Traceback (most recent call last):
    features.errors.InputError: risk.return may not be used to export (expected a tag usable ...
    """
    wanted = [catalogue.tag(name) for name in (TAGS if names is None else names)]
    for tag in wanted:
        if names is not None and not tag.usable(use):
            allowed = ", ".join(sorted(one.value for one in tag.usable_in))
            raise InputError(
                f"{tag.name} may not be used to {use.value}",
                expected=f"a tag usable to {use.value}",
                got=f"one usable to {allowed}",
                next_step="leave it out",
            )
    return table.select([c.USER, *(tag.column for tag in wanted if tag.usable(use))])


@dataclass(frozen=True)
class Coverage:
    """How full one tag is.

    Parameters
    ----------
    tag : Tag
        Which.
    people : int
        How many have a value.
    share : float
        Of all people, 0 to 1.
    distribution : str
        The commonest words, or the 10th, 50th and 90th percentile.
    """

    tag: Tag
    people: int
    share: float
    distribution: str


def coverage(table: "pa.Table") -> list[Coverage]:
    """How full each tag of a table of ``build`` is, in the order of the catalogue."""
    rows = []
    for tag in TAGS.values():
        values = table[tag.column].combine_chunks().drop_null()
        share = len(values) / max(table.num_rows, 1)
        rows.append(Coverage(tag, len(values), share, _distribution(tag, values)))
    return rows


def _distribution(tag: Tag, values: "pa.Array") -> str:
    if not len(values):
        return ""
    match tag.kind:
        case Kind.ENUM | Kind.TEXT | Kind.BOOL:
            return _commonest(values, len(values))
        case Kind.LIST:
            return _commonest(values.flatten().field("key"), len(values))
        case Kind.GRADES:
            grades = values.flatten().field("score").cast("int64")
            return _commonest(grades, len(grades))
        case Kind.VECTOR:
            means = values.flatten().to_numpy().reshape(-1, len(tag.labels)).mean(axis=0)
            best = np.argsort(-means, kind="stable")[:SHOWN]
            return ", ".join(f"{tag.labels[i]} {means[i]:.2f}" for i in best)
    low, middle, high = np.percentile(values.to_numpy(zero_copy_only=False), (10, 50, 90))
    return f"{low:.4g} / {middle:.4g} / {high:.4g}"


def _commonest(values: Any, people: int) -> str:
    counted = values.value_counts().to_pylist()
    counted.sort(key=lambda one: (-one["counts"], str(one["values"])))
    return ", ".join(f"{one['values']} {one['counts'] / people:.0%}" for one in counted[:SHOWN])
