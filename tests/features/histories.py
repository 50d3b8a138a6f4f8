"""Random histories of three people, and the facts made from them."""

import random
from collections.abc import Sequence

import duckdb
import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from features import batch, derived, identities, online
from features import columns as c
from features.catalogue import CATALOGUE
from features.clock import DAY_US, BusinessZone
from features.counters import Key
from features.events import KINDS, Event
from features.facts import facts
from features.history import resolve, utc_day
from features.home import Home
from features.items import Items
from features.tables import EVENTS, ITEMS, TABLES, TIES, USERS
from features.weights import INTEREST

ZONE = BusinessZone("America/New_York")  # changes its offset inside the histories below
START = 1_762_000_000_000_000  # 2025-11-01T12:26:40Z; New York leaves summer time a day later
NAMES = sorted({event for counter in CATALOGUE.values() for event in counter.events})
ITEM = {
    f"i{n}": online.ItemFacts(
        category=f"c{n % 2}",
        brand=f"b{n}",
        shop="s",
        price_fen=100 * n + 1,
        listed_us=START + n * 40 * DAY_US if n else None,
    )
    for n in range(3)
}

CONTROLS = {
    "Tie Created": ("friend", "follow", "co_group", None),
    "Tie Removed": ("friend", "follow", None),
    "Consent Updated": ("", *("personalize,social_graph",) * 3),
    "Personalization Toggled": ("on", "off"),
    "Tag Suppressed": ("life.r_days",),
}
"""Events about ties and choices, with what their ``reason`` may be."""

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
            discount_fen=7 * n if n % 2 else None,
            network=(None, "wifi", "4G")[n % 3],
            community_id=f"c{n % 2}" if n % 5 == 0 else None,
            entry=("search", "feed", None)[n % 3],
            city=("310000", "130200", None)[n % 3],
            rating=float(n % 5 + 1),
        )
        for n, (at, name, user, peer, item) in enumerate(rows)
    ]


def links_of(events: Sequence[Event]) -> list[identities.IdLink]:
    """What a history says about ids."""
    return [link for event in events if (link := identities.link_of(event))]


def catalogue_rows() -> list[dict[str, object]]:
    """The items table: one version each, a day after the beginning."""
    return [
        {c.ITEM: name, c.VALID_FROM: START + DAY_US, c.CATEGORY: one.category, c.BRAND: one.brand,
         c.SHOP: one.shop, c.PRICE: one.price_fen, "listed_us": one.listed_us}
        for name, one in ITEM.items()
    ]  # fmt: skip


def connect(
    events: Sequence[Event],
    items: Sequence[dict[str, object]] | None = None,
    users: Sequence[dict[str, object]] = (),
    ties: Sequence[dict[str, object]] = (),
) -> tuple[duckdb.DuckDBPyConnection, ibis.Table]:
    """Tables of a history, and the facts made from it."""
    rows = [{name: getattr(event, name) for name in EVENTS.schema.names} for event in events]
    given = {"events": rows, "items": catalogue_rows() if items is None else list(items),
             "users": list(users), "ties": list(ties)}  # fmt: skip
    connection = duckdb.connect()
    for name, made in given.items():
        connection.register("made", pa.Table.from_pylist(made, schema=TABLES[name].schema))
        connection.execute(f"CREATE TABLE {name} AS FROM made")
        connection.unregister("made")
    resolve(connection, identities.people(links_of(events)))
    backend = ibis.duckdb.from_connection(connection)
    tables = (backend.table(name) for name in ("events", "items", "users"))
    expression = facts(*tables, ZONE, START, START + 600 * DAY_US)
    days = (int(ZONE.day(us)) for us in (START, START + 600 * DAY_US))
    expression = derived.add(expression, derived.READS, *days)
    connection.execute(f"CREATE TABLE facts AS {ibis.to_sql(expression, dialect='duckdb')}")
    return connection, backend.table("facts")


def keep(home: Home, events: Sequence[Event], users: Sequence[dict[str, object]] = ()) -> None:
    """Write a history as the canonical tables of a home."""
    for place, rows, kind in (
        ("items", catalogue_rows(), ITEMS), ("users", list(users), USERS), ("ties", [], TIES),
    ):  # fmt: skip
        home.table(place).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows, kind.schema), home.table(place) / "all.parquet")
    for day in {utc_day(event.at_us) for event in events}:
        rows = [
            {name: getattr(event, name) for name in EVENTS.schema.names}
            for event in events
            if utc_day(event.at_us) == day
        ]
        folder = home.events / f"day={day}"
        folder.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows, EVENTS.schema), folder / "all.parquet")


def replay(events: Sequence[Event], at_us: int) -> dict[str, online.State]:
    """States after the events before an instant."""
    seen = iter([event for event in events if event.at_us < at_us])
    return online.replay(seen, lambda item, _: ITEM.get(item), ZONE)


def catalogue(table: ibis.Table, at_us: int) -> Items:
    """The items of the histories with their counters as of an instant."""
    counters = batch.values(table, Key.ITEM, at_us, ZONE).to_pyarrow()
    rows = pa.Table.from_pylist(catalogue_rows(), schema=ITEMS.schema)
    return Items.of(rows, counters, at_us)


def busy(size: int, seed: int = 0, days: int = 60) -> list[Event]:
    """A long history of a few people, oldest first, with ties and choices."""
    dice = random.Random(seed)
    instants = np.sort([dice.randrange(days * DAY_US) for _ in range(size)]).tolist()
    events = []
    for n, at in enumerate(instants):
        (names,) = dice.choices((list(INTEREST), NAMES, list(CONTROLS)), (6, 3, 1))
        name = dice.choice(names)
        events.append(
            Event(
                message_id=f"m{n}",
                event=name,
                at_us=START + at,
                user_id=f"u{dice.randrange(5)}",
                peer_id=f"u{dice.randrange(5)}" if dice.random() < 0.6 else None,
                item_id=f"i{dice.randrange(3)}" if KINDS[name].family != "privacy" else None,
                reason=dice.choice(CONTROLS[name]) if name in CONTROLS else None,
                total_fen=dice.randrange(1_000),
                community_id=f"c{n % 2}" if n % 5 == 0 else None,
                entry=("search", "feed", None)[n % 3],
                line=int(dice.random() < 0.2),
            )
        )
    return events
