"""Several ids read as one: what one id would have known, and back again."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from features import batch, identities, merging, online
from features.catalogue import of_key
from features.counters import Key
from features.errors import DeclarationError
from features.events import Event
from features.identities import IdLink
from features.online import Act, State
from features.points import Points
from features.reading import Reading
from tests.features.histories import (
    START,
    ZONE,
    connect,
    histories,
    links_of,
    moments,
    people,
    replay,
)  # fmt: skip
from tests.features.test_parity import close, rows_of, slow


@st.composite
def claims(draw) -> list[Event]:
    """Events that link and separate ids, in the time of ``histories``."""
    said = draw(st.lists(st.tuples(moments, people, people, st.booleans()), max_size=8))
    return [
        Event(message_id=f"id{n}", event="User Aliased" if holds else "User Separated",
              at_us=START + at, user_id=one, peer_id=other)
        for n, (at, one, other, holds) in enumerate(said)
    ]  # fmt: skip


def read(states: dict[str, State], links: list[IdLink]) -> dict[str, State]:
    """Everybody as the store would answer."""
    rows = dict(identities.rows(links))
    return merging.people(
        [*states, *rows],  # an id that did nothing is answered for by the others
        lambda ids: {one: rows[one] for one in ids if one in rows},
        lambda ids: {one: states[one] for one in ids if one in states},
    )


def under_main_ids(events: list[Event], at_us: int) -> list[Event]:
    """The events as if everybody had only had the main id."""
    known = identities.people(links_of([one for one in events if one.at_us < at_us]))
    mains = {one: members[0] for one, members in known.items()}
    return [
        replace(one, user_id=mains.get(one.user_id, one.user_id),
                peer_id=mains.get(one.peer_id or "", one.peer_id))
        for one in events
    ]  # fmt: skip


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), claims(), moments)
def test_four_readings_of_merged_people(events, said, cut):
    """Batch, training rows and online state agree with a history sent under one id."""
    at_us = START + cut
    before = [one for one in [*events, *said] if one.at_us < at_us]
    connection, table = connect(before)
    expected_rows = rows_of(under_main_ids(before, at_us))
    states = read(replay(events, at_us), links_of(before))
    known = identities.people(links_of(before))
    for key in Key:
        found = batch.values(table, key, at_us, ZONE).to_pyarrow().to_pylist()
        keys = [tuple(row[name] for name in key.columns) for row in found]
        columns = {name: [one[i] for one in keys] for i, name in enumerate(key.columns)}
        points = Points(connection, ZONE).values(key, columns, np.full(len(keys), at_us))
        for i, (row, one) in enumerate(zip(found, keys, strict=True)):
            for counter in of_key(key):
                expected = slow(counter, expected_rows, one, at_us)
                in_batch = row[counter.column]
                assert close(np.nan if in_batch is None else in_batch, expected), counter
                assert close(points[counter.name][i], expected), counter
                if counter.online:
                    for any_id in known.get(one[0], [one[0]]):
                        reading = Reading(states.get(any_id, State()), at_us, ZONE)
                        tail = one[1] if len(one) > 1 else ""
                        assert close(reading.number(counter.name, tail), expected), counter


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), claims(), moments)
def test_last_acts_of_merged_people_are_those_of_one_id(events, said, cut):
    at_us = START + cut
    before = [one for one in [*events, *said] if one.at_us < at_us]
    states = read(replay(events, at_us), links_of(before))
    whole = replay(
        [one for one in under_main_ids(before, at_us) if one.event not in identities.EVENTS], at_us
    )
    known = identities.people(links_of(before))
    for user, state in states.items():
        main = known.get(user, [user])[0]
        assert state.recent == whole[main].recent
        assert state.deeds == whole[main].deeds


def test_whoever_is_separated_is_as_never_merged():
    states = {"a": State(ties={"x": "friend"}), "b": State(recent=[Act(1, "Product Viewed", "i")])}
    before = {user: online.encode(state) for user, state in states.items()}
    together = [IdLink("a", "b", 1, True)]
    assert read(states, together)["b"].ties == {"x": "friend"}
    apart = read(states, [*together, IdLink("b", "a", 2, False)])
    assert {user: online.encode(state) for user, state in apart.items()} == before


def test_an_unknown_id_gives_the_person():
    found = merging.people(
        ["new", "stranger"],
        lambda ids: dict(identities.rows([IdLink("new", "u1", 1, True)])),
        lambda ids: {"u1": State(profile={"city": "1"})},
    )
    assert found == {"new": State(profile={"city": "1"})}


def test_the_most_restrictive_decision_counts():
    states = {
        "a": State(consents=["personalize", "share_out"], suppressed=["life.r_days"]),
        "b": State(consents=["personalize"], personalized=False),
        "c": State(),
    }
    whole = merging.together(states, states, {})
    assert whole.consents == ["personalize"]
    assert whole.suppressed == ["life.r_days"]
    assert not whole.personalized


def test_ties_between_ones_own_ids_are_none_and_friends_are_counted_once():
    states = {"a": State(ties={"b": "friend", "x": "friend"}), "b": State(ties={"y": "follow"})}
    whole = merging.together(states, states, {"x": "x", "y": "x"})
    assert whole.ties == {"x": "follow,friend"}


def test_a_mirrored_counter_needs_one_of_pairs(monkeypatch):
    lone = next(one for one in of_key(Key.USER) if one.mirror)
    monkeypatch.setattr(merging, "live", lambda key: (lone,) if key is Key.USER else ())
    with pytest.raises(DeclarationError, match="declare that PAIR counter"):
        merging._twins()


def test_peers_that_cells_hold_are_found():
    state = State(cells={"pair": {"x": []}}, deeds=[Act(1, "Order Completed", "i", "y")])
    assert merging.peers(state) == {"x", "y"}
    assert merging.names(state, "y")
