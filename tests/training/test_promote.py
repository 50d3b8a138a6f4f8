import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.errors import BundleCorrupt, GateRefused, MissingStep, TrackingError
from features.home import Home
from training import beside, champion, promote
from training.champion import Champion
from training.commands import app
from training.tracking import CHAMPION, Tracking

Make = Callable[..., Path]
DAY = 86_400_000_000


@dataclass
class Register:
    """A registry of paper."""

    down: bool = False
    champions: list[str] = field(default_factory=list)

    def find(self, ref: str) -> None:
        return None

    def fetch(self, version: object, into: Path) -> Path:
        raise AssertionError

    def register(
        self, sha: str, source: str, run_id: str | None = None, alias: str | None = None
    ) -> None:
        if self.down:
            raise TrackingError("down")
        assert alias == "champion"
        self.champions.append(sha)


def verify(folder: Path) -> None:
    """Accept a bundle that holds its ``weights``."""
    if (folder / "weights").read_text() != "whole":
        raise BundleCorrupt(f"{folder.name} was changed")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def make(home: Home) -> Make:
    """Make a bundle whose feed reaches ``ndcg``; popularity reaches 0.1."""

    def bundle(sha: str, ndcg: float = 0.2, into: Path | None = None) -> Path:
        folder = (into or home.bundles) / sha
        folder.mkdir(parents=True)
        full = {"ndcg@20": ndcg, "coverage": 0.3}
        figures = {"full": full, "popularity": {"ndcg@20": 0.1, "coverage": 0.1}}
        manifest = {"sha": sha, "feature_hash": "f", "run_id": None, "metrics": {"feed": figures}}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "weights").write_text("whole")
        return folder

    return bundle


def crown(home: Home, ref: str, registry: Register | None = None) -> Champion:
    return promote.promote(home, ref, registry or Register(), verify=verify, at_us=DAY)[0]


def test_the_first_champion(home: Home, make: Make) -> None:
    make("aaa111")
    registry = Register()
    assert crown(home, "aaa", registry) == Champion("aaa111", "f", None, "1970-01-02T00:00:00Z")
    assert champion.read(home) == Champion("aaa111", "f", None, "1970-01-02T00:00:00Z")
    assert registry.champions == ["aaa111"]


def test_a_bundle_from_elsewhere_is_copied_in(home: Home, make: Make, tmp_path: Path) -> None:
    folder = make("aaa111", into=tmp_path)
    crown(home, str(folder))
    assert (home.bundles / "aaa111" / "weights").read_text() == "whole"
    assert [path.name for path in home.bundles.iterdir()] == ["aaa111"]


def test_a_refused_gate_changes_nothing(home: Home, make: Make) -> None:
    make("aaa111")
    make("bbb222", ndcg=0.15)
    crown(home, "aaa")
    registry = Register()
    with pytest.raises(GateRefused, match=r"98 % of champion: got 0\.1500, needs 0\.1960"):
        crown(home, "bbb", registry)
    assert registry.champions == []
    assert crown(home, "aaa").sha == "aaa111"


def test_a_damaged_bundle_changes_nothing(home: Home, make: Make) -> None:
    (make("aaa111") / "weights").write_text("half")
    with pytest.raises(BundleCorrupt):
        crown(home, "aaa")
    assert champion.read(home) is None


def test_with_the_server_down_the_champion_stays(home: Home, make: Make, tmp_path: Path) -> None:
    make("aaa111")
    crown(home, "aaa")
    with pytest.raises(TrackingError):
        crown(home, str(make("bbb222", into=tmp_path)), Register(down=True))
    assert crown(home, "aaa").previous is None
    assert not (home.bundles / "bbb222").exists()


def test_twice_is_once(home: Home, make: Make) -> None:
    make("aaa111")
    make("bbb222")
    first = [crown(home, "aaa"), crown(home, "bbb")][1]
    assert crown(home, "bbb") == first == Champion("bbb222", "f", "aaa111", "1970-01-02T00:00:00Z")


def test_rollback_goes_back_and_never_forth(home: Home, make: Make) -> None:
    for sha in ("aaa111", "bbb222", "ccc333"):
        make(sha)
        crown(home, sha)
    shas = [promote.rollback(home, verify=verify).sha for _ in range(2)]
    assert shas == ["bbb222", "aaa111"]
    with pytest.raises(MissingStep, match="no earlier champion"):
        promote.rollback(home, verify=verify)
    actions = [entry["action"] for entry in champion.history(home)]
    assert actions == ["promote"] * 3 + ["rollback"] * 2


def test_rollback_needs_the_directory(home: Home, make: Make) -> None:
    crown(home, str(make("aaa111")))
    crown(home, str(make("bbb222")))
    (home.bundles / "aaa111").rename(home.root / "lost")
    with pytest.raises(MissingStep, match="promote aaa111"):
        promote.rollback(home, verify=verify)
    assert crown(home, "bbb").sha == "bbb222"


@pytest.mark.parametrize(("ref", "count"), [("a", 2), ("zzz", 0), ("", 0)])
def test_a_name_must_be_one_bundle(home: Home, make: Make, ref: str, count: int) -> None:
    make("aaa111")
    make("aaa222")
    with pytest.raises(MissingStep, match=f"^{count} bundles are called"):
        crown(home, ref)


def test_a_challenger_comes_from_the_registry(
    home: Home, make: Make, tmp_path: Path, tracking: Tracking
) -> None:
    with tracking.run("train") as run:
        run.artifact(make("ddd444", into=tmp_path), "bundle")
    tracking.register("ddd444", f"{run.artifacts}/bundle", run.id)
    promote.promote(home, "challenger", tracking, verify=verify)
    assert [path.name for path in home.bundles.iterdir()] == ["ddd444"]
    found = tracking.find(CHAMPION)
    assert found is not None
    assert found.sha == "ddd444"


def test_the_commands_on_a_home_without_bundles(home: Home) -> None:
    result = CliRunner().invoke(app, ["rollback", "--data", str(home.root)])
    assert isinstance(result.exception, MissingStep)
    assert "no earlier champion" in str(result.exception)


def test_what_was_found_beside_the_bundle_counts(home: Home, make: Make) -> None:
    make("aaa111")
    make("bbb222")
    crown(home, "aaa")
    same_days = {"feed": {"champion": {"ndcg@20": 0.3}}}
    beside.write(home, "bbb222", {"champion": "aaa111", "metrics": same_days})
    with pytest.raises(GateRefused, match=r"98 % of champion: got 0\.2000, needs 0\.2940"):
        crown(home, "bbb")
    beside.write(home, "bbb222", {"champion": "another", "metrics": same_days})
    assert crown(home, "bbb").previous == "aaa111"


def test_the_history_says_who_and_why(home: Home, make: Make) -> None:
    make("aaa111")
    promote.promote(home, "aaa", Register(), verify=verify, at_us=DAY, why="双11 更准")
    (entry,) = champion.history(home)
    assert entry["why"] == "双11 更准"
    assert "@" in entry["by"]
    said = CliRunner().invoke(app, ["promotions", "--data", str(home.root)]).stdout
    assert said.startswith("1970-01-02T00:00:00Z  promote  aaa111  by ")
    assert said.endswith(": 双11 更准\n")
