"""A state is read in parts and written whole."""

from copy import deepcopy

from msgspec import Raw, msgpack

from features.states import Act, State, decode, encode

ACT = Act(5, "Product Added", "i1")
FULL = State(
    cells={"user": {"": [[1.0], {3: 2.0}]}, "pair": {"u2": [None], "u3": [[1.0, 5]]}},
    recent=[ACT], deeds=[ACT], ties={"u2": "friend"}, consents=[], personalized=False,
)  # fmt: skip


def test_a_state_comes_back_as_it_was():
    assert decode(encode(FULL)) == FULL
    assert decode(encode(State())) == State() != FULL


def test_what_is_empty_is_not_written():
    assert msgpack.decode(encode(State())) == {}
    assert sorted(msgpack.decode(encode(FULL))) == [
        "cells", "consents", "deeds", "personalized", "recent", "ties",
    ]  # fmt: skip


def test_only_what_is_asked_for_is_decoded_and_the_rest_is_written_as_it_was_read():
    state = decode(encode(FULL))
    state.cells["pair"]["u2"][0] = [7.0]
    stored = state.cells.stored
    assert isinstance(stored["user"], Raw)
    assert isinstance(stored["pair"]["u3"], Raw)
    again = decode(encode(state))
    assert again.cells["pair"] == {"u2": [[7.0]], "u3": [[1.0, 5]]}
    assert (again.cells["user"], again.recent) == (FULL.cells["user"], [ACT])


def test_tables_are_like_dicts():
    cells = decode(encode(FULL)).cells
    assert cells == FULL.cells == {word: dict(table) for word, table in cells.items()}
    assert cells.setdefault("hour", {}) is cells["hour"]
    assert ("hour" in cells, cells.get("brand"), sorted(cells.pop("pair"))) == (
        True, None, ["u2", "u3"],
    )  # fmt: skip


def test_a_table_is_like_a_dict():
    table = decode(encode(FULL)).cells["pair"]
    table["u4"] = [None]
    del table["u2"]
    assert list(table) == ["u3", "u4"]
    assert (len(table), "u2" in table, table.get("u2")) == (2, False, None)
    assert [*table.values()] == [[[1.0, 5]], [None]]
    assert dict(table.items()) == table


def test_a_deep_copy_shares_nothing():
    state = decode(encode(FULL))
    copied = deepcopy(state)
    copied.recent.append(ACT)
    copied.ties["u3"] = "follow"
    assert state == FULL != copied


def test_some_cells_are_read_without_opening_anything():
    whole = {"user": {"": [[1.0, 7], None, {"a": 3}]}, "hour": {"9": [[2.0]], "10": [[4.0]]}}
    wanted = (
        ("user", "", 2), ("hour", "10", 0), ("user", "", 0), ("user", "", 1), ("hour", "8", 0),
        ("pair", "x", 0), ("user", "x", 0), ("hour", "9", 0),
    )  # fmt: skip
    cut, opened = decode(encode(State(whole))), decode(encode(State(whole)))
    assert "hour" in cut.cells
    assert opened.cells["hour"]["9"] == [[2.0]]
    for state in (decode(encode(State(whole))), cut, opened, State(whole)):
        found = list(state.cells.glimpse(wanted))
        assert found == [{"a": 3}, [4.0], [1.0, 7], None, None, None, None, [2.0]]
        assert list(state.cells.glimpse((("hour", "9", 0),))) == [[2.0]]
        assert encode(state) == encode(State(whole))
        assert state.cells.rows("user", ["", "x"]) == [whole["user"][""], None]
        assert deepcopy(state) == State(whole)
    assert list(State().cells.glimpse(wanted)) == [None] * len(wanted)


def test_some_cells_of_all_rows_are_read_without_opening_them():
    whole = {"pair": {"u2": [None, [1.0, 7]], "u3": [[2.0], None]}}
    opened, cut = decode(encode(State(cells=whole))), decode(encode(State(cells=whole)))
    assert opened.cells["pair"] == whole["pair"]
    assert "u2" in cut.cells["pair"]
    for state in (decode(encode(State(cells=whole))), cut, opened, State(cells=whole)):
        for places in ((1, 0), (1,)):
            picked = state.cells.picked("pair", places)
            assert {tail: list(cells) for tail, cells in picked.items()} == {
                tail: [row[n] for n in places] for tail, row in whole["pair"].items()
            }
        assert state.cells.picked("user", (0,)) == {}
        assert set(state.cells.tails("pair")) == {"u2", "u3"}
        assert not state.cells.tails("user")
        assert encode(state) == encode(State(cells=whole))
