"""How far the values of tags moved from one run to another: the population stability index.

Both runs are cut into the same bins, absent being one of them: tenths of the earlier run for
numbers, words for words, the first name of a list, the greatest label of a vector. With shares p
and q of people the index is the sum of (q - p) ln(q / p). Below .1 nothing happened, above .25 the
population or the data is another (Siddiqi, 2006, "Credit Risk Scorecards", chapter 9).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.portraits.catalogue import TAGS
from features.portraits.tag import Kind, Tag

if TYPE_CHECKING:
    import pyarrow as pa

SMALL = 0.1
LARGE = 0.25
"""Indices from which a tag has moved, and has moved far."""

WORDS = 20
"""Words with bins of their own; the rarer ones share one."""

LENT = 0.5
"""People lent to each bin, so that an empty one is not infinitely far."""

ABSENT = ""


@dataclass(frozen=True)
class Drift:
    """How far one tag moved.

    Parameters
    ----------
    tag : Tag
        Which.
    index : float
        Population stability index.
    before, after : float
        Share of people with a value.
    """

    tag: Tag
    index: float
    before: float
    after: float

    @property
    def verdict(self) -> tuple[str, str]:
        """In Chinese and English."""
        if self.index < SMALL:
            return "稳定", "stable"
        return ("漂移", "moved") if self.index < LARGE else ("显著漂移", "moved far")


def compare(earlier: "pa.Table", later: "pa.Table") -> list[Drift]:
    """Drift of every tag that both runs have in the same form, in the order of the catalogue.

    Parameters
    ----------
    earlier, later : pyarrow.Table
        Of ``features.portraits.build``.
    """
    found = []
    for tag in TAGS.values():
        if not _alike(earlier, later, tag.column):
            continue
        before, after = earlier[tag.column].combine_chunks(), later[tag.column].combine_chunks()
        cuts = _cuts(tag, before)
        old, new = _counts(tag, before, cuts), _counts(tag, after, cuts)
        found.append(
            Drift(tag, psi(old, new), _present(before, len(before)), _present(after, len(after)))
        )
    return found


def psi(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Population stability index of two counts by bin.

    Examples
    --------
    >>> psi({"a": 500, "b": 500}, {"a": 500, "b": 500})
    0.0
    >>> round(psi({"a": 500, "b": 500}, {"a": 900, "b": 100}), 2)
    0.88
    """
    kept = sorted(before, key=lambda name: (-before[name], name))[:WORDS]
    shares = []
    for counts in (before, after):
        rest = sum(count for name, count in counts.items() if name not in kept)
        numbers = np.array([counts.get(name, 0.0) for name in kept] + [rest]) + LENT
        shares.append(numbers / numbers.sum())
    p, q = (np.asarray(share, dtype=np.float64) for share in shares)
    return float(((q - p) * np.log(q / p)).sum(dtype=np.float64))


def _alike(earlier: "pa.Table", later: "pa.Table", column: str) -> bool:
    if column not in earlier.column_names or column not in later.column_names:
        return False
    one, other = earlier.schema.field(column).type, later.schema.field(column).type
    return bool(one == other)


def _present(values: "pa.Array", size: int) -> float:
    return float((size - int(values.null_count)) / max(size, 1))


def _cuts(tag: Tag, values: "pa.Array") -> "list[float]":
    if tag.kind not in {Kind.INT, Kind.FLOAT}:
        return []
    known = values.drop_null().to_numpy(zero_copy_only=False)
    if not len(known):
        return []
    return [float(cut) for cut in np.unique(np.quantile(known, np.arange(1, 10) / 10))]


def _counts(tag: Tag, values: "pa.Array", cuts: "list[float]") -> dict[str, float]:
    known = values.drop_null()
    found = {ABSENT: float(values.null_count)}
    if not len(known):
        return found
    match tag.kind:
        case Kind.INT | Kind.FLOAT:
            places = np.searchsorted(np.array(cuts), known.to_numpy(zero_copy_only=False))
            names = [str(place) for place in range(len(cuts) + 1)]
            return found | dict(
                zip(names, np.bincount(places, minlength=len(names)).tolist(), strict=True)
            )
        case Kind.VECTOR:
            rows = known.flatten().to_numpy().reshape(-1, len(tag.labels))
            counts = np.bincount(rows.argmax(axis=1), minlength=len(tag.labels))
            return found | dict(zip(tag.labels, counts.tolist(), strict=True))
        case Kind.LIST | Kind.GRADES:
            first = known.offsets.to_numpy()[:-1] - known.offsets.to_numpy()[0]
            known = known.flatten().field("key").take(first)
    counted = known.cast("string").value_counts().to_pylist()
    return found | {str(one["values"]): float(one["counts"]) for one in counted}


def largest(drifts: "list[Drift]") -> float:
    """The greatest index; 0 without any."""
    return max((one.index for one in drifts if math.isfinite(one.index)), default=0.0)
