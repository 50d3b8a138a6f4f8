"""A state is read in parts and written whole."""

from copy import deepcopy

from msgspec import Raw, msgpack

from features.states import Act, State, decode, encode

ACT = Act(5, "Product Added", "i1")
FULL = State(
    cells={"user": {"": [[1.0], {3: 2.0}]}, "pair": {"u2": [None]}},
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
    state.cells["user"][""][0] = [7.0]
    assert isinstance(state.cells.stored["pair"], Raw)
    again = decode(encode(state))
    assert again.cells["user"] == {"": [[7.0], {3: 2.0}]}
    assert (again.cells["pair"], again.recent) == (FULL.cells["pair"], [ACT])


def test_tables_are_like_a_dict():
    cells = decode(encode(FULL)).cells
    assert cells == dict(cells) == {"user": {"": [[1.0], {3: 2.0}]}, "pair": {"u2": [None]}}
    assert cells.setdefault("hour", {}) is cells["hour"]
    assert ("hour" in cells, cells.get("brand"), cells.pop("pair")) == (True, None, {"u2": [None]})


def test_a_deep_copy_shares_nothing():
    state = decode(encode(FULL))
    copied = deepcopy(state)
    copied.recent.append(ACT)
    copied.ties["u3"] = "follow"
    assert state == FULL != copied
