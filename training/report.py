"""The report of a run: one HTML file that needs nothing else, to be read or sent on.

::

    {
      "title": "…", "run_id": "…", "sha": "…",
      "data":        {"from": "…", "to": "…", "events": 12345},
      "metrics":     {"feed": {"full": {"ndcg@20": .12, "ndcg@20_low": .11, "ndcg@20_high": .13,
                                        "ndcg@20_by_history": {"history=0": .05}}}},
      "calibration": {"feed": {"predicted": […], "observed": […], "count": […]}},
      "importances": {"feed": {"feature": gain}},
      "costs":       [{"name": "train", "seconds": 12.3, "peak_mb": 456}],
      "gates":       ["holds …"],
      "champion":    {"champion": "…", "paired": {"feed": {"all": {"ours": .1, "theirs": .1, …}}}},
      "shap":        [{"column": "…", "mean": .1, "moved": […], "level": […]}],
      "examples":    [{"lately": […], "shown": [{"item", "because", "hit"}], "missed": […]}],
      "profile":     {"people": 123}, "drift": {"column": .01}, "leakage": [],
      "latency":     {"feed": {"p95_ms": 3.2}}, "environment": {"python": "…"},
      "params":      {"als": {"factors": 64}},
    }

Every part but ``metrics`` may be left out.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from features import plots
from features.errors import InputError, UnknownName
from features.markup import element, page, table
from features.plots import Bar
from training import sections
from training.spelling import figure, label
from training.tracking import flat

MOST_FEATURES = 25
"""Importances shown for each ranker."""

FULL = "full"
"""The method that is served."""

_COSTS = {
    "name": "步骤 step",
    "seconds": "秒 seconds",
    "peak_mb": "内存峰值 peak MB",
    "skipped": "未变而跳过 unchanged, skipped",
}


def write(report: Mapping[str, Any], path: Path) -> Path:
    """Write the report; its directory is made if need be.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    InputError
        As :func:`render`.
    """
    page = render(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def render(report: Mapping[str, Any]) -> str:
    """Build the page.

    Raises
    ------
    InputError
        When there are no metrics, or a part is none of those above.

    Examples
    --------
    >>> render({"metrics": {"feed": {"full": {"ndcg@20": 0.5}}}}).splitlines()[0]
    '<!DOCTYPE html>'
    >>> render({"metric": {}})
    Traceback (most recent call last):
    features.errors.UnknownName: unknown part of a report 'metric'; next: use one of: metrics
    """
    for part in report:
        if part not in _PARTS and part not in {"title", "run_id", "sha"}:
            raise UnknownName.among("part of a report", part, _PARTS)
    if not report.get("metrics"):
        raise InputError("nothing to report", expected="metrics by surface and method")
    title = str(report.get("title", "货人 Huoren: 训练报告 training report"))
    names = [f"{name} {report[name]}" for name in ("run_id", "sha") if report.get(name)]
    body = element("body", element("h1", title), *(element("code", f"{n} ") for n in names))
    for part, section in _PARTS.items():
        if report.get(part):
            body.extend(section(report[part]))
    return page(title, body)


def _metrics(surfaces: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[ET.Element]:
    made = []
    for surface, methods in surfaces.items():
        ordered = _best_first(methods)
        made += [element("h2", label(surface)), _headline(ordered), _measures(ordered)]
        made += _slices(ordered)
    return made


def _best_first(methods: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    measure = _headline_measure(methods)
    order = sorted(methods, key=lambda name: _number(methods[name], measure), reverse=True)
    return {name: methods[name] for name in order}


def _headline(methods: Mapping[str, Mapping[str, Any]]) -> ET.Element:
    measure = _headline_measure(methods)
    rows = [
        Bar(
            name,
            _number(figures, measure),
            figures.get(f"{measure}_low"),
            figures.get(f"{measure}_high"),
            strong=name == FULL,
        )
        for name, figures in methods.items()
    ]
    interval = (
        "，线为 95% 区间 with 95 % intervals" if any(row.low is not None for row in rows) else ""
    )
    caption = element("h3", f"{label(measure)}{interval}")
    return element("section", caption, plots.bars(measure, rows))


def _measures(methods: Mapping[str, Mapping[str, Any]]) -> ET.Element:
    names = _names(methods, lambda value: isinstance(value, int | float))
    shown = [name for name in names if not name.endswith(("_low", "_high"))]
    rows = [
        [name, *(figure(figures.get(measure)) for measure in shown)]
        for name, figures in methods.items()
    ]
    return table(["方法 method", *map(label, shown)], rows)


def _slices(methods: Mapping[str, Mapping[str, Any]]) -> list[ET.Element]:
    made = []
    for measure in _names(methods, lambda value: isinstance(value, Mapping)):
        by_method = {name: figures.get(measure) or {} for name, figures in methods.items()}
        slices = _names(by_method, lambda value: True)
        rows = [[name, *(figure(by.get(s)) for s in slices)] for name, by in by_method.items()]
        head = ["方法 method", *map(label, slices)]
        made += [element("h3", measure.replace("_", " ")), table(head, rows)]
    return made


def _calibration(surfaces: Mapping[str, Mapping[str, Any]]) -> list[ET.Element]:
    made = [element("h2", "校准 Calibration")]
    for surface, points in surfaces.items():
        error = points.get("error")
        caption = label(surface) + ("" if error is None else f": ECE {figure(error)}")
        drawn = plots.calibration(surface, points["predicted"], points["observed"], points["count"])
        made.append(element("section", element("h3", caption), drawn))
    return made


def _importances(rankers: Mapping[str, Mapping[str, float]]) -> list[ET.Element]:
    made = [element("h2", "特征重要性 Feature importances")]
    for ranker, gains in rankers.items():
        total = sum(gains.values()) or 1.0
        best = sorted(gains.items(), key=lambda pair: -pair[1])[:MOST_FEATURES]
        rows = [Bar(name, 100 * gain / total, strong=True) for name, gain in best]
        caption = f"{label(ranker)}: 增益占比 share of gain, % ({len(best)} / {len(gains)})"
        made.append(element("section", element("h3", caption), plots.bars(ranker, rows, ".1f")))
    return made


def _costs(steps: list[Mapping[str, Any]]) -> list[ET.Element]:
    columns = [name for name in _COSTS if any(name in step for step in steps)]
    rows = [[figure(step.get(column)) for column in columns] for step in steps]
    heads = [_COSTS[name] for name in columns]
    return [element("h2", "开销 Costs"), table(heads, rows)]


def _gates(lines: list[str]) -> list[ET.Element]:
    items = [element("li", element("code", line)) for line in lines]
    return [element("h2", "上线门槛 Gates"), element("ul", *items)]


def _pairs(
    heading: str, spelled: Callable[[object], str]
) -> Callable[[Mapping[str, object]], list[ET.Element]]:
    def section(values: Mapping[str, object]) -> list[ET.Element]:
        rows = [[name, spelled(value)] for name, value in flat(values).items()]
        return [element("h2", heading), table(["名称 name", "值 value"], rows)]

    return section


def _headline_measure(methods: Mapping[str, Mapping[str, Any]]) -> str:
    names = _names(methods, lambda value: isinstance(value, int | float))
    return next((name for name in ("ndcg@20", "mrr@5", *names) if name in names), "ndcg@20")


def _names(rows: Mapping[str, Mapping[str, Any]], wanted: Callable[[object], bool]) -> list[str]:
    """Keys of all rows whose values are wanted, in the order they first appear."""
    return list(dict.fromkeys(k for row in rows.values() for k, v in row.items() if wanted(v)))


def _number(figures: Mapping[str, Any], measure: str) -> float:
    value = figures.get(measure)
    return float(value) if isinstance(value, int | float) and value == value else float("-inf")


_PARTS: dict[str, Callable[[Any], list[ET.Element]]] = {
    "data": _pairs("数据 Data", figure),
    "metrics": _metrics,
    "champion": sections.champion,
    "gates": _gates,
    "calibration": _calibration,
    "importances": _importances,
    "shap": sections.shap,
    "examples": sections.examples,
    "profile": _pairs("数据画像 Data profile", figure),
    "drift": sections.drift,
    "leakage": sections.leakage,
    "latency": _pairs("响应时间 Latency", figure),
    "costs": _costs,
    "environment": _pairs("环境 Environment", str),
    "params": _pairs("参数 Parameters", str),
}
