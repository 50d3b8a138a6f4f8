"""The online states are compared with a rebuild; what differs is found and refused."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features import cli, job, online
from features.clock import BusinessZone
from features.errors import GateRefused, InputError
from features.home import Home
from features.online import State
from features.reconcile import Reconciled, compare, reconcile
from features.store import Tie, User, open_store
from tests.features.histories import START, busy, keep

ZONE = BusinessZone()
EVENTS = busy(500)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Half of a history ingested, the other half sent: late ones last, some of them twice."""
    home = Home(tmp_path_factory.mktemp("original"))
    keep(home, EVENTS[:250])
    job.run(home, EVENTS[249].at_us + 1, ZONE)
    late_last = [*EVENTS[300:], *EVENTS[250:300], *EVENTS[320:330]]
    with closing(open_store(home)) as store:
        store.append(late_last)
        store.put_users([User(user_id="u0", gender="female", consents=["personalize"])])
        store.put_ties([Tie(user_id="u1", peer_id="new", tie_type="friend")])
        assert store.wait_applied(store.log_seq, 20)
    return home


@pytest.fixture
def home(original: Home, tmp_path: Path) -> Home:
    """A copy to change."""
    return Home(shutil.copytree(original.root, tmp_path / "home", symlinks=True))


def damage(home: Home, change: Callable[[State], object], person: str = "u2") -> None:
    """Change what is kept of somebody."""
    with closing(sqlite3.connect((home.state / "state.db").resolve())) as connection, connection:
        query = "SELECT body FROM states WHERE user_id = ?"
        state = online.decode(connection.execute(query, (person,)).fetchone()[0])
        change(state)
        connection.execute(
            "UPDATE states SET body = ? WHERE user_id = ?", (online.encode(state), person)
        )


def told(found: Reconciled) -> dict[str, int]:
    return {one.what: one.count for one in found.differences}


def test_late_and_repeated_events_leave_no_difference(home):
    found = reconcile(home, ZONE)
    assert told(found) == {}
    assert found.people == 6
    assert found.values > 500
    found.require_equal()


def test_nothing_is_published_by_looking(home):
    before = sorted(home.features.iterdir())
    reconcile(home, ZONE)
    assert sorted(home.features.iterdir()) == before


def test_a_wrong_counter_is_found_with_its_size(home):
    position = [one.name for one in online.live(online.Key.USER)].index("user.orders")

    def double(state: State) -> None:
        state.cells["user"][""][position][0] *= 2

    damage(home, double)
    found = reconcile(home, ZONE)
    assert told(found) == {"user.orders": 1}
    assert found.differences[0].worst == pytest.approx(0.5)
    assert found.differences[0].examples[0]["user_id"] == "u2"
    with pytest.raises(GateRefused, match=r"user\.orders: 1 differ"):
        found.require_equal()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda state: state.ties.update(ghost="friend"), "ties"),
        (lambda state: state.recent.pop(), "recent"),
        (lambda state: state.deeds.clear(), "deeds"),
        (lambda state: state.suppressed.append("life.stage"), "suppressed"),
        (lambda state: state.profile.update(gender="male"), "profile"),
    ],
)
def test_every_other_part_is_compared(home, change, what):
    damage(home, change)
    found = reconcile(home, ZONE)
    assert told(found) == {what: 1}


def test_a_person_who_is_in_no_history_is_found():
    ghost = {"ghost": State(consents=[])}
    assert told(compare(ghost, {}, START, ZONE)) == {"consents": 1}


def test_the_command_refuses_with_its_exit_code(home):
    def run(*more: str) -> object:
        return CliRunner().invoke(
            cli.build(), ["features", "--reconcile", "--data", str(home.root), *more]
        )

    assert run().exit_code == 0
    damage(home, lambda state: state.ties.clear())
    result = run("--json")
    assert json.loads(result.stdout)["differences"][0]["what"] == "ties"
    assert isinstance(result.exception, GateRefused)
    assert cli.exit_code(result.exception) == 5


def test_the_past_cannot_be_read(home):
    with pytest.raises(InputError, match="as of the past"):
        reconcile(home, ZONE, EVENTS[-1].at_us)


def test_without_events_there_is_nothing_to_compare(tmp_path):
    with pytest.raises(InputError, match="no event"):
        reconcile(Home(tmp_path), ZONE)
