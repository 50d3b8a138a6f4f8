import re
from copy import deepcopy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from features.errors import InputError, UnknownName
from training import report

RUN: dict[str, Any] = {
    "title": "<b>night</b> run & more",
    "run_id": "r1",
    "sha": "abc123",
    "data": {"from": "2026-01-01", "to": "2026-06-01", "events": 1_234_567, "users": {"known": 9}},
    "metrics": {
        "feed": {
            "popularity": {"ndcg@20": 0.05, "coverage": 0.001, "recall@20": float("nan")},
            "full": {
                "ndcg@20": 0.1234,
                "ndcg@20_low": 0.11,
                "ndcg@20_high": 0.13,
                "ndcg@20_by_history": {"all": 0.1234, "history=0": 0.0456},
            },
        },
        "sharing": {"full": {"mrr@5": 0.25}, "most_frequent": {"mrr@5": 0.2}},
    },
    "calibration": {
        "feed": {"predicted": [0.1, 0.4], "observed": [0.2, 0.4], "count": [30, 10], "error": 0.075}
    },
    "importances": {"feed": {f"feature.{i}": float(i) for i in range(40)}},
    "costs": [{"name": "train", "seconds": 61.25, "peak_mb": 1_024}, {"name": "evaluate"}],
    "gates": ["holds    feed/full/ndcg@20 >= 98 % of champion"],
    "params": {"als": {"factors": 64}, "seed": 20_260_618},
}


def parsed(page: str) -> ET.Element:
    """Parse as XML, which forgives nothing that is unclosed or unescaped."""
    return ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))


def rows(page: str, heading: str) -> list[list[str]]:
    """Cells of the table whose first column's heading has this word."""
    for table in parsed(page).iter("table"):
        found = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
        if heading in found[0][0]:
            return found
    raise AssertionError(heading)


def test_the_page_is_well_formed_and_complete() -> None:
    body = parsed(report.render(RUN)).find("body")
    assert body is not None
    assert [head.text for head in body.findall("h2")] == [
        "数据 Data",
        "个性化推荐 Feed",
        "分享对象 Share targets",
        "上线门槛 Gates",
        "校准 Calibration",
        "特征重要性 Feature importances",
        "开销 Costs",
        "参数 Parameters",
    ]
    assert len(list(body.iter("svg"))) == 4
    assert body.findtext("h1") == "<b>night</b> run & more"


def test_nothing_comes_from_a_network() -> None:
    page = report.render(RUN)
    assert not re.search(r"https?:|//|url\(|@import|<script|<link|<img|\bsrc=", page)


def test_no_element_is_closed_that_html_leaves_open() -> None:
    emptied = set(re.findall(r"<(\w+)[^>]*/>", report.render(RUN)))
    assert emptied <= {"meta", "rect", "line", "circle"}


def test_methods_stand_best_first_with_their_figures() -> None:
    head, full, popular = rows(report.render(RUN), "method")
    assert head == ["方法 method", "NDCG@20", "覆盖率 coverage", "召回率 Recall@20"]
    assert full == ["full", "0.1234", "–", "–"]
    assert popular == ["popularity", "0.0500", "0.0010", "–"]


def test_costs_and_counts_read_well() -> None:
    page = report.render(RUN)
    assert rows(page, "step")[1:] == [["train", "61.2", "1,024"], ["evaluate", "–", "–"]]
    assert ["events", "1,234,567"] in rows(page, "name")
    assert "20260618" in page


def test_a_bar_is_as_long_as_its_value() -> None:
    page = parsed(report.render(RUN))
    first = next(page.iter("svg"))
    full, popular = (float(rect.attrib["width"]) for rect in first.iter("rect"))
    assert full / popular == pytest.approx(0.1234 / 0.05, rel=0.01)
    whisker = next(shape for shape in first.iter("line") if shape.attrib["class"] == "whisker")
    span = float(whisker.attrib["x2"]) - float(whisker.attrib["x1"])
    assert span / full == pytest.approx(0.02 / 0.1234, rel=0.02)


def test_a_figure_that_is_missing_has_no_bar() -> None:
    run = deepcopy(RUN)
    run["metrics"]["feed"]["popularity"]["ndcg@20"] = float("nan")
    first = next(parsed(report.render(run)).iter("svg"))
    assert len(list(first.iter("rect"))) == 1


def test_figures_alone_make_a_report(tmp_path: Path) -> None:
    path = report.write({"metrics": RUN["metrics"]}, tmp_path / "deep" / "report.html")
    assert "0.1234" in path.read_text(encoding="utf-8")


def test_nothing_to_say_and_unknown_parts_are_refused() -> None:
    with pytest.raises(InputError, match="nothing to report"):
        report.render({"metrics": {}})
    with pytest.raises(UnknownName, match="'cost'; next: use one of: costs"):
        report.render(RUN | {"cost": []})
