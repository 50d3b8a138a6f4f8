"""States of ids as they were sent: what the online store keeps of people who have several.

A snapshot knows people. The store keeps ids apart and adds them up when they are read, so that
people can be separated again; the states of several ids, and of everybody who dealt with one of
them, are therefore computed once more from what was sent.
"""

import tempfile
from contextlib import closing
from pathlib import Path

import duckdb

from features import choices, snapshot
from features import columns as c
from features.clock import BusinessZone
from features.engines.embedded import Embedded, make_facts
from features.engines.span import Span
from features.history import History
from features.home import Home
from features.online import State

_AFFECTED = f"""
    CREATE TABLE affected AS
    WITH met AS (
        SELECT {c.USER} AS one, {c.PEER} AS other FROM sent_events WHERE {c.PEER} IS NOT NULL
        UNION ALL SELECT {c.USER}, {c.PEER} FROM sent_ties
    )
    SELECT {c.USER} FROM persons
    UNION SELECT one FROM met WHERE other IN (SELECT {c.USER} FROM persons)
    UNION SELECT other FROM met WHERE one IN (SELECT {c.USER} FROM persons)
"""


def states(home: Home, at_us: int, zone: BusinessZone) -> dict[str, State]:
    """States of all whom a merge concerns, each id by itself.

    Parameters
    ----------
    home : Home
        Whose history.
    at_us : int
        Only events before it.
    zone : BusinessZone
        The business time zone.

    Returns
    -------
    dict of str to State
        Empty where nobody has several ids.
    """
    with closing(History(home).connect(end_us=at_us)) as connection:
        if connection.execute("SELECT count(*) FROM persons").fetchall() == [(0,)]:
            return {}
        affected = _take_apart(connection)
        low, high, events = connection.execute(
            f"SELECT min({c.AT}), max({c.AT}), count(*) FROM events"
        ).fetchall()[0]
        facts = make_facts(Span(connection, low, high, events), zone, whole=False)
        with tempfile.TemporaryDirectory(prefix="huoren-unmerged-") as place:
            folder = Path(place)
            snapshot.write_tables(Embedded(facts, connection, events), folder, at_us, zone)
            manifest = snapshot.Manifest(at_us, "", zone.name, "", 0, events)
            users = choices.people(History(home), at_us, merged=False)
            made = dict(snapshot.states(snapshot.Snapshot(folder, manifest), users))
    return {user: made[user] for user in affected if user in made}


def _take_apart(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Leave in the views what was sent by, or to, those whom a merge concerns; who they are."""
    connection.execute(_AFFECTED)
    connection.execute("DELETE FROM persons")
    concerns = " OR ".join(
        f"{name} IN (SELECT {c.USER} FROM affected)" for name in (c.USER, c.PEER)
    )
    connection.execute(
        f"CREATE OR REPLACE VIEW events AS SELECT * FROM sent_events WHERE {concerns}"
    )
    connection.execute("CREATE OR REPLACE VIEW users AS FROM sent_users")
    return [user for (user,) in connection.execute("FROM affected ORDER BY ALL").fetchall()]
