"""Fakes beside honest people who look a little like them."""

import duckdb
import pyarrow as pa
import pytest

from features import risk
from features.clock import DAY_US, SECOND_US
from features.home import Home
from features.risk import UNFLAGGED, Risk
from features.tables import EVENTS, ITEMS

AT = 100 * DAY_US


class Log:
    """Events as they happen."""

    def __init__(self) -> None:
        self.rows: list[dict] = []

    def add(self, event: str, user: str, at_us: int, device: str | None = None, **more: object):
        extra = None if device is None else f'{{"device_id": "{device}"}}'
        row = {"message_id": f"m{len(self.rows)}", "line": 0, "event": event, "user_id": user}
        self.rows.append({**row, "at_us": at_us, "extra": extra, **more})

    def order(self, user: str, n: int, *, looked: bool = True, off: int = 0, shop: int = 0,
              device: str | None = None) -> None:  # fmt: skip
        for i in range(n):
            item, at_us = f"i{shop}.{i}", (i + 1) * DAY_US
            if looked:
                self.add("Product Viewed", user, at_us - SECOND_US, item_id=item)
            self.add("Order Completed", user, at_us, device, item_id=item, order_id=f"{user}{i}",
                     discount_fen=off)  # fmt: skip

    def share(self, sharer: str, opener: str, n: int, wait_s: int) -> None:
        for i in range(n):
            share, at_us = f"s{sharer}{opener}{i}", (i + 1) * DAY_US
            more = {"share_id": share, "item_id": "i0.0"}
            self.add("Product Shared", sharer, at_us, peer_id=opener, **more)
            self.add(
                "Share Link Opened",
                opener,
                at_us + wait_s * SECOND_US,
                peer_id=sharer,
                **more,
            )

    def found(self, trusted: tuple[str, ...] = (), at_us: int = AT) -> Risk:
        items = [{"item_id": f"i{s}.{i}", "valid_from_us": 0, "shop": f"shop{s}"}
                 for s in range(40) for i in range(12)]  # fmt: skip
        with duckdb.connect() as connection:
            connection.register("events", pa.Table.from_pylist(self.rows, schema=EVENTS.schema))
            connection.register("items", pa.Table.from_pylist(items, schema=ITEMS.schema))
            return risk.find(connection, at_us, trusted)


@pytest.fixture
def crowd() -> Log:
    """Sixty honest people: they look, order, share, and now and then do not look."""
    log = Log()
    for n in range(60):
        log.order(f"honest{n}", 5, shop=n % 40)
        log.order(f"hasty{n}", 1, looked=False, shop=n % 40)
        log.share(f"honest{n}", f"honest{(n + 1) % 60}", 2, wait_s=3_600)
    return log


def flags(found: Risk) -> set[tuple[str, str]]:
    return {(one.user_id, one.flag) for one in found.flags if one.peer_id is None}


def test_honest_people_are_not_flagged(crowd):
    assert crowd.found().flags == ()


def test_orders_without_a_look_time_and_again_are_brushed(crowd):
    crowd.order("ring", 12, looked=False)
    assert flags(crowd.found()) == {("ring", "brush")}
    (one,) = crowd.found().flags
    assert one.reason == "12 of 12 orders without a look at the product"


def test_nobody_is_flagged_where_looks_are_not_logged():
    log = Log()
    for n in range(60):
        log.order(f"u{n}", 5, looked=False, shop=n % 40)
    assert log.found().flags == ()


@pytest.mark.parametrize(("accounts", "caught"), [(4, True), (2, False)])
def test_coupon_farms_need_a_crowd_on_one_device(crowd, accounts, caught):
    for n in range(accounts):
        crowd.order(f"farm{n}", 6, off=500, device="phone")
    expected = {(f"farm{n}", "coupon_farm") for n in range(accounts)}
    assert flags(crowd.found()) == (expected if caught else set())


def test_links_opened_at_once_time_and_again_are_fake_help(crowd):
    crowd.share("boss", "helper", 8, wait_s=5)
    crowd.share("friend", "quick", 1, wait_s=5)
    assert flags(crowd.found()) == {("boss", "fake_help"), ("helper", "fake_help")}


def test_two_accounts_on_one_device_are_a_pair_and_no_fakes(crowd):
    crowd.order("mother", 2, device="pad")
    crowd.order("child", 2, device="pad")
    found = crowd.found()
    assert found.people == set()
    assert found.pairs == {("mother", "child"), ("child", "mother")}
    assert found.lookup().read(["child", "ghost"], UNFLAGGED)[:, -1].tolist() == [2.0, 1.0]


def test_a_public_device_says_nothing(crowd):
    for n in range(risk.PUBLIC + 1):
        crowd.order(f"guest{n}", 1, device="kiosk")
    assert crowd.found().pairs == set()


def test_trusted_people_are_never_flagged_and_the_future_is_not_known(crowd, tmp_path):
    crowd.order("ring", 12, looked=False)
    (tmp_path / "trusted.txt").write_text("ring\n")
    assert crowd.found(tuple(risk.trusted(Home(tmp_path)))).flags == ()
    assert crowd.found(at_us=DAY_US).flags == ()


def test_edges_of_fakes_are_left_out(crowd):
    crowd.order("ring", 12, looked=False)
    crowd.order("mother", 2, device="pad")
    crowd.order("child", 2, device="pad")
    pairs = [("ring", "a"), ("mother", "child"), ("mother", "a")]
    edges = pa.table({"user_id": [u for u, _ in pairs], "peer_id": [v for _, v in pairs]})
    assert crowd.found().clean(edges).to_pylist() == [{"user_id": "mother", "peer_id": "a"}]
