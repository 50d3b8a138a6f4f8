"""Entries of the log become Parquet exactly once."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from features.clock import DAY_US, now_us
from features.errors import StoreError
from features.history import History
from features.home import Home
from features.store import Item, Store, Tie, User, open_store, sealing
from features.store.entries import Draft, Kind
from features.store.sealing import Keeping, seal
from features.tables import EVENTS
from tests.features.store.steps import NOON, event, settled, views

NOTHING_KEPT = Keeping(log_days=-1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    store = open_store(home)
    yield store
    store.close()


def soon() -> int:
    return now_us() + 1_000_000


def messages(home: Home) -> list[str]:
    return sorted(History(home).events(["message_id"])["message_id"].to_pylist())


def test_an_event_goes_to_the_day_of_its_own_time(home, store):
    store.append([event(0), event(1, at_us=NOON - 2 * DAY_US)])
    done = seal(home, before_us=soon())
    assert sorted(str(path.relative_to(home.events)) for path in done.files) == [
        "day=2025-10-07/part-000000000001-000000000002.parquet",
        "day=2025-10-09/part-000000000001-000000000002.parquet",
    ]
    assert (done.log_seq, done.entries) == (2, 2)


def test_a_part_has_the_canonical_columns(home, store):
    store.append([event(0, quantity=2.0, total_fen=990, rating=4.5, position=3)])
    (path,) = seal(home, before_us=soon()).files
    table = pq.read_table(path, partitioning=None)
    assert table.schema.equals(EVENTS.schema)
    row = table.to_pylist()[0]
    assert (row["quantity"], row["total_fen"], row["rating"], row["position"]) == (2, 990, 4.5, 3)
    assert 0 <= now_us() - row["received_us"] < DAY_US


def test_today_waits_for_its_end_unless_asked(home, store, monkeypatch):
    store.append([event(0)])
    assert seal(home).entries == 0
    monkeypatch.setattr(sealing, "now_us", lambda: now_us() + DAY_US)
    assert seal(home).entries == 1


def test_sealing_twice_changes_nothing(home, store):
    store.append([event(n) for n in range(5)])
    first = seal(home, before_us=soon())
    before = {path: path.stat().st_mtime_ns for path in home.events.rglob("*")}
    again = seal(home, before_us=soon())
    assert (again.entries, again.files, again.log_seq) == (0, (), first.log_seq)
    assert {path: path.stat().st_mtime_ns for path in home.events.rglob("*")} == before


@pytest.mark.parametrize("written_before_the_cut", [0, 1])
def test_a_sealing_that_was_cut_off_is_finished(home, store, monkeypatch, written_before_the_cut):
    store.append([event(n, at_us=NOON + n * DAY_US) for n in range(3)])
    calls = []

    def cut(table, path, records):
        calls.append(path)
        if len(calls) > written_before_the_cut:
            raise KeyboardInterrupt
        return write(table, path, records)

    write = sealing._write_part
    monkeypatch.setattr(sealing, "_write_part", cut)
    with pytest.raises(KeyboardInterrupt):
        seal(home, before_us=soon())
    monkeypatch.undo()
    store.append([event(3)])
    seal(home, before_us=soon())
    assert messages(home) == ["m0", "m1", "m2", "m3"]


def test_long_logs_are_sealed_in_ranges(home, store, monkeypatch):
    monkeypatch.setattr(sealing, "PAGE", 3)
    store.append([event(n) for n in range(8)])
    assert len(seal(home, before_us=soon()).files) == 3
    assert messages(home) == [f"m{n}" for n in range(8)]


def test_records_go_beside_what_was_ingested(home, store):
    store.put_items([Item(item_id="i1", stock=1, style_tags=["国潮"])])
    store.patch_item("i1", {"stock": 0})
    store.put_users([User(user_id="u1", city_tier="3", valid_from_us=NOON)])
    store.put_ties([Tie(user_id="u1", peer_id="u2", tie_type="friend")])
    seal(home, before_us=soon())
    items = History(home).connect().sql("SELECT stock FROM items ORDER BY valid_from_us").fetchall()
    assert items == [(1,), (0,)]
    assert History(home).users()["valid_from_us"].to_pylist() == [NOON]
    assert History(home).ties()["peer_id"].to_pylist() == ["u2"]


def test_an_entry_that_cannot_be_read_goes_to_quarantine(home, store):
    store._log.append([Draft(Kind.EVENT, "u1", 1, b"\xc1")])
    store.append([event(0)])
    assert seal(home, before_us=soon()).log_seq == 2
    assert messages(home) == ["m0"]
    (path,) = home.quarantine.iterdir()
    assert path.read_text().startswith('{"seq":1,')


def test_what_is_pruned_is_still_known_and_still_there(home, store):
    store.append([event(n) for n in range(4)])
    done = seal(home, before_us=soon(), keeping=NOTHING_KEPT)
    assert done.pruned == 4
    assert store.append([event(0), event(4)]).duplicates == 1
    assert views(store) == 5.0


def test_a_pruned_log_rebuilds_from_its_base(home):
    store = open_store(home)
    store.append([event(n) for n in range(4)])
    expected = settled(store).state("u1")
    seal(home, before_us=soon(), keeping=NOTHING_KEPT)
    store.close()
    (home.state / "state.db").unlink()
    store = open_store(home)
    assert store.state("u1") == expected
    store.close()


def test_a_snapshot_older_than_what_was_pruned_is_refused(home, store):
    store.append([event(n) for n in range(4)])
    settled(store)
    seal(home, before_us=soon(), keeping=NOTHING_KEPT)
    with pytest.raises(StoreError, match=r"as of after 2025-10-09T09:03:00Z.*huoren features"):
        store.load([], [], log_seq=4, as_of_us=NOON)
    store.load([], [], log_seq=4, as_of_us=NOON + 200_000_000)
    assert views(store) == 0.0


def test_nothing_unapplied_is_pruned(home):
    idle = open_store(home, applies=False)
    idle.append([event(0)])
    assert seal(home, before_us=soon(), keeping=NOTHING_KEPT).pruned == 0
    idle.close()


def test_lines_are_forgotten_in_the_end(home, store):
    store.append([event(0)])
    settled(store)
    seal(home, before_us=soon(), keeping=Keeping(log_days=-1, seen_days=-1))
    assert store.append([event(0)]).accepted == 1
