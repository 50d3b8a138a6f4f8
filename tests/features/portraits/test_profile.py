import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from features.portraits import TAGS, profile
from features.portraits.drift import compare
from tests.features.portraits.test_drift import SAME, people

MOVED = people([9.0] * 200, ["male"] * 200)
PAGE = profile.render(MOVED, 0, "abc", compare(SAME, MOVED))


def test_every_tag_that_people_may_see_is_on_the_page():
    for tag in TAGS.values():
        assert (f">{tag.name}<" in PAGE) is tag.user_visible


def test_the_page_needs_nothing_else():
    assert not re.findall(r"<(?:script|link|img|iframe)|url\(|(?:src|href)=", PAGE)
    assert "life.f_365" in PAGE
    assert "moved far" in PAGE


def test_it_opens_offline_in_a_browser(tmp_path: Path):
    browser = shutil.which("chromium")
    if browser is None:
        (pytest.fail if os.environ.get("HUOREN_REQUIRE_ALL") == "1" else pytest.skip)("no chromium")
    path = tmp_path / "profile.html"
    path.write_text(PAGE, encoding="utf-8")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/own",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.count("<svg") == sum(tag.user_visible for tag in TAGS.values()) + 1
    assert "用户画像概览" in done.stdout


def test_nobody_at_all_makes_a_page():
    assert "0 人 people" in profile.render(SAME.slice(0, 0), 0, "abc")


@pytest.mark.parametrize("tag", ["risk.return"])
def test_what_is_the_systems_alone_stays_inside(tag: str):
    assert TAGS[tag].column in MOVED.column_names
    assert tag not in PAGE
