"""Nobody who was forgotten comes in or is read."""

import duckdb
import pyarrow as pa
import pytest

from features import tombstones
from features.errors import InputError
from features.events import Event
from features.forget import bury
from features.history import History
from features.home import Home
from features.store import Tie, User, open_store
from features.tables import EVENTS
from features.tombstones import Absence, Tombstones
from tests.features.histories import START, keep

GONE = "gone-9"


def event(n: int, user: str, name: str = "Product Viewed", **more: object) -> Event:
    return Event(message_id=f"m{n}", event=name, at_us=START + n, user_id=user, **more)


EVENTS_OF_TWO = [
    event(0, GONE, item_id="i0"),
    event(1, "u1", item_id="i0"),
    event(2, "u1", "Share Link Opened", peer_id=GONE, share_id="s"),
    event(3, "u1", "Sharer Muted", peer_id=GONE),
    event(4, "u1", item_id="i1", peer_id="u2", extra=f'{{"from": "{GONE}", "n": 1}}'),
]
LEFT = {"m1": None, "m2": None, "m3": None, "m4": "u2"}
"""Messages that stay, with their peer."""


def test_records_and_sql_say_the_same():
    single = [tombstones.without(one, {GONE}.__contains__) for one in EVENTS_OF_TWO]
    assert {one.message_id: one.peer_id for one in single if one} == LEFT
    rows = [{name: getattr(one, name) for name in EVENTS.schema.names} for one in EVENTS_OF_TWO]
    with duckdb.connect() as connection:
        connection.register("rows", pa.Table.from_pylist(rows, EVENTS.schema))
        kept = connection.sql(Absence("events", f"'{GONE}'").rows("rows")).to_arrow_table()
    assert (
        dict(zip(kept["message_id"].to_pylist(), kept["peer_id"].to_pylist(), strict=True)) == LEFT
    )


def test_the_history_hides_whom_files_still_name(tmp_path):
    home = Home(tmp_path)
    keep(home, EVENTS_OF_TWO, [{"user_id": GONE, "valid_from_us": 0}])
    assert History(home).users().num_rows == 1
    bury(home, GONE)
    read = History(home).events(["message_id", "peer_id"])
    assert (
        dict(zip(read["message_id"].to_pylist(), read["peer_id"].to_pylist(), strict=True)) == LEFT
    )
    assert History(home).users().num_rows == 0


def test_the_file_holds_no_id_and_its_own_salt(tmp_path):
    one, other = Home(tmp_path / "one"), Home(tmp_path / "other")
    for home in (one, other):
        home.root.mkdir()
        first = bury(home, GONE)
        assert bury(home, GONE) == first
        assert GONE not in tombstones.path(home).read_text()
        assert GONE in tombstones.read(home)
    assert not tombstones.read(one).people.keys() & tombstones.read(other).people.keys()


def test_the_store_takes_nothing_about_the_forgotten(tmp_path):
    home = Home(tmp_path)
    bury(home, GONE)
    store = open_store(home)
    try:
        for call in (
            lambda: store.append([event(9, "u2", item_id="i1"), event(0, GONE, item_id="i0")]),
            lambda: store.put_users([User(user_id=GONE)]),
            lambda: store.put_ties([Tie(user_id="u1", peer_id=GONE, tie_type="friend")]),
        ):
            with pytest.raises(InputError, match="forgotten person"):
                call()
        assert store.log_seq == 0
        store.append([event(2, "u1", "Share Link Opened", peer_id=GONE, share_id="s")])
        assert store.wait_applied(1)
        assert GONE not in repr(store.state("u1"))
    finally:
        store.close()


def test_nobody_is_forgotten_at_first(tmp_path):
    assert GONE not in tombstones.read(Home(tmp_path))
    assert not Tombstones()
