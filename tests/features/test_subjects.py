import numpy as np
import pyarrow as pa

from features.catalogue import of_key
from features.clock import DAY_US, BusinessZone
from features.counters import Key, Scope
from features.online import State
from features.reading import Reading
from features.subjects import of_reading, of_tables

ZONE = BusinessZone("Asia/Shanghai")
AT = 100 * DAY_US


def counters(key: Key, keys: dict[str, list[str]], **values: list[float | None]) -> pa.Table:
    """A table as the batch compiler makes it; counters not given are 0."""
    n = len(keys["user_id"])
    rest = {one.column: values.get(one.column, [0.0] * n) for one in of_key(key)}
    floats = {name: pa.array(row, pa.float64()) for name, row in rest.items()}
    return pa.table({**{name: pa.array(row) for name, row in keys.items()}, **floats})


TABLES = {
    Key.USER: counters(
        Key.USER, {"user_id": ["b", "a"]}, user__orders=[2.0, 1.0],
        user__last_order=[float(AT - 3 * DAY_US), None],
    ),
    Key.CATEGORY: counters(
        Key.CATEGORY, {"user_id": ["b", "c", "b"], "category": ["x", "x", "y"]},
        category__orders=[1.0, 2.0, 4.0],
    ),
}  # fmt: skip
USERS = pa.table({"user_id": ["d", "b"], "city": ["110000", None], "consents": [[], ["share_out"]]})


def test_everyone_of_the_tables_and_users_is_there_by_id():
    people = of_tables(TABLES, AT, ZONE, USERS)
    assert people.ids == ["a", "b", "c", "d"]
    assert people.number("user.orders").tolist() == [1, 2, 0, 0]
    assert people.profile["city"] == [None, None, None, "110000"]
    assert people.consents[Scope.SHARE_OUT].tolist() == [True, True, True, False]
    assert people.personalized.all()


def test_keys_belong_to_their_people():
    people = of_tables(TABLES, AT, ZONE)
    assert people.total("category.orders").tolist() == [0, 5, 2]
    assert people.total("category.orders", floor=1).tolist() == [0, 4, 2]
    table = people.keyed[Key.CATEGORY]
    assert [table.names[code] for code in table.codes] == ["x", "x", "y"]


def test_days_since_what_never_happened_are_unknown():
    people = of_tables(TABLES, AT, ZONE)
    np.testing.assert_array_equal(people.days_since("user.last_order"), [np.nan, 3, np.nan])


def test_nobody_is_no_fault():
    assert len(of_tables({}, AT, ZONE, USERS.slice(0, 0))) == 0
    assert len(of_tables({}, AT, ZONE)) == 0


def test_a_reading_is_a_batch_of_one():
    state = State(consents=["personalize"], suppressed=["life.stage"], personalized=False)
    one = of_reading(Reading(state, AT, ZONE))
    assert (len(one), one.number("user.orders").tolist()) == (1, [0.0])
    assert [scope for scope in Scope if one.consents[scope][0]] == [Scope.PERSONALIZE]
    assert one.suppressed["life.stage"].tolist() == [0]
    assert not one.personalized[0]
