"""States that cannot be trusted are rebuilt, or refused with what to run."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from features import job
from features.clock import BusinessZone, now_us
from features.errors import StoreError
from features.home import Home
from features.online import State
from features.reading import Reading
from features.store import Item, Store, generations, open_store, statefile
from features.store.embedded import load_snapshot
from features.store.entries import Draft, Kind, forget_draft
from features.store.sealing import Keeping, seal
from tests.features.store.steps import event, settled, views


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that was closed cleanly, with three views by u1."""
    home = Home(tmp_path)
    store = open_store(home)
    store.append([event(n) for n in range(3)])
    settled(store).close()
    return home


def views_of(home: Home) -> float:
    store = open_store(home)
    found = views(store)
    store.close()
    return found


def generation(home: Home) -> str:
    return (home.state / "state.db").readlink().name


def pruned(home: Home) -> None:
    seal(home, before_us=now_us() + 1_000_000, keeping=Keeping(log_days=-1))


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_a_clean_stop_needs_no_rebuild(home, monkeypatch):
    monkeypatch.setattr(generations, "_boot", lambda: "after the next start")
    before = generation(home)
    assert views_of(home) == 3.0
    assert generation(home) == before


def test_a_killed_process_needs_no_rebuild(home):
    (home.state / "mark.json").write_text(json.dumps({"boot": generations._boot(), "clean": False}))
    before = generation(home)
    assert views_of(home) == 3.0
    assert generation(home) == before


@pytest.mark.parametrize("mark", ['{"boot": "another", "clean": false}', "{", "[]"])
def test_after_a_power_cut_the_states_are_rebuilt(home, mark):
    (home.state / "mark.json").write_text(mark)
    before = generation(home)
    change(home.state / "state.db", "UPDATE states SET body = x'80'")  # torn
    assert views_of(home) == 3.0
    assert generation(home) != before


def test_a_rebuild_equals_what_it_replaces(home, monkeypatch):
    store = open_store(home)
    store.append([event(n, "Order Completed", f"u{n % 7}", total_fen=n) for n in range(3, 300)])
    before = dict(settled(store).states(f"u{n}" for n in range(7)))
    store.close()
    (home.state / "mark.json").unlink()
    store = open_store(home)
    assert store.states(before) == before
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE meta",
        "DELETE FROM meta",
        "PRAGMA user_version = 99",
        "UPDATE meta SET declaration = 'older'",
        "UPDATE meta SET applied_seq = 1000",
    ],
)
def test_states_of_another_make_are_rebuilt_from_a_whole_log(home, statement):
    change(home.state / "state.db", statement)
    assert views_of(home) == 3.0


def older(home: Home) -> None:
    """States as the first schema had them: of ids that nobody could link."""
    for statement in ("DROP TABLE linked", "DROP TABLE groups", "PRAGMA user_version = 1"):
        for name in ("state.db", "base.db"):
            if (home.state / name).exists():
                change(home.state / name, statement)


def test_states_of_an_older_schema_are_brought_over(home):
    older(home)
    assert views_of(home) == 3.0
    with closing(open_store(home)) as store:
        store.append([event(9, "User Aliased", peer_id="u2", item_id=None)])
        assert settled(store).ids("u2") == ("u1", "u2")


def test_states_of_an_older_schema_without_their_log_say_what_to_run(home):
    pruned(home)
    older(home)
    with pytest.raises(StoreError, match=r"schema 1, expected 2.*huoren features"):
        open_store(home)
    job.run(home, None, BusinessZone())
    with closing(open_store(home)) as store:
        assert len(store.state("u1").recent) == 3


def test_a_damaged_file_is_rebuilt(home):
    (home.state / generation(home)).write_bytes(b"not a database at all" * 1000)
    assert views_of(home) == 3.0


def test_days_of_another_zone_are_counted_again(home):
    store = open_store(home, BusinessZone("America/New_York"))
    row = store.state("u1").cells["user"][""]
    reading = Reading(store.state("u1"), row[0][1], BusinessZone("America/New_York"))
    assert reading.number("user.active_days_30") == 1.0
    store.close()
    with closing(sqlite3.connect(home.state / "state.db")) as connection:
        assert statefile.read_meta(connection).zone == "America/New_York"


def test_without_a_whole_log_another_declaration_is_refused(home, monkeypatch):
    pruned(home)
    monkeypatch.setattr(statefile, "declaration_hash", lambda: "newer")
    with pytest.raises(StoreError, match=r"made for counters .*huoren features"):
        open_store(home)


def test_a_snapshot_mends_what_was_refused(home, monkeypatch):
    pruned(home)
    monkeypatch.setattr(statefile, "declaration_hash", lambda: "newer")
    snapshot = [("u9", State(profile={"city": "130200"}))]
    load_snapshot(home, BusinessZone(), snapshot, [Item(item_id="i1")], log_seq=3)
    store = open_store(home)
    assert store.state("u9").profile == {"city": "130200"}
    assert store.state("u1") is None
    store.close()


def test_a_lost_log_is_not_passed_over(home):
    (home.state / "log.db").unlink()
    with pytest.raises(StoreError, match="made from another log"):
        open_store(home)


def test_a_lost_base_of_a_pruned_log_is_not_passed_over(home):
    pruned(home)
    (home.state / "base.db").unlink()
    (home.state / "state.db").unlink()
    with pytest.raises(StoreError, match="huoren features"):
        open_store(home)


def test_a_log_of_a_newer_version_is_refused(home):
    change(home.state / "log.db", "PRAGMA user_version = 2")
    with pytest.raises(StoreError, match="expected schema 1; got schema 2"):
        open_store(home)


def test_a_damaged_log_is_refused(home):
    (home.state / "log.db").write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StoreError, match=r"log\.db"):
        open_store(home)


def test_readers_of_the_old_generation_move_to_the_new_one(home):
    store, other = open_store(home), open_store(home)
    assert views(other) == 3.0
    store.load([], [], log_seq=2)
    assert views(other) == 1.0
    assert len(list(home.state.glob("state-*.db"))) == 1
    store.close()
    other.close()


def test_an_entry_that_cannot_be_applied_is_kept_apart(home, caplog):
    store: Store = open_store(home)
    store._log.append([Draft(Kind.EVENT, "u1", 1, b"\xc1")])
    store.append([event(5)])
    assert views(store) == 4.0
    assert "entry 4 of the log cannot be applied" in caplog.text
    with closing(sqlite3.connect(home.state / "state.db")) as connection:
        assert connection.execute("SELECT seq FROM skipped").fetchall() == [(4,)]
    store.close()


def test_whoever_follows_a_forgotten_one_in_a_batch_keeps_the_past(home):
    idle = open_store(home, applies=False)
    idle._log.append([forget_draft("u9")])
    idle.append([event(3)])
    idle.close()
    assert views_of(home) == 4.0
