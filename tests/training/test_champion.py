import json
from pathlib import Path

import pytest

from features.errors import BundleCorrupt
from features.home import Home
from training import champion
from training.champion import Champion


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_what_is_written_is_read(home: Home) -> None:
    assert champion.read(home) is None
    crowned = Champion("b", "f", "a", "2026-06-18T00:00:00Z")
    champion.write(home, crowned, "promote", ["holds"])
    assert champion.read(home) == crowned
    assert set(json.loads(home.champion.read_text())) == {
        "sha",
        "feature_hash",
        "previous",
        "promoted_at",
    }
    assert champion.history(home)[0]["gates"] == ["holds"]
    assert not list(home.root.glob("*.new"))


def test_the_predecessor_is_that_of_the_last_time(home: Home) -> None:
    for sha, previous in [("a", None), ("b", "a"), ("c", "b"), ("b", "c")]:
        champion.write(home, Champion(sha, "f", previous, ""), "promote", [])
    assert champion.predecessor(home, "b") == "c"
    assert champion.predecessor(home, "a") is None
    assert champion.predecessor(home, "stranger") is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"sha": "a"}'])
def test_a_broken_file_is_named(home: Home, text: str) -> None:
    home.champion.write_text(text)
    with pytest.raises(BundleCorrupt, match=r"champion\.json cannot be read"):
        champion.read(home)
