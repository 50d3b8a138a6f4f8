import pyarrow as pa
import pytest

from features import portraits
from features.clock import DAY_US
from features.counters import Key
from features.portraits.drift import LARGE, SMALL, compare, psi
from features.references import References
from tests.features.portraits.people import NOON, ZONE


def people(orders: list[float], genders: list[str | None]) -> pa.Table:
    ids = [f"u{n:03}" for n in range(len(orders))]
    own = pa.table({"user_id": ids, **columns(orders)})
    users = pa.table({"user_id": ids, "gender": pa.array(genders, pa.string())})
    at_us = NOON + DAY_US
    return portraits.build({Key.USER: own}, References.empty(), users, at_us=at_us, zone=ZONE)


def columns(orders: list[float]) -> dict[str, pa.Array]:
    from features.catalogue import of_key

    absent = pa.nulls(len(orders), pa.float64())
    zero = pa.array([0.0] * len(orders))
    found = {one.column: absent if one.last or one.first else zero for one in of_key(Key.USER)}
    return found | {"user__orders_365": pa.array(orders)}


SAME = people([float(n % 10) for n in range(200)], ["female", "male"] * 100)


def test_nothing_moved_between_a_run_and_itself():
    assert {one.tag.name: one.index for one in compare(SAME, SAME)} == pytest.approx(
        dict.fromkeys(portraits.TAGS, 0.0)
    )


def test_what_moved_is_named_and_nothing_else():
    other = people([float(n % 10) + 5 for n in range(200)], ["female", None] * 100)
    moved = {one.tag.name: one for one in compare(SAME, other) if one.index >= SMALL}
    assert set(moved) >= {"life.f_365", "demo.gender"}
    assert "life.stage" not in moved
    assert moved["demo.gender"].index > LARGE
    assert (moved["demo.gender"].before, moved["demo.gender"].after) == (1.0, 0.5)


def test_a_tag_that_one_run_lacks_is_passed_over():
    fewer = SAME.drop_columns(["life__f_365"])
    assert "life.f_365" not in {one.tag.name for one in compare(fewer, SAME)}


def test_an_empty_bin_is_far_but_not_infinitely():
    assert 0.25 < psi({"a": 100}, {"b": 100}) < 20
