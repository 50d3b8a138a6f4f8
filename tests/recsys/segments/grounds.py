"""Small random worlds and segments: as tables for the compiler, as rows for the slow reading."""

import random
from contextlib import contextmanager
from typing import Any

import duckdb
import ibis
import pyarrow as pa

from features import columns as c
from features.clock import DAY_US, BusinessZone
from features.portraits import TAGS, Kind
from features.tables import EVENTS, TABLES
from recsys.experiments import bucket
from recsys.segments.ground import Ground
from tests.recsys.segments.naive import World

ZONE = BusinessZone("Asia/Shanghai")
AT = 1_762_000_000_000_000
PEOPLE = [f"u{n}" for n in range(8)] + ["用户"]
ITEMS = {f"i{n}": {"category": f"c{n % 2}", "brand": f"b{n}", "shop": "s"} for n in range(3)}
NAMES = ("Product Viewed", "Order Completed", "Product Shared", "Group Buy Joined")
SHOWN = {
    "life.stage": ["new", "silent", "growing"],
    "geo.city": ["成都", "上海"],
    "life.r_days": [0, 3, 40],
    "life.m_365": [0.0, 12.5, 980.0],
    "aff.cat_top": ["c0", "c1", "c2"],
    "soc.role_vec": [0.0, 0.25, 0.75],
}
"""Tags of the small worlds and what they may be."""

KINDS_OF = {
    Kind.INT: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.LIST: pa.list_(pa.struct([("key", pa.string()), ("score", pa.float64())])),
    Kind.VECTOR: pa.list_(pa.float64()),
}


def world(seed: int, events: int = 40) -> World:
    """A random world."""
    dice = random.Random(seed)
    portraits = [{who: portrait(dice) for who in PEOPLE} for _ in range(2)]
    ties = [
        {"user_id": a, "peer_id": b, "strong": dice.random() < 0.5,
         "tie_type": dice.choice([None, "friend", "co_group,friend", "follow"])}
        for a in PEOPLE for b in [*PEOPLE, "stranger"] if a != b and dice.random() < 0.3
    ]  # fmt: skip
    return World(
        people=portraits[0],
        earlier=portraits[1],
        events=[event(dice, n) for n in range(events)],
        ties=ties,
        lists={"vip": set(dice.sample(PEOPLE, 3)) | {"stranger"}},
        scores={who: dice.choice([0.1, 0.5, 0.9]) for who in PEOPLE if dice.random() < 0.7},
        segments={},
        at_us=AT,
        zone=ZONE,
    )


def portrait(dice: random.Random) -> dict[str, Any]:
    """Random tags of one person; some are absent."""
    made: dict[str, Any] = {}
    for tag, values in SHOWN.items():
        if dice.random() < 0.3:
            made[tag] = None
        elif TAGS[tag].kind is Kind.LIST:
            keys = dice.sample(values, dice.randint(0, 3))
            made[tag] = [{"key": key, "score": 1.0} for key in keys]
        elif TAGS[tag].kind is Kind.VECTOR:
            made[tag] = [dice.choice(values) for _ in TAGS[tag].labels]
        else:
            made[tag] = dice.choice(values)
    return made


def event(dice: random.Random, n: int) -> dict[str, Any]:
    """One line of a random event; some share their message, some their instant."""
    item = dice.choice([None, *ITEMS])
    row: dict[str, Any] = dict.fromkeys(EVENTS.schema.names)
    row |= dict.fromkeys(("category", "brand", "shop")) | ITEMS.get(item or "", {})
    line = dice.choice([0, 0, 1])
    row |= {
        "message_id": f"m{n - line}", "line": line, "event": dice.choice(NAMES),
        "user_id": dice.choice([*PEOPLE, "stranger"]), "item_id": item,
        "at_us": AT - dice.randrange(-2, 200) * DAY_US // 4,
        "total_fen": dice.choice([None, 100, 250]), "price_fen": dice.choice([None, 100, 30]),
        "quantity": dice.choice([None, 1.0, 2.0]), "channel": dice.choice([None, "app", "h5"]),
    }  # fmt: skip
    return row


@contextmanager
def ground(told: World):
    """The same world as tables of an engine in memory."""
    connection = duckdb.connect()
    backend = ibis.duckdb.from_connection(connection)

    def keep(name: str, made: pa.Table) -> ibis.Table:
        connection.register("made", made)
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM made")
        connection.unregister("made")
        return backend.table(name)

    def table(name: str, rows: list[dict[str, Any]], schema: pa.Schema) -> ibis.Table:
        return keep(name, pa.Table.from_pylist(rows, schema=schema))

    schema = pa.schema(
        [(c.USER, pa.string())]
        + [(TAGS[name].column, KINDS_OF.get(TAGS[name].kind, pa.string())) for name in SHOWN]
    )

    def portraits(name: str, people: dict[str, dict[str, Any]]) -> ibis.Table:
        rows = [
            {c.USER: who} | {TAGS[tag].column: value for tag, value in tags.items()}
            for who, tags in people.items()
        ]
        return table(name, rows, schema)

    def frame(name: str, columns: dict[str, list[Any]]) -> ibis.Table:
        return keep(name, pa.table(columns))

    items = [{c.ITEM: name, c.VALID_FROM: 0, **one} for name, one in ITEMS.items()]
    seen = [row for row in told.events if row["at_us"] < told.at_us]
    earlier = portraits("earlier", told.earlier)
    scores = frame("scores", {c.USER: [*told.scores], "score": [*told.scores.values()]})
    yield Ground(
        people=portraits("people", told.people),
        events=table("events", seen, EVENTS.schema),
        items=table("items", items, TABLES["items"].schema),
        users=table("users", [{c.USER: "u0", c.VALID_FROM: 0}], TABLES["users"].schema),
        ties=table("ties", told.ties, pa.schema([
            (c.USER, pa.string()), (c.PEER, pa.string()), ("tie_type", pa.string()),
            ("strong", pa.bool_())])),
        at_us=told.at_us,
        low_us=min(row["at_us"] for row in told.events),
        zone=told.zone,
        earlier=lambda days: earlier,
        listed=lambda name: frame(f"list_{name}", {c.USER: sorted(told.lists[name])}),
        scores=lambda model: scores,
        buckets=lambda salt: frame(
            f"bucket_{salt}", {c.USER: PEOPLE, "bucket": [bucket(salt, who) for who in PEOPLE]}
        ),
        few=lambda column, *_: ["app", "h5"] if column == "channel" and len(seen) % 2 else None,
    )  # fmt: skip
    connection.close()
