"""Parts of the report that compare and explain: champion, SHAP, examples, drift, leakage."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from features import plots
from features.markup import element, table
from features.plots import Bar
from training.drift import MOVED
from training.spelling import figure, label

MOST_COLUMNS = 20
"""Columns whose drift is shown."""


def champion(found: Mapping[str, Any]) -> list[ET.Element]:
    """The bundle in service on the same queries, slice by slice."""
    made = [element("h2", "与线上版本对比 Challenger and champion")]
    if found.get("reason"):
        return [*made, element("p", str(found["reason"]))]
    made.append(element("p", element("code", str(found["champion"]))))
    head = ["切片 slice", "新 challenger", "旧 champion", "差 difference", "95% 区间 interval",
            "人次 queries", "显著 significant"]  # fmt: skip
    for surface, slices in found["paired"].items():
        rows = [
            [
                label(name),
                *(figure(one[column]) for column in ("ours", "theirs", "difference")),
                f"{one['low']:+.4f} … {one['high']:+.4f}",
                figure(one["queries"]),
                "更好 better" if one["low"] > 0 else "更差 worse" if one["high"] < 0 else "–",
            ]
            for name, one in slices.items()
        ]
        made += [element("h3", label(surface)), table(head, rows)]
    return made


def shap(columns: list[Mapping[str, Any]]) -> list[ET.Element]:
    """Contributions of the columns to the scores of a sample of rows."""
    bars = plots.bars("SHAP", [Bar(one["column"], one["mean"], strong=True) for one in columns])
    caption = "每列对分数的平均贡献 mean size of each column's contribution"
    dots = "逐行贡献，颜色越深值越大 contributions row by row, darker where the value is larger"
    return [
        element("h2", "SHAP"),
        element("section", element("h3", caption), bars),
        element("section", element("h3", dots), plots.swarm("SHAP", columns)),
    ]


def examples(found: list[Mapping[str, Any]]) -> list[ET.Element]:
    """What some people were shown, why, and what they then did."""
    made = [element("h2", "示例 Examples")]
    head = ["商品 item", "来源（名次） sources (place)", "随后 then"]
    for i, one in enumerate(found, start=1):
        rows = [
            [
                shown["item"],
                ", ".join(f"{name} {place}" for name, place in shown["because"].items()),
                "命中 hit" if shown["hit"] else "",
            ]
            for shown in one["shown"]
        ]
        lately = "最近 lately: " + (", ".join(one["lately"]) or "–")
        missed = "未给出 not shown: " + (", ".join(one["missed"]) or "–")
        made += [
            element("h3", f"顾客 person {i}"),
            element("p", lately),
            table(head, rows),
            element("p", missed),
        ]
    return made


def drift(columns: Mapping[str, float]) -> list[ET.Element]:
    """Columns that have moved most since the champion learned."""
    moved = sum(value > MOVED for value in columns.values())
    caption = f"PSI; > {MOVED:g}: {moved} / {len(columns)}"
    bars = [
        Bar(name, value, strong=value > MOVED)
        for name, value in list(columns.items())[:MOST_COLUMNS]
    ]
    return [
        element("h2", "数据漂移 Drift since the champion's data"),
        element("section", element("h3", caption), plots.bars("PSI", bars)),
    ]


def leakage(said: Mapping[str, Any]) -> list[ET.Element]:
    """What was checked, and that nothing knew the future."""
    return [
        element("h2", "泄漏检查 Leakage"),
        element("p", f"{said['checked']}: {', '.join(said['found']) or '无 none'}"),
    ]
