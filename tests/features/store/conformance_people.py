"""What every store must do about people of several ids, and about group buys."""

import pytest

from features import tombstones
from features.errors import InputError
from features.groupbuys import GroupBuy
from features.home import Home
from features.identities import IdLink
from features.online import State
from features.reading import Reading
from features.store import Cursor, Store
from tests.features.store.steps import NOON, ZONE, event, link, settled, views


class PeopleConformance:
    """Part of ``conformance.StoreConformance``."""

    def open(self, home: Home) -> Store:
        raise NotImplementedError

    def test_two_ids_are_read_as_one_and_separated_again(self, store):
        store.append([event(0), event(1, user="u2", item_id="i2")])
        before = settled(store).states(["u1", "u2"])
        store.append([link(2, "u2", "u1")])
        whole = settled(store).states(["u1", "u2"])
        assert [act.item_id for act in whole["u1"].recent] == ["i1", "i2"]
        assert whole["u1"] == whole["u2"] == store.state("u2")
        assert store.ids("u2") == store.ids("u1") == ("u1", "u2")
        store.append([event(3, user="u2", item_id="i3"), link(4, "u1", "u2", "User Separated")])
        apart = settled(store).states(["u1", "u2"])
        assert apart["u1"] == before["u1"]
        assert [act.item_id for act in apart["u2"].recent] == ["i2", "i3"]
        assert store.ids("u2") == ("u2",)

    def test_an_unknown_id_linked_to_a_person_is_that_person(self, store):
        store.append([event(0), link(1, "u1", "anonymous:7"), link(2, "new", "newer")])
        assert settled(store).state("anonymous:7") == store.state("u1")
        assert store.state("new") is None
        assert store.ids("newer") == ("new", "newer")

    def test_friends_see_one_person(self, store):
        store.append([
            event(0, "Share Link Opened", "u1", peer_id="b"),
            event(1, "Share Link Opened", "b", peer_id="u1"),
            event(2, "Tie Created", "u1", peer_id="c", item_id=None, reason="follow"),
            link(3, "b", "c"), link(4, "c", "a"), link(5, "a", "b"),
        ])  # fmt: skip
        one = settled(store).state("u1")
        assert list(one.cells["pair"]) == ["a"]
        assert one.ties == {"a": "follow"}
        assert [act.peer_id for act in one.recent] == ["a"]

    def test_group_buys_are_as_events_tell(self, store):
        told = {"item_id": "i1", "group_buy_id": "g1", "size": 3}
        store.append([event(0, "Group Buy Started", **told), event(1, group_buy_id="g9")])
        store.append([event(2, "Group Buy Joined", "u2", **told | {"size": None})])
        assert settled(store).group_buys(["g1", "g9"])["g1"].members == 2
        changes = store.group_changes(Cursor(0))
        assert [(one.group_buy_id, one.missing) for one in changes.groups] == [("g1", 1)]
        assert store.group_changes(changes.cursor).groups == ()
        store.append([event(3, "Group Buy Failed", **told), event(4, "Group Buy Started", **told)])
        (ended,) = settled(store).group_changes(changes.cursor).groups
        assert ended.status == "failed"
        store.forget(["u2"])
        assert not store.group_buys(["g1"])["g1"].names("u2")

    def test_group_buys_are_part_of_a_snapshot(self, store):
        store.append([event(0)])
        group = GroupBuy("g1", {"size": (1, 2)}, {"u1": 1}, 1)
        store.load([], [], groups=[group], log_seq=1)
        assert store.group_buys(["g1"]) == {"g1": group}
        assert store.group_changes(Cursor(0)).groups == (group,)
        store.append([event(1, "Group Buy Joined", "u2", group_buy_id="g1")])
        assert [one.missing for one in settled(store).group_changes(Cursor(0)).groups] == [0]

    def test_nobody_is_linked_to_oneself(self, store):
        with pytest.raises(InputError, match="one id"):
            store.append([link(0, "u1", "u1")])
        assert store.log_seq == 0

    def test_links_outlive_reopening_and_a_snapshot(self, home):
        store = self.open(home)
        store.append([event(0), link(1, "u1", "u2")])
        settled(store).close()
        store = self.open(home)
        assert store.state("u2") == store.state("u1")
        store.load([("u3", State(profile={"city": "1"}))], [], [IdLink("u3", "u4", 1, True)],
                   log_seq=2)  # fmt: skip
        assert store.state("u4").profile == {"city": "1"}
        assert store.ids("u2") == ("u2",)
        assert list(store.everyone()) == ["u3"]
        store.close()

    def test_a_forgotten_id_is_nobodys(self, home, store):
        shared = event(3, "Share Link Opened", "u-gone", peer_id="u3")
        store.append([event(0), event(1, user="u-gone"), link(2, "u1", "u-gone"), shared])
        opened = Reading(settled(store).state("u3"), NOON, ZONE).number("user.shares_opened")
        assert opened == 1.0
        store.forget(["u-gone"])
        assert store.ids("u1") == ("u1",)
        assert views(store) == 1.0
        assert Reading(store.state("u3"), NOON, ZONE).number("user.shares_opened") == 0.0
        files = [path for path in home.root.rglob("*") if path.is_file()]
        assert not [path for path in files if b"u-gone" in path.read_bytes()]

    def test_the_buried_are_linked_to_nobody(self, home, store):
        home.root.mkdir(exist_ok=True)
        tombstones.path(home).write_text(tombstones.text(tombstones.with_one_more(home, "u2")))
        for one, other in (("u1", "u2"), ("u2", "u1")):
            with pytest.raises(InputError, match="forgotten"):
                store.append([link(0, one, other)])
        assert store.ids("u1") == ("u1",)
