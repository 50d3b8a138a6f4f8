"""Open group buys over HTTP and in every worker's memory."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

from msgspec.structs import replace

from features.clock import parse_instant
from features.groupbuys import GroupBuy
from features.home import Home
from features.store import open_store
from serving.groups import OpenGroups
from serving.resources import Resources
from tests.features.test_groupbuys import NOON, said

Event = Callable[..., dict[str, Any]]
ASKED = {"item_id": "i1", "starter_id": "u1", "size": 3, "members": 2, "price": "9.90",
         "expires_at": "2026-06-19T00:00:00+08:00"}  # fmt: skip


def test_what_the_shop_tells_is_in_force_at_once(client: Any, resources: Resources) -> None:
    answer = client.put("/v1/group-buys/g1", json=ASKED).json()
    assert (answer["open"], answer["members"], answer["price"]) == (True, 2, "9.90")
    (group,) = resources.groups.of_item("i1", resources.clock.now_us())
    assert group.missing == 1
    assert resources.groups.of_people(["u1", "u9"], resources.clock.now_us()) == [group]


def test_events_go_on_where_the_shop_began(client: Any, event: Event, resources: Resources) -> None:
    client.put("/v1/group-buys/g1", json=ASKED | {"members": None})
    joined = [
        event("Group Buy Joined", f"m{n}", user_id=f"u{n}", properties={"group_buy_id": "g1"})
        for n in (2, 3, 4)
    ]
    client.post("/v1/events", json={"events": joined[:2]})
    resources.groups.follow(resources.store)
    assert [one.members for one in resources.groups.all(resources.clock.now_us())] == [2]
    client.post("/v1/events", json={"events": joined[2:]})
    resources.groups.follow(resources.store)
    assert resources.groups.all(resources.clock.now_us()) == []


def test_what_is_over_is_not_open(client: Any, resources: Resources) -> None:
    answer = client.put("/v1/group-buys/g1", json=ASKED | {"status": "failed"}).json()
    assert (answer["open"], answer["status"]) == (False, "failed")
    late = parse_instant("2026-06-19T00:00:00+08:00")
    client.put("/v1/group-buys/g2", json=ASKED)
    assert resources.groups.all(late - 1)[0].group_buy_id == "g2"
    assert resources.groups.all(late) == []


def test_faulty_groups_are_refused(client: Any) -> None:
    for wrong in ({"size": 0}, {"members": 40_000}, {"status": "full"}, {"price": -1}):
        assert client.put("/v1/group-buys/g1", json=ASKED | wrong).status_code == 422


def test_another_worker_follows_page_by_page_and_through_a_new_generation(tmp_path) -> None:
    with closing(open_store(Home(tmp_path))) as store:
        told = [said(n, "Started", item_id="i1") for n in range(5)]
        store.append([replace(one, group_buy_id=f"g{n}") for n, one in enumerate(told)])
        assert store.wait_applied(store.log_seq, 20)
        groups = OpenGroups(page=2)
        assert (groups.follow(store), groups.follow(store)) == (5, 0)
        assert len(groups.of_item("i1", NOON + 9)) == 5
        store.load([], [], log_seq=5)
        groups.follow(store)
        assert groups.all(NOON + 9) == []
        assert groups.of_people(["u1"], NOON + 9) == []


def test_a_full_or_expired_group_is_shown_on_no_path(client: Any) -> None:
    client.put("/v1/group-buys/g1", json=ASKED)
    client.put("/v1/group-buys/full", json=ASKED | {"members": 3})
    client.put("/v1/group-buys/over", json=ASKED | {"expires_at": "2026-06-18T11:59:59+08:00"})
    found = client.post("/v1/group-buys/open", json={"user_id": "u9"}).json()["groups"]
    assert [(one["group_buy_id"], one["missing"], one["price"]) for one in found] == [
        ("g1", 1, "9.90")
    ]
    for name, targets in (("g1", 10), ("full", 0), ("over", 0)):
        asked = {"user_id": "u1", "item_id": "i1", "purpose": "group_buy", "group_buy_id": name}
        assert len(client.post("/v1/share-targets", json=asked).json()["targets"]) == targets


def test_a_forecast_says_what_drives_it(client: Any) -> None:
    client.put("/v1/group-buys/g1", json=ASKED)
    found = client.post("/v1/group-buys/g1/forecast").json()
    assert (found["p_success"], found["low"], found["high"], found["status"]) == (
        0.5, 0.25, 0.75, "open",
    )  # fmt: skip
    assert found["drivers"][0]["text"]["en"] == "people it still needs"
    missing = client.post("/v1/group-buys/nobody/forecast")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/unknown-group-buy")


def test_what_to_start_a_group_for(client: Any) -> None:
    found = client.post("/v1/group-buys/launch", json={"user_id": "u1", "k": 2}).json()
    assert [one["item_id"] for one in found["items"]] == ["i0", "i1"]
    assert found["degraded"] == ["launches"]


def test_those_that_end_soonest_come_first() -> None:
    groups = OpenGroups()
    for name, ends in (("b", 20), ("a", 10), ("never", None)):
        told = {} if ends is None else {"expires_us": (NOON, NOON + ends)}
        groups._take(GroupBuy(name, told, {"u": NOON}, NOON))
    assert [one.group_buy_id for one in groups.soonest(NOON, 2)] == ["a", "b"]
    assert [one.group_buy_id for one in groups.soonest(NOON + 15, 9)] == ["b", "never"]
    groups._drop("b")
    assert [one.group_buy_id for one in groups.soonest(NOON + 15, 9)] == ["never"]
