"""Plots as inline SVG: bars with intervals, and calibration."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from features.markup import element

WIDTH = 720
ROW = 24
LABEL = 230
RIGHT = 90
"""Pixels: of a plot, of one bar's row, left for labels, right for values."""

SIDE = 280
MARGIN = 44


@dataclass(frozen=True)
class Bar:
    """One row of a bar chart.

    Parameters
    ----------
    label : str
    value : float
        Not negative.
    low, high : float, optional
        Ends of an interval around the value.
    strong : bool
        Whether it is the one the chart is about.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    strong: bool = False


def bars(title: str, rows: Sequence[Bar], form: str = ".4f") -> ET.Element:
    """Draw horizontal bars from 0, one below the other.

    Parameters
    ----------
    title : str
        What a screen reader says.
    rows : sequence of Bar
        Those without a finite value are drawn without a bar.
    form : str
        Format of the values.
    """
    largest = max((_finite(row.high) or _finite(row.value) or 0.0 for row in rows), default=0.0)
    scale = (WIDTH - LABEL - RIGHT) / (largest or 1.0)
    drawn = [
        part for i, row in enumerate(rows) for part in _bar(row, i * ROW + ROW / 2, scale, form)
    ]
    return _picture(title, WIDTH, ROW * len(rows) + 4, drawn)


def calibration(
    title: str, predicted: Sequence[float], observed: Sequence[float], count: Sequence[int]
) -> ET.Element:
    """Draw observed rates over predicted ones; the area of a point is its share of predictions."""
    largest = max([*predicted, *observed, 1e-9])
    edge = MARGIN + SIDE

    def x(value: float) -> float:
        return MARGIN + SIDE * value / largest

    def y(value: float) -> float:
        return edge - SIDE * value / largest - MARGIN / 2

    total = max(sum(count), 1)
    points = [
        _shape("circle", "full", cx=x(p), cy=y(o), r=3 + 14 * math.sqrt(n / total))
        for p, o, n in zip(predicted, observed, count, strict=True)
    ]
    axes = [
        _shape("line", "diagonal", x1=x(0), y1=y(0), x2=x(largest), y2=y(largest)),
        _shape("line", "axis", x1=x(0), y1=y(0), x2=x(largest), y2=y(0)),
        _shape("line", "axis", x1=x(0), y1=y(0), x2=x(0), y2=y(largest)),
        _words("0", x(0), y(0) + 16, "end"),
        _words(f"{largest:.3g}", x(largest), y(0) + 16, "end"),
        _words("预测 predicted", x(largest / 2), y(0) + 16, "middle"),
        _words(f"{largest:.3g}", x(0) - 6, y(largest) + 8, "end"),
        _words("实际 observed", x(0) + 6, y(largest) + 2, "start"),
    ]
    return _picture(title, edge + MARGIN, edge, axes + points)


def swarm(title: str, columns: Sequence[Mapping[str, Any]]) -> ET.Element:
    """Draw one row of dots for each column: its contributions, shaded by its values.

    Parameters
    ----------
    title : str
        What a screen reader says.
    columns : sequence of mapping
        ``column``, ``moved`` (where each dot lies), ``level`` (its shade, 0 to 1, or None).
    """
    largest = max((abs(x) for one in columns for x in one["moved"]), default=0.0) or 1.0
    middle, reach = (LABEL + WIDTH) / 2, (WIDTH - LABEL) / 2 - 8
    height = ROW * len(columns)
    drawn = [_shape("line", "diagonal", x1=middle, y1=0, x2=middle, y2=height)]
    for i, one in enumerate(columns):
        y = i * ROW + ROW / 2
        drawn.append(_words(one["column"], LABEL - 8, y + 4, "end"))
        for j, (x, level) in enumerate(zip(one["moved"], one["level"], strict=True)):
            dot = _shape("circle", "other" if level is None else "full",
                         cx=middle + reach * x / largest, cy=y + (j % 7 - 3) * 2, r=2)  # fmt: skip
            dot.set("fill-opacity", f"{0.2 + 0.8 * (level or 0.0):.2f}")
            drawn.append(dot)
    return _picture(title, WIDTH, height + 4, drawn)


def _bar(row: Bar, middle: float, scale: float, form: str) -> list[ET.Element]:
    parts = [_words(row.label, LABEL - 8, middle + 4, "end")]
    value = _finite(row.value)
    if value is None:
        return [*parts, _words("–", LABEL + 6, middle + 4, "start")]
    kind = "full" if row.strong else "other"
    parts.append(_shape("rect", kind, x=LABEL, y=middle - 8, width=value * scale, height=16, rx=2))
    low, high = _finite(row.low), _finite(row.high)
    if low is not None and high is not None:
        ends = {"x1": LABEL + low * scale, "x2": LABEL + high * scale}
        parts.append(_shape("line", "whisker", y1=middle, y2=middle, **ends))
    end = LABEL + max(value, high or 0.0) * scale
    return [*parts, _words(format(value, form), end + 6, middle + 4, "start")]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _shape(name: str, kind: str, **places: float) -> ET.Element:
    return element(name, class_=kind, **{key: f"{place:.1f}" for key, place in places.items()})


def _words(words: str, x: float, y: float, anchor: str) -> ET.Element:
    return element("text", words, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)


def _picture(title: str, width: int, height: float, parts: list[ET.Element]) -> ET.Element:
    box = f"0 0 {width} {height:.0f}"
    return element(
        "svg", element("title", title), *parts, viewBox=box, role="img", style=f"width:{width}px"
    )
