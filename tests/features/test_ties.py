"""Who is tied to whom just before an instant."""

from collections.abc import Mapping
from types import MappingProxyType

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import columns as c
from features import online, ties
from features.events import Event
from features.history import resolve
from features.tables import EVENTS, TIES, USERS
from tests.features.histories import START, ZONE


def held(
    at_us: int,
    table: list[dict] = (),
    events: list[tuple] = (),
    people: Mapping[str, list[str]] = MappingProxyType({}),
) -> set[tuple[str, str, str]]:
    """(user, peer, types) in force; events are (instant, created, user, peer, type)."""
    rows = [
        {c.MESSAGE: f"m{n}", c.LINE: 0, c.AT: at, c.USER: user, c.PEER: peer, "reason": kind,
         c.EVENT: "Tie Created" if created else "Tie Removed"}
        for n, (at, created, user, peer, kind) in enumerate(events)
    ]  # fmt: skip
    with duckdb.connect() as connection:
        connection.register("ties", pa.Table.from_pylist(list(table), schema=TIES.schema))
        connection.register("events", pa.Table.from_pylist(rows, schema=EVENTS.schema))
        connection.register("users", USERS.schema.empty_table())
        resolve(connection, people)
        found = ties.in_force(connection, at_us).to_pylist()
    return {tuple(row.values()) for row in found}


def row(user: str, peer: str, kind: str = "friend", since: int | None = None) -> dict:
    return {c.USER: user, c.PEER: peer, "tie_type": kind, "since_us": since}


@pytest.mark.parametrize("kind", ["friend", "co_group"])
def test_mutual_ties_stand_in_both_directions(kind):
    assert held(1, [row("a", "b", kind)]) == {("a", "b", kind), ("b", "a", kind)}


def test_who_has_several_ids_is_tied_to_whomever_one_of_them_is():
    several = {"a": ["a", "b"], "b": ["a", "b"]}
    told = [row("a", "x", "follow"), row("b", "x", "invite"), row("y", "b", "staff"), row("a", "b")]
    removed = [(1, True, "a", "z", "follow"), (2, False, "b", "z", "follow")]
    assert held(9, told, removed, several) == {
        ("a", "x", "follow,invite"), ("y", "a", "staff"), ("a", "z", "follow"),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["follow", "invite", "staff"])
def test_the_others_in_one(kind):
    assert held(1, [row("a", "b", kind)]) == {("a", "b", kind)}


def test_a_tie_holds_only_after_its_beginning():
    table = [row("a", "b", "follow", since=10)]
    assert held(10, table) == set()
    assert held(11, table) == {("a", "b", "follow")}


def test_a_tie_of_unknown_age_holds_always():
    assert held(0, [row("a", "b", "follow")]) == {("a", "b", "follow")}


@pytest.mark.parametrize(("at_us", "there"), [(5, False), (6, True), (9, True), (10, False)])
def test_created_and_removed(at_us, there):
    events = [(5, True, "a", "b", "follow"), (9, False, "a", "b", "follow")]
    assert bool(held(at_us, events=events)) is there


def test_either_side_ends_a_friendship():
    events = [(5, True, "a", "b", "friend"), (9, False, "b", "a", "friend")]
    assert len(held(9, events=events)) == 2
    assert held(10, events=events) == set()


def test_an_event_ends_what_the_table_says():
    table = [row("a", "b", "friend", since=1)]
    assert held(10, table, [(5, False, "a", "b", "friend")]) == set()


def test_a_tie_may_begin_again():
    events = [(1, True, "a", "b", None), (2, False, "a", "b", None), (3, True, "a", "b", None)]
    assert held(9, events=events) == {("a", "b", "follow")}


def test_nobody_is_tied_to_oneself():
    assert held(9, [row("a", "a")], [(1, True, "b", "b", "friend")]) == set()


def test_several_types_stand_side_by_side():
    table = [row("a", "b", "friend"), row("a", "b", "follow")]
    assert held(9, table) == {("a", "b", "follow,friend"), ("b", "a", "friend")}
    assert held(9, table, [(5, False, "a", "b", "follow")]) == {
        ("a", "b", "friend"), ("b", "a", "friend"),
    }  # fmt: skip


def test_strength_grows_with_what_was_done_together():
    tied = np.array([0.0, 1.0, 1.0, 0.0])
    together = np.array([0.0, 0.0, 2.0, 0.0])
    strength = ties.strength(tied, together, np.array([0.0, 0.0, 0.0, 1.0]))
    assert strength.tolist() == pytest.approx([0.0, np.log(2), np.log(4), np.log(2)])


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(5)))
def test_what_was_said_last_holds_however_it_arrives(order: list[int]):
    """The batch reads instants, so the state must not depend on the order of arrival."""
    said = [("Tie Created", "friend"), ("Tie Removed", "friend"), ("Tie Created", "follow"),
            ("Tie Created", "friend"), ("Tie Removed", "follow")]  # fmt: skip
    events = [
        Event(message_id=f"m{n}", event=name, at_us=START + n, user_id="a", peer_id="b",
              reason=kind)
        for n, (name, kind) in enumerate(said)
    ]  # fmt: skip
    states = online.replay(iter([events[n] for n in order]), lambda *_: None, ZONE)
    assert (states["a"].ties, states["b"].ties) == ({"b": "friend"}, {"a": "friend"})
