"""The profile of a run: one page that shows every tag with its coverage, its values and its drift.

The page needs no network and no script. Tags that are the system's alone are not on it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np

from features import plots
from features.clock import format_instant
from features.markup import element, page, table
from features.plots import Bar
from features.portraits.catalogue import TAGS
from features.portraits.drift import SMALL, Drift
from features.portraits.tag import Kind, Tag

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BARS = 12
"""Bars of one plot."""

TITLE = "货人 Huoren: 用户画像概览 portraits of everybody"


def render(people: "pa.Table", as_of_us: int, references: str, drifts: Sequence[Drift] = ()) -> str:
    """Build the page.

    Parameters
    ----------
    people : pyarrow.Table
        Of ``features.portraits.build``.
    as_of_us : int
        The instant it holds for.
    references : str
        Version of the references.
    drifts : sequence of Drift
        Against an earlier run; may be empty.
    """
    moved = {one.tag.name: one for one in drifts}
    shown = [tag for tag in TAGS.values() if tag.user_visible]
    body = element(
        "body",
        element("h1", TITLE),
        element(
            "p",
            f"{people.num_rows:,} 人 people · 截至 as of {format_instant(as_of_us)} · "
            f"参照版本 references {references}",
        ),
        element("h2", "覆盖率 Coverage"),
        _coverage(people, shown),
    )
    if drifts:
        body.extend([element("h2", "与上次相比 Against the run before"), _drifts(drifts)])
    for family in dict.fromkeys(tag.name.partition(".")[0] for tag in shown):
        body.append(element("h2", family))
        for tag in shown:
            if tag.name.partition(".")[0] == family:
                body.append(_section(people, tag, moved.get(tag.name)))
    return page(TITLE, body)


def _coverage(people: "pa.Table", shown: Sequence[Tag]) -> ET.Element:
    size = max(people.num_rows, 1)
    rows = [
        Bar(f"{tag.name} {tag.zh}", 100.0 * (1 - people[tag.column].null_count / size), strong=True)
        for tag in shown
    ]
    return plots.bars("覆盖率 coverage, %", rows, ".1f")


def _drifts(drifts: Sequence[Drift]) -> ET.Element:
    far = sorted((one for one in drifts if one.index >= SMALL), key=lambda one: -one.index)
    rows = [
        [one.tag.name, one.tag.zh, f"{one.index:.3f}", f"{one.before:.0%}", f"{one.after:.0%}",
         " ".join(one.verdict)]
        for one in far if one.tag.user_visible
    ]  # fmt: skip
    if not rows:
        return element("p", f"PSI < {SMALL:g}: 全部稳定 every tag is stable")
    head = ["标签 tag", "名称", "PSI", "此前 before", "此次 now", "结论 verdict"]
    return table(head, rows)


def _section(people: "pa.Table", tag: Tag, drift: Drift | None) -> ET.Element:
    values = people[tag.column].combine_chunks().drop_null()
    told = [
        f"{len(values):,} 人 people ({len(values) / max(people.num_rows, 1):.0%})",
        f"时效 refreshed: {tag.refresh.value}",
        f"类别 class: {tag.sensitivity.value}",
        f"授权 consent: {tag.scope.value}",
        f"用途 used to: {', '.join(sorted(use.value for use in tag.usable_in))}",
        *([f"PSI {drift.index:.3f} {' '.join(drift.verdict)}"] if drift else []),
    ]
    sources = ", ".join((*tag.needs, *(f"profile.{name}" for name in tag.profile), *tag.published))
    return element(
        "section",
        element("h3", f"{tag.zh} {tag.en} ", element("code", tag.name)),
        element("p", tag.sentence),
        element("p", " · ".join(told)),
        element("p", "依据 evidence: ", element("code", sources)),
        plots.bars(f"{tag.zh} {tag.en}", _bars(tag, values), ".3g"),
    )


def _bars(tag: Tag, values: "pa.Array") -> list[Bar]:
    if not len(values):
        return []
    match tag.kind:
        case Kind.INT | Kind.FLOAT:
            return _histogram(values.to_numpy(zero_copy_only=False).astype(np.float64))
        case Kind.VECTOR:
            means = values.flatten().to_numpy().reshape(-1, len(tag.labels)).mean(axis=0)
            pairs = zip(tag.labels, means, strict=True)
            return [Bar(label, float(mean), strong=True) for label, mean in pairs]
        case Kind.GRADES:
            grades = values.flatten().field("score").to_numpy().astype(np.int64)
            counts = np.bincount(grades, minlength=len(tag.words) + 1)[1:]
            return [
                Bar(f"{word} {tag.words[word][0]}", 100.0 * count / len(grades), strong=True)
                for word, count in zip(tag.words, counts.tolist(), strict=True)
            ]
        case Kind.LIST:
            return _commonest(tag, values.flatten().field("key"), len(values))
    return _commonest(tag, values.cast("string"), len(values))


def _commonest(tag: Tag, names: "pa.Array", people: int) -> list[Bar]:
    counted = names.value_counts().to_pylist()
    counted.sort(key=lambda one: (-one["counts"], str(one["values"])))
    return [
        Bar(
            " ".join((str(one["values"]), *tag.words.get(str(one["values"]), ("",))[:1])).strip(),
            100.0 * one["counts"] / people,
            strong=True,
        )
        for one in counted[:MOST_BARS]
    ]


def _histogram(values: np.ndarray) -> list[Bar]:
    """Share of people in bins between the 1st and the 99th percentile, what is beyond with them."""
    low, high = np.percentile(values, (1, 99))
    if low == high:
        return [Bar(f"{low:.4g}", 100.0, strong=True)]
    edges = np.linspace(low, high, MOST_BARS + 1)
    counts, _ = np.histogram(np.clip(values, low, high), edges)
    return [
        Bar(f"{edges[i]:.4g} – {edges[i + 1]:.4g}", 100.0 * float(count) / len(values), strong=True)
        for i, count in enumerate(counts)
    ]
