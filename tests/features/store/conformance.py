"""What every store must do; an implementation's test begins with three lines::

class TestMine(StoreConformance):
    def open(self, home):
        return open_mine(home)
"""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from features import controls, online, tombstones
from features.clock import DAY_US, now_us
from features.errors import HuorenError, InputError, StoreError, UnknownName
from features.home import Home
from features.online import ItemFacts, State
from features.store import Cursor, Item, Store, Tie, User
from tests.features.store.conformance_people import PeopleConformance
from tests.features.store.steps import NOON, ZONE, event, settled, views


class StoreConformance(PeopleConformance):
    """Inherit from it and say how a store of a home is opened."""

    def open(self, home: Home) -> Store:
        raise NotImplementedError

    @pytest.fixture
    def home(self, tmp_path: Path) -> Home:
        return Home(tmp_path / "店 home")

    @pytest.fixture
    def store(self, home: Home) -> Iterator[Store]:
        store = self.open(home)
        yield store
        store.close()

    def test_an_event_is_seen_by_the_next_reader(self, store):
        done = store.append([event(0)])
        assert (done.accepted, done.duplicates) == (1, 0)
        assert store.wait_applied(done.last_seq)
        assert [act.item_id for act in store.state("u1").recent] == ["i1"]

    def test_nobody_is_nobody(self, store):
        assert store.state("u1") is None
        assert store.states(["u1", "u2"]) == {}
        assert store.item("i1") is None
        assert store.append([]).accepted == 0

    def test_a_line_is_taken_once(self, store):
        first = store.append([event(0), event(0), event(0, line=1), event(1)])
        again = store.append([event(1), event(2)])
        assert (first.accepted, first.duplicates) == (3, 1)
        assert (again.accepted, again.duplicates) == (1, 1)
        assert len(settled(store).state("u1").recent) == 4

    def test_states_follow_from_a_straight_replay(self, store):
        names = ["Product Viewed", "Product Shared", "Share Link Opened", "Order Completed"]
        events = [
            event(n, names[n % 4], f"u{n % 7}", peer_id=f"u{n % 5}", item_id=f"i{n % 3}")
            for n in range(200)
        ]
        store.put_items([Item(item_id=f"i{n}", category="tea", price_fen=990) for n in range(3)])
        for start in range(0, 200, 20):
            store.append(events[start : start + 20])
        expected = online.replay(
            iter(events), lambda item, at: ItemFacts("tea", price_fen=990), ZONE
        )
        assert settled(store).states(expected) == expected

    def test_late_events_count_where_they_belong(self, store):
        late = event(1, at_us=NOON - 3 * DAY_US, item_id="i2")
        store.append([event(0)])
        store.append([late])
        assert [act.item_id for act in settled(store).state("u1").recent] == ["i2", "i1"]
        assert views(store) == pytest.approx(1.1)  # 1 + 2 ** -3

    def test_ids_are_any_text(self, store):
        people = ["用户·一", "ß'; DROP TABLE states;--", "a\0b", "👩‍👩‍👧", " "]
        store.append([event(n, user=person) for n, person in enumerate(people)])
        assert set(settled(store).states(people)) == set(people)
        assert store.state("a") is None

    @pytest.mark.parametrize(
        "bad",
        [
            event(1, user=""),
            event(1, "Product Vewed"),
            event(1, user="\ud800"),
            event(1, position=40_000),
            event(1, total_fen=2**60),
            event(1, at_us=-1),
            event(1, rating=float("nan")),
        ],
    )
    def test_what_no_table_could_hold_is_refused_with_its_call(self, store, bad):
        with pytest.raises(InputError):
            store.append([event(0), bad])
        assert store.log_seq == 0

    def test_callers_from_many_threads_share_the_log(self, store):
        def call(caller: int) -> None:
            for n in range(10):
                store.append([event(caller * 100 + n, user=f"u{caller}"), event(10_000 + n)])

        threads = [Thread(target=call, args=(caller,)) for caller in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert settled(store).applied_seq == 90
        assert [views(store, f"u{caller}") for caller in range(2, 8)] == [10.0] * 6

    def test_states_of_more_people_than_one_query_takes(self, store):
        people = [f"u{n}" for n in range(1_203)]
        store.put_users([User(user_id=person, gender="female") for person in people])
        found = settled(store).states([*people, "nobody"])
        assert set(found) == set(people)

    def test_a_state_is_the_callers_own(self, store):
        store.append([event(0)])
        settled(store).state("u1").recent.clear()
        assert len(store.state("u1").recent) == 1

    def test_a_profile_and_its_consents(self, store):
        store.put_users([
            User(user_id="u1", city_tier="3", birth_year=1990, consents=["share_out"])
        ])
        assert settled(store).state("u1").profile == {"city_tier": "3", "birth_year": "1990"}
        assert store.state("u1").consents == ["share_out"]

    def test_the_person_decides(self, store):
        store.append([
            controls.tag_suppressed("u1", "life.silent"),
            controls.personalization_toggled("u1", on=False),
            controls.consent_updated("u1", []),
        ])  # fmt: skip
        state = settled(store).state("u1")
        assert (state.suppressed, state.personalized, state.consents) == (
            ["life.silent"],
            False,
            [],
        )

    def test_ties_point_one_way_unless_they_are_friendships(self, store):
        store.put_ties([
            Tie(user_id="u1", peer_id="u2", tie_type="friend"),
            Tie(user_id="u1", peer_id="u3", tie_type="follow"),
            Tie(user_id="u1", peer_id="u1", tie_type="friend"),
        ])  # fmt: skip
        store.append([event(0, "Tie Created", "u3", peer_id="u4", item_id=None, reason="friend")])
        assert settled(store).state("u1").ties == {"u2": "friend", "u3": "follow"}
        assert store.state("u2").ties == {"u1": "friend"}
        assert store.state("u3").ties == {"u4": "friend"}
        assert store.state("u4").ties == {"u3": "friend"}

    def test_an_event_borrows_from_the_item_as_it_is_then(self, store):
        store.put_items([Item(item_id="i1", category="tea")])
        store.append([event(0)])
        store.put_items([Item(item_id="i1", category="coffee")])
        store.append([event(1)])
        assert set(settled(store).state("u1").cells["category"]) == {"tea", "coffee"}

    def test_an_item_is_replaced_whole_and_patched_in_part(self, store):
        store.put_items([Item(item_id="i1", title="茶", price_fen=990, stock=3)])
        store.put_items([Item(item_id="i1", title="茶", price_fen=880)])
        seq = store.patch_item("i1", {"stock": 7})
        assert store.wait_applied(seq)
        item = store.item("i1")
        assert (item.title, item.price_fen, item.stock) == ("茶", 880, 7)
        assert store.items(["i1", "i2"]) == {"i1": item}

    def test_patches_that_follow_at_once_add_up(self, store):
        store.put_items([Item(item_id="i1")])
        store.patch_item("i1", {"stock": 7})
        store.patch_item("i1", {"price_fen": 5})
        item = settled(store).item("i1")
        assert (item.stock, item.price_fen) == (7, 5)

    @pytest.mark.parametrize(
        ("item_id", "fields", "error"),
        [
            ("i2", {"stock": 1}, InputError),
            ("i1", {"stok": 1}, UnknownName),
            ("i1", {"stock": "many"}, InputError),
            ("i1", {"item_id": "i3"}, UnknownName),
        ],
    )
    def test_a_patch_that_means_nothing(self, store, item_id, fields, error):
        store.put_items([Item(item_id="i1")])
        with pytest.raises(error):
            settled(store).patch_item(item_id, fields)
        assert store.log_seq == 1

    def test_an_older_version_is_not_in_force(self, store):
        store.put_items([Item(item_id="i1", price_fen=2, valid_from_us=NOON)])
        store.put_items([Item(item_id="i1", price_fen=1, valid_from_us=NOON - DAY_US)])
        assert settled(store).item("i1").price_fen == 2

    def test_nothing_is_in_force_from_tomorrow(self, store):
        with pytest.raises(InputError, match="no later than now"):
            store.put_items([Item(item_id="i1", valid_from_us=now_us() + DAY_US)])

    def test_a_reader_follows_the_catalogue(self, store):
        store.put_items([Item(item_id=f"i{n}") for n in range(5)])
        first = settled(store).changes(Cursor(start_us=0), limit=3)
        rest = store.changes(first.cursor, limit=3)
        assert [item.item_id for item in (*first.items, *rest.items)] == [
            "i0", "i1", "i2", "i3", "i4",
        ]  # fmt: skip
        assert store.wait_applied(store.patch_item("i1", {"stock": 0}))
        after = store.changes(rest.cursor)
        assert [item.item_id for item in after.items] == ["i1"]
        assert store.changes(after.cursor).items == ()

    def test_a_snapshot_is_loaded_and_what_came_after_is_replayed(self, store):
        store.append([event(0, user="gone"), event(1)])
        snapshot = [("u1", State(profile={"city": "130200"}))]
        cursor = store.changes(Cursor(start_us=NOON)).cursor
        store.load(snapshot, [Item(item_id="i9", valid_from_us=NOON + 1)], log_seq=1)
        assert store.state("gone") is None
        assert store.state("u1").profile == {"city": "130200"}
        assert views(store) == 1.0
        assert [item.item_id for item in store.changes(cursor).items] == ["i9"]
        store.append([event(2)])
        assert views(store) == 2.0

    def test_entries_that_the_snapshot_left_out_are_replayed(self, store):
        store.append([event(0), event(1), event(2)])
        store.load([], [], log_seq=2, as_of_us=NOON + 60_000_000)
        assert [act.at_us for act in settled(store).state("u1").recent] == [
            NOON + 60_000_000, NOON + 120_000_000,
        ]  # fmt: skip

    def test_a_snapshot_of_another_log_is_refused(self, store):
        store.append([event(0)])
        with pytest.raises(StoreError, match="huoren features"):
            store.load([], [], log_seq=7)
        assert views(store) == 1.0

    def test_everything_is_there_after_reopening(self, home):
        for n in range(3):
            store = self.open(home)
            store.append([event(n), event(0)])
            assert views(store) == n + 1.0
            store.close()

    def test_two_views_of_one_home(self, home, store):
        other = self.open(home)
        store.append([event(0)])
        other.append([event(0), event(1)])
        assert views(store) == views(other) == 2.0
        other.close()

    def test_whoever_stands_by_takes_over(self, home):
        first, second = self.open(home), self.open(home)
        first.append([event(0)])
        assert views(second) == 1.0
        first.close()
        second.append([event(1)])
        assert views(second) == 2.0
        second.close()

    def test_the_forgotten_leave_no_trace(self, home, store):
        store.append([
            event(0, user="u-forgotten"),
            event(1, "Share Link Opened", "u2", peer_id="u-forgotten"),
            event(2, "Tie Created", "u-forgotten", peer_id="u3", item_id=None, reason="friend"),
        ])  # fmt: skip
        done = settled(store).forget(["u-forgotten"])
        assert (done.entries, done.states) == (3, 3)
        assert store.state("u-forgotten") is None
        assert store.state("u3").ties == {}
        assert "u-forgotten" not in repr(store.state("u2"))
        files = [path for path in home.root.rglob("*") if path.is_file()]
        assert not [path for path in files if b"u-forgotten" in path.read_bytes()]

    def test_the_forgotten_stay_forgotten(self, home):
        store = self.open(home)
        store.append([event(0), event(1, user="u2")])
        settled(store).forget(["u1"])
        store.close()
        store = self.open(home)
        assert store.state("u1") is None
        assert views(store, "u2") == 1.0
        assert store.append([event(0)]).duplicates == 1
        store.close()

    def test_whoever_was_buried_does_not_come_in(self, home, store):
        home.root.mkdir(exist_ok=True)
        stones = tombstones.with_one_more(home, "u1")
        tombstones.path(home).write_text(tombstones.text(stones))
        for call in (
            lambda: store.append([event(0)]),
            lambda: store.put_users([User(user_id="u1")]),
            lambda: store.put_ties([Tie(user_id="u2", peer_id="u1", tie_type="friend")]),
        ):
            with pytest.raises(InputError, match="forgotten"):
                call()
        assert store.log_seq == 0

    def test_a_closed_store_says_so(self, home):
        store = self.open(home)
        store.close()
        for call in (lambda: store.append([event(0)]), lambda: store.state("u1")):
            with pytest.raises(HuorenError):
                call()
