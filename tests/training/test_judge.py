"""A bundle is judged on days its rankers did not learn from."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from features.errors import BundleCorrupt, MissingStep
from features.home import Home
from training import judge


@pytest.fixture
def judged(shop, trained, tmp_path) -> judge.Judgement:
    return judge.run(shop.home, trained.bundle.version, tmp_path / "report.html")


def test_without_newer_days_the_rankers_are_asked_about_the_test_window(judged, trained):
    assert not judged.fresh
    assert judged.window == trained.windows["test"]
    found, then = (one["feed"]["full"]["ndcg@20"] for one in (judged.metrics, trained.metrics))
    assert found == pytest.approx(then)
    for name in ("full", "most_frequent"):
        assert judged.metrics["sharing"][name]["mrr@5"] == pytest.approx(
            trained.metrics["sharing"][name]["mrr@5"]
        )


def test_the_report_is_written(judged, tmp_path):
    page = (tmp_path / "report.html").read_text()
    assert judged.report == tmp_path / "report.html"
    assert judged.bundle.manifest["sha"][:12] in page
    assert "by the rankers" in page


def test_with_newer_days_the_bundle_is_asked_as_it_is(shop, trained, monkeypatch, tmp_path):
    monkeypatch.setattr(judge, "ENOUGH", 5)
    bundle = trained.bundle
    start_us = trained.windows["test"].start_us
    early = replace(bundle, manifest={**bundle.manifest, "as_of_us": start_us})
    monkeypatch.setattr(judge.Bundle, "open", lambda folder: early)
    found = judge.run(shop.home, bundle.version, tmp_path / "report.html")
    assert found.fresh
    assert found.window.start_us == early.as_of_us
    assert set(found.metrics) == {"feed", "sharing"}


def test_without_a_name_the_newest_is_taken(shop, trained, tmp_path):
    newest = max(shop.home.bundles.glob("*/manifest.json"), key=lambda path: path.stat().st_mtime)
    found = judge.run(shop.home, "", tmp_path / "report.html")
    assert found.bundle.folder == newest.parent


def test_a_bundle_that_is_not_there(shop, trained, tmp_path):
    with pytest.raises(MissingStep, match=r"no bundle zzz.*huoren train"):
        judge.run(shop.home, "zzz", None)
    with pytest.raises(MissingStep, match="no bundle at all"):
        judge.run(Home(tmp_path), "", None)


def test_a_damaged_bundle_is_refused(shop, trained, tmp_path):
    copy = Path(shutil.copytree(trained.bundle.folder, tmp_path / "copy"))
    (copy / "items.json").write_text("[]")
    with pytest.raises(BundleCorrupt):
        judge.run(shop.home, str(copy), None)
