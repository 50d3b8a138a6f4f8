"""People found by a warehouse are the people found here."""

from itertools import pairwise

import duckdb
import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import identities, linking
from features.identities import MOST, IdLink
from features.tables import EVENTS

NAMES = [*(f"u{n}" for n in range(6)), "anonymous:1", "anonymous:2"]
CLAIM = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(0, 9), st.booleans())


def found(links: list[IdLink]) -> dict[str, list[str]]:
    """Members of everybody who has several ids, as DuckDB computes them."""
    with duckdb.connect() as connection:
        rows = [
            {"message_id": "m", "line": 0, "user_id": one, "peer_id": other, "at_us": at_us,
             "event": "User Aliased" if holds else "User Separated"}
            for one, other, at_us, holds in links
        ]  # fmt: skip
        connection.register("given", pa.Table.from_pylist(rows, EVENTS.schema))
        connection.execute("CREATE TABLE events AS FROM given")
        backend = ibis.duckdb.from_connection(connection)
        made = events = backend.table("events")
        for name, make in linking.stages(events):
            connection.execute(
                f"CREATE TABLE {name} AS {ibis.to_sql(make(made), dialect='duckdb')}"
            )
            made = backend.table(name)
        rows = connection.execute(f"FROM {name} ORDER BY person, place").fetchall()
    people: dict[str, list[str]] = {}
    for user, person, _ in rows:
        people.setdefault(person, []).append(user)
    return {user: members for members in people.values() for user in members}


@settings(max_examples=15, deadline=None)
@given(st.lists(CLAIM, max_size=12))
def test_random_claims(claims: list[tuple[str, str, int, bool]]):
    links = [IdLink(*claim) for claim in claims if claim[0] != claim[1]]
    assert found(links) == identities.people(links)


@pytest.mark.parametrize("ids", [2, MOST, MOST + 1])
def test_chains_as_long_as_a_person_may_be(ids: int):
    order = [f"u{(n * 37) % ids:03}" for n in range(ids)] if ids > 2 else ["a", "b"]
    links = [IdLink(one, two, 1, True) for one, two in pairwise(order)]
    expected = identities.people(links)
    assert found(links) == expected
    assert bool(expected) is (ids <= MOST)
