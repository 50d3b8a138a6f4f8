"""Random histories of three people, and the facts made from them."""

import duckdb
import ibis
import pyarrow as pa
from hypothesis import strategies as st

from features import columns as c
from features import online
from features.catalogue import CATALOGUE
from features.clock import DAY_US, BusinessZone
from features.events import KINDS, Event
from features.facts import facts
from features.tables import EVENTS, ITEMS, USERS

ZONE = BusinessZone("America/New_York")  # changes its offset inside the histories below
START = 1_762_000_000_000_000  # 2025-11-01T12:26:40Z; New York leaves summer time a day later
NAMES = sorted({event for counter in CATALOGUE.values() for event in counter.events})
ITEM = {
    f"i{n}": online.ItemFacts(category=f"c{n % 2}", brand=f"b{n}", shop="s", price_fen=100 * n + 1)
    for n in range(3)
}

moments = st.integers(0, 500 * DAY_US) | st.integers(0, 3 * DAY_US)
people = st.sampled_from(["u0", "u1", "用户2"])


@st.composite
def histories(draw):
    rows = draw(
        st.lists(
            st.tuples(moments, st.sampled_from(NAMES), people, people, st.sampled_from(list(ITEM))),
            max_size=25,
        )
    )
    return [
        Event(
            message_id=f"m{n}",
            event=name,
            at_us=START + at,
            user_id=user,
            peer_id=peer if n % 3 else None,
            item_id=item if KINDS[name].family != "privacy" else None,
            line=n % 2,
            total_fen=100 + n,
            discount_fen=n if n % 2 else None,
        )
        for n, (at, name, user, peer, item) in enumerate(rows)
    ]


def connect(events: list[Event]) -> tuple[duckdb.DuckDBPyConnection, ibis.Table]:
    rows = [{name: getattr(event, name) for name in EVENTS.schema.names} for event in events]
    items = [
        {c.ITEM: name, c.VALID_FROM: START + DAY_US, c.CATEGORY: one.category, c.BRAND: one.brand,
         c.SHOP: one.shop, c.PRICE: one.price_fen}
        for name, one in ITEM.items()
    ]  # fmt: skip
    connection = duckdb.connect()
    connection.register("events", pa.Table.from_pylist(rows, schema=EVENTS.schema))
    connection.register("items", pa.Table.from_pylist(items, schema=ITEMS.schema))
    connection.register("users", USERS.schema.empty_table())
    backend = ibis.duckdb.from_connection(connection)
    tables = (backend.table(name) for name in ("events", "items", "users"))
    expression = facts(*tables, ZONE, START, START + 600 * DAY_US)
    connection.execute(f"CREATE TABLE facts AS {ibis.to_sql(expression, dialect='duckdb')}")
    return connection, backend.table("facts")


def replay(events: list[Event], at_us: int) -> dict[str, online.State]:
    """States after the events before an instant."""
    seen = iter([event for event in events if event.at_us < at_us])
    return online.replay(seen, lambda item, _: ITEM.get(item), ZONE)
