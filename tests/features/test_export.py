"""Everything kept of a person, and of nobody else."""

import json
import shutil
from contextlib import closing

import pytest
from typer.testing import CliRunner

from features import forget, job
from features.cli import build
from features.clock import BusinessZone
from features.errors import InputError, MissingStep
from features.export import export
from features.home import Home
from features.store import Tie, User, open_store
from tests.features.histories import busy, keep
from tests.features.test_unmerged import claim

HALF = busy(300)
EMPTY = {"profiles": [], "events": [], "ties": [], "portrait": {}, "shown": []}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """u1 and u3 are one; what came last is in the log alone."""
    home = Home(tmp_path_factory.mktemp("home"))
    keep(home, HALF[:200])
    job.run(home, HALF[199].at_us + 1, BusinessZone())
    with closing(open_store(home)) as store:
        store.append([*HALF[200:], claim(0, "u1", "u3")])
        store.put_users([User(user_id="u3", gender="female")])
        store.put_ties([Tie(user_id="u9", peer_id="u1", tie_type="follow")])
    return home


def test_all_of_a_person_by_any_id(home):
    found = export(home, "u3")
    assert found["ids"] == ["u1", "u3"]
    own = {one.message_id for one in HALF if one.user_id in ("u1", "u3")}
    assert {one["message_id"] for one in found["events"]} == own | {"id0"}
    assert [one["gender"] for one in found["profiles"]] == ["female"]
    assert {one["user_id"] for one in found["ties"]} == {"u9"}
    assert found["portrait"]
    assert export(home, "u1") == found


def test_of_strangers_and_the_forgotten_there_is_nothing(home, tmp_path):
    home = Home(shutil.copytree(home.root, tmp_path / "home", symlinks=True))
    forget.forget(home, "u1")
    for one in ("u3", "stranger"):
        found = export(home, one)
        assert {name: found[name] for name in EMPTY} == EMPTY


def test_the_command_prints_json(home):
    result = CliRunner().invoke(build(), ["export", "u2", "--data", str(home.root)])
    assert json.loads(result.stdout)["user_id"] == "u2"


@pytest.mark.parametrize(("user", "error"), [("", InputError), ("u1", MissingStep)])
def test_nobody_and_nowhere_are_refused(tmp_path, user, error):
    with pytest.raises(error):
        export(Home(tmp_path / "nowhere"), user)
