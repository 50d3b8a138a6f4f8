"""A bundle is whole, unchanged and made for these features, or it is refused."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.errors import BundleCorrupt, BundleIncomplete, BundleMismatch
from recsys import bundle
from recsys.bundle import Bundle, Parts
from recsys.ranking.lambdamart import Groups, LambdaMart, LambdaMartConfig
from tests.serving import shops

METRICS = {"feed": {"full": {"ndcg@20": 0.25, "coverage": float("nan")}}}


@pytest.fixture(scope="module")
def parts() -> Parts:
    rows = np.arange(40, dtype=np.float32)[:, None]
    groups = Groups(rows, (rows[:, 0] % 10 == 9).astype(np.int64), np.full(4, 10))
    config = LambdaMartConfig(rounds=2, min_data_in_leaf=2, threads=1)
    return replace(shops.parts(), feed=LambdaMart.fit(groups, None, ["a"], config))


@pytest.fixture(scope="module")
def whole(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle.write(parts, tmp_path_factory.mktemp("bundles"), 7, {"metrics": METRICS})


@pytest.fixture
def copy(whole: Bundle, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole.folder, tmp_path / "copy"))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_what_was_written_opens(whole, parts):
    opened = Bundle.open(whole.folder)
    assert opened.manifest["metrics"]["feed"]["full"]["ndcg@20"] == 0.25
    assert (opened.as_of_us, opened.settings) == (7, parts.settings)
    assert opened.folder.name == opened.manifest["sha"]
    assert opened.version == opened.folder.name[:12]
    assert opened.parts.items.ids.names(range(10)) == parts.items.ids.names(range(10))
    assert opened.parts.popular.codes.tolist() == parts.popular.codes.tolist()
    assert opened.parts.feed.columns == ("a",)
    assert opened.parts.sharing is None


def test_no_file_of_it_can_run_code(whole):
    kinds = {path.suffix for path in whole.folder.rglob("*") if path.is_file()}
    assert kinds == {".npy", ".json", ".txt", ".faiss"}
    for path in whole.folder.rglob("*.npy"):
        np.load(path, allow_pickle=False)


@pytest.mark.parametrize(
    "name",
    ["items.hashes.npy", "als.items.npy", "als.faiss", "similar.data.npy", "popular.codes.npy",
     "feed.lightgbm.txt", "items.json", "references/references.json"],
)  # fmt: skip
def test_a_flipped_bit_is_found(copy, name):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(BundleCorrupt, match=rf"{name} of the bundle copy was changed.*sha256"):
        Bundle.open(copy)


def test_a_missing_file_is_named(copy):
    (copy / "als.faiss").unlink()
    with pytest.raises(BundleIncomplete, match=r"als\.faiss is missing.*huoren train"):
        Bundle.open(copy)


def test_an_extra_file_is_refused(copy):
    (copy / "references" / "plugin.py").write_text("")
    with pytest.raises(BundleCorrupt, match=r"does not name.*references/plugin\.py"):
        Bundle.open(copy)


def test_a_folder_without_a_manifest_is_none(tmp_path):
    with pytest.raises(BundleIncomplete, match=r"no bundle in .*expected manifest\.json"):
        Bundle.open(tmp_path)


@pytest.mark.parametrize(
    ("field", "says"), [("feature_hash", "another feature hash"), ("schema_version", "schema vers")]
)
def test_one_made_for_something_else(copy, field, says):
    edit(copy, lambda manifest: manifest.update({field: "else"}))
    with pytest.raises(BundleMismatch, match=rf"{says}.*got else.*huoren train"):
        Bundle.open(copy)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(as_of_us=8),
        lambda manifest: manifest["settings"].update(repeats=False),
        lambda manifest: manifest["metrics"]["feed"]["full"].update({"ndcg@20": 0.99}),
        lambda manifest: manifest.update(sha="0" * 64),
    ],
)
def test_an_edited_manifest_is_refused(copy, change):
    edit(copy, change)
    with pytest.raises(BundleCorrupt, match=r"manifest\.json was changed \(expected sha"):
        Bundle.open(copy)


@pytest.mark.parametrize("field", ["files", "metrics", "settings", "as_of_us", "sha"])
def test_a_manifest_that_lacks_something(copy, field):
    edit(copy, lambda manifest: manifest.pop(field))
    with pytest.raises(BundleCorrupt, match=rf"no whole manifest.*got no {field}"):
        Bundle.open(copy)


@pytest.mark.parametrize("text", ["{", "[]", "3", ""])
def test_a_manifest_that_is_none(copy, text):
    (copy / "manifest.json").write_text(text)
    with pytest.raises((BundleCorrupt, BundleMismatch)):
        Bundle.open(copy)


def test_the_same_parts_are_the_same_bundle(parts, tmp_path):
    one = Bundle.write(parts, tmp_path / "one", 7, {"metrics": METRICS, "run_id": "r1"})
    other = Bundle.write(parts, tmp_path / "other", 7, {"metrics": METRICS, "run_id": "r2"})
    assert one.manifest["sha"] == other.manifest["sha"]
    assert Bundle.write(parts, tmp_path / "one", 8).manifest["sha"] != one.manifest["sha"]


def test_writing_again_leaves_what_is_served_alone(parts, tmp_path):
    first = Bundle.write(parts, tmp_path, 7)
    inode = (first.folder / "manifest.json").stat().st_ino
    again = Bundle.write(parts, tmp_path, 7)
    assert again.folder == first.folder
    assert (again.folder / "manifest.json").stat().st_ino == inode
    assert [path.name for path in tmp_path.iterdir()] == [first.folder.name]


def test_writing_again_mends_a_damaged_one(parts, tmp_path):
    first = Bundle.write(parts, tmp_path, 7)
    (first.folder / "als.faiss").unlink()
    assert Bundle.open(Bundle.write(parts, tmp_path, 7).folder).manifest == first.manifest


def test_a_write_that_fails_leaves_nothing_behind(parts, tmp_path, monkeypatch):
    def full(manifest: object) -> str:
        raise OSError("No space left on device")

    monkeypatch.setattr(bundle, "content_hash", full)
    with pytest.raises(OSError, match="No space left"):
        Bundle.write(parts, tmp_path, 7)
    assert list(tmp_path.iterdir()) == []
