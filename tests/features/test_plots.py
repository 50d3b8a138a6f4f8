import pytest

from features.plots import LABEL, MARGIN, SIDE, Bar, bars, calibration


def test_bars_without_values_are_only_labels() -> None:
    drawn = bars("nothing", [Bar("a", 0.0), Bar("b", float("nan"))])
    assert [rect.attrib["width"] for rect in drawn.iter("rect")] == ["0.0"]
    assert [words.text for words in drawn.iter("text")] == ["a", "0.0000", "b", "–"]
    assert bars("empty", []).findtext("title") == "empty"


def test_the_longest_bar_leaves_room_for_its_value() -> None:
    rect = next(bars("one", [Bar("a", 3.0, low=1.0, high=6.0)]).iter("rect"))
    assert float(rect.attrib["x"]) == LABEL
    assert float(rect.attrib["width"]) == pytest.approx(200, abs=0.1)  # half of 720 - 230 - 90


def test_perfect_predictions_lie_on_the_diagonal() -> None:
    drawn = calibration("feed", [0.1, 0.5], [0.1, 0.5], [1, 3])
    line = next(shape for shape in drawn.iter("line") if shape.attrib["class"] == "diagonal")
    x1, x2, y1, y2 = (float(line.attrib[name]) for name in ("x1", "x2", "y1", "y2"))
    for point in drawn.iter("circle"):
        share = (float(point.attrib["cx"]) - x1) / (x2 - x1)
        assert float(point.attrib["cy"]) == pytest.approx(y1 + share * (y2 - y1), abs=0.1)
    assert (x1, x2) == (MARGIN, MARGIN + SIDE)


def test_no_predictions_make_an_empty_plot() -> None:
    assert not list(calibration("feed", [], [], []).iter("circle"))
