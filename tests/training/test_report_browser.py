"""The report in a real browser that reaches no network."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from training import drift, report
from training.steps.rivalry import paired


@pytest.fixture(scope="module")
def browser() -> str:
    found = shutil.which("chromium")
    if found is None:
        if os.environ.get("HUOREN_REQUIRE_ALL") == "1":
            pytest.fail("no chromium")
        pytest.skip("no chromium on this machine")
    return found


@pytest.fixture(scope="module")
def page(trained, tmp_path_factory) -> Path:
    rng = np.random.default_rng(0)
    values = {"all": rng.random(50)}
    told = {
        "metrics": trained.metrics,
        "champion": {"champion": "abc", "paired": {"feed": paired(values, values, rng)}},
        "calibration": {"feed": trained.shown["calibration"]},
        "importances": trained.importance,
        "shap": trained.shown["shap"],
        "examples": trained.shown["examples"],
        "profile": trained.shown["profile"],
        "drift": {"item.views_7": drift.MOVED},
        "costs": trained.steps,
    }
    return report.write(told, tmp_path_factory.mktemp("report") / "report.html")


def opened(browser: str, page: Path, *words: str) -> str:
    offline = ("--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9")
    called = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", *offline,
              f"--user-data-dir={page.parent / 'profile'}", *words, page.as_uri()]  # fmt: skip
    return subprocess.run(called, capture_output=True, text=True, check=True, timeout=120).stdout


def test_the_page_asks_for_nothing(page):
    said = page.read_text()
    assert not re.search(r"(src|href)=|url\(|@import|<script", said)


def test_the_plots_are_drawn_without_network(browser, page, tmp_path):
    picture = tmp_path / "page.png"
    opened(browser, page, "--window-size=900,6000", f"--screenshot={picture}")
    pixels = (matplotlib.image.imread(picture)[..., :3] * 255).round()
    orange = np.abs(pixels - [0xC2, 0x41, 0x0C]).max(axis=2) < 48
    by_part = orange.reshape(10, 600, 900).sum(axis=(1, 2))
    assert (by_part > 200).sum() >= 4  # bars, curve, gains and dots lie down the whole page


def test_every_plot_and_section_is_in_the_document(browser, page):
    dom = opened(browser, page, "--dump-dom")
    assert dom.count("<svg") >= 7
    for heading in ("Challenger and champion", "SHAP", "Examples", "Drift", "Calibration"):
        assert heading in dom
