"""Outputs are found again, and nothing half-written is ever found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from features.cli import exit_code
from features.errors import StoreError
from training.shelf import Json, Kept, Shelf, fingerprint, full_disk

KEY = fingerprint("key")


def test_an_output_is_made_once(tmp_path):
    shelf = Shelf(tmp_path)
    first = shelf.keep("count", KEY, lambda: [1, 2], Json())
    found = shelf.find("count", KEY, Json())
    assert found is not None
    assert (found.value, found.digest) == ([1, 2], first.digest)


def test_what_was_changed_on_disk_is_not_found(tmp_path):
    shelf = Shelf(tmp_path)
    kept = shelf.keep("count", KEY, lambda: [1, 2], Json())
    (kept.folder / "value.json").write_text("[1, 2")
    assert shelf.find("count", KEY, Json()) is None
    assert shelf.keep("count", KEY, lambda: [1, 2], Json()).value == [1, 2]


def test_an_output_that_fails_to_be_written_leaves_nothing(tmp_path):
    shelf = Shelf(tmp_path)
    with pytest.raises(TypeError):
        shelf.keep("count", KEY, lambda: {1, 2}, Json())
    assert shelf.find("count", KEY, Json()) is None
    assert list((tmp_path / "count").iterdir()) == []


def test_the_same_content_is_one_digest_whatever_it_was_made_from(tmp_path):
    shelf = Shelf(tmp_path)
    one = shelf.keep("count", fingerprint(1), lambda: "same", Json())
    other = shelf.keep("count", fingerprint(2), lambda: "same", Json())
    assert fingerprint("next", one) == fingerprint("next", other)


def test_what_killed_runs_left_and_what_is_old_is_removed(tmp_path):
    shelf = Shelf(tmp_path)
    kept = shelf.keep("count", KEY, lambda: 1, Json())
    old = shelf.keep("count", fingerprint("old"), lambda: 1, Json())
    os.utime(old.folder, (0, 0))
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    for pid in (gone.stdout.strip(), str(os.getpid())):
        (tmp_path / "count" / f"partial-{pid}-{KEY}").mkdir()
    shelf.tidy()
    left = {path.name for path in (tmp_path / "count").iterdir()}
    assert left == {kept.folder.name, f"partial-{os.getpid()}-{KEY}"}


def test_a_full_disk_says_what_to_do(tmp_path):
    full = Path("/dev/full")
    said = r"no room left.*finished steps are kept"
    with pytest.raises(StoreError, match=said) as caught, full_disk(tmp_path):
        full.write_text("much")
    assert exit_code(caught.value) == 6


def test_other_errors_of_the_disk_keep_their_own_words(tmp_path):
    with pytest.raises(FileNotFoundError), full_disk(tmp_path):
        (tmp_path / "nothing").read_text()


def test_a_value_is_read_when_it_is_asked_for(tmp_path):
    kept = Kept(tmp_path / "nowhere", "digest", Json())
    assert fingerprint(kept) == fingerprint("digest")
    with pytest.raises(FileNotFoundError):
        _ = kept.value
