"""The four canonical tables and their Arrow schemas.

``events`` holds one row for each line of an event: an order of three products is three rows with
one ``message_id`` and ``line`` 0, 1, 2; order-level values (``total_fen``, ``discount_fen``) stand
on line 0 alone. ``users`` and ``items`` hold versions: the row in force at T is the last one whose
``valid_from_us`` is not after T. Money is int64 in the currency's minor unit (fen, cent). Instants
are int64 microseconds UTC. Ids are strings. What a source sends beyond these columns is kept as
JSON in ``extra``.
"""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from features import columns as c
from features.errors import UnknownName

_TEXT = pa.string()
_INSTANT = pa.int64()
_MONEY = pa.int64()


@dataclass(frozen=True)
class Table:
    """One canonical table.

    Parameters
    ----------
    name : str
        ``users``, ``items``, ``ties`` or ``events``.
    schema : pyarrow.Schema
        Columns in order; non-nullable ones must be present in every row.
    key : tuple of str
        Two rows that agree in these are one row twice.
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...]

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that may not be null."""
        return tuple(field.name for field in self.schema if not field.nullable)


def _schema(required: dict[str, pa.DataType], optional: dict[str, pa.DataType]) -> pa.Schema:
    return pa.schema(
        [pa.field(name, kind, nullable=False) for name, kind in required.items()]
        + [pa.field(name, kind) for name, kind in optional.items()]
    )


EVENTS = Table(
    "events",
    _schema(
        {c.MESSAGE: _TEXT, c.LINE: pa.int16(), c.EVENT: _TEXT, c.AT: _INSTANT, c.USER: _TEXT},
        {
            c.RECEIVED: _INSTANT,
            c.ITEM: _TEXT,
            c.PEER: _TEXT,  # the other person: recipient, sharer of an opened link, inviter
            c.SHARE: _TEXT,
            c.GROUP_BUY: _TEXT,
            c.REQUEST: _TEXT,
            c.ORDER: _TEXT,
            "position": pa.int16(),  # 0 is the top of the list
            c.QUANTITY: pa.float64(),
            c.PRICE: _MONEY,  # paid, one unit
            "list_price_fen": _MONEY,  # before discounts, one unit
            c.TOTAL: _MONEY,  # net of the whole order; line 0
            c.DISCOUNT: _MONEY,  # of the whole order; line 0
            c.CURRENCY: _TEXT,  # ISO 4217
            "rating": pa.float32(),  # 1 to 5
            "scene": _TEXT,
            "channel": _TEXT,
            "network": _TEXT,
            "entry": _TEXT,
            "city": _TEXT,
            "reason": _TEXT,
            "query": _TEXT,
            "coupon_id": _TEXT,
            "campaign_id": _TEXT,
            "arm": _TEXT,
            "propensity": pa.float64(),
            "content_id": _TEXT,
            "creator_id": _TEXT,
            "live_room_id": _TEXT,
            "community_id": _TEXT,
            "size": pa.int16(),  # people a group buy needs, or had at its end
            "expires_us": _INSTANT,
            "depth": pa.int16(),
            c.EXTRA: _TEXT,
        },
    ),
    (c.MESSAGE, c.LINE),
)

USERS = Table(
    "users",
    _schema(
        {c.USER: _TEXT, c.VALID_FROM: _INSTANT},
        {
            "registered_us": _INSTANT,
            "gender": _TEXT,  # female, male
            "birth_year": pa.int16(),
            "city": _TEXT,
            c.CITY_TIER: _TEXT,  # 1, new1, 2, 3, 4, 5
            "member_level": _TEXT,
            "consents": pa.list_(_TEXT),  # scopes given; null: not asked yet
            c.EXTRA: _TEXT,
        },
    ),
    (c.USER, c.VALID_FROM),
)

ITEMS = Table(
    "items",
    _schema(
        {c.ITEM: _TEXT, c.VALID_FROM: _INSTANT},
        {
            "kind": _TEXT,  # product when null
            "title": _TEXT,
            c.CATEGORY: _TEXT,  # leaf
            "category_path": _TEXT,  # root/…/leaf
            c.BRAND: _TEXT,
            c.SHOP: _TEXT,
            c.PRICE: _MONEY,
            "list_price_fen": _MONEY,
            c.CURRENCY: _TEXT,
            "stock": pa.int64(),
            "status": _TEXT,  # on_sale when null, off_sale
            "listed_us": _INSTANT,
            "expires_us": _INSTANT,
            "style_tags": pa.list_(_TEXT),
            c.EXTRA: _TEXT,
        },
    ),
    (c.ITEM, c.VALID_FROM),
)

TIES = Table(
    "ties",
    _schema(
        {
            c.USER: _TEXT,
            c.PEER: _TEXT,
            "tie_type": _TEXT,
        },  # friend, follow, invite, co_group, staff
        {"since_us": _INSTANT, "source": _TEXT, c.EXTRA: _TEXT},
    ),
    (c.USER, c.PEER, "tie_type"),
)

TABLES = {table.name: table for table in (EVENTS, USERS, ITEMS, TIES)}


def table(name: str) -> Table:
    """Look a canonical table up.

    Raises
    ------
    UnknownName
        When there is none of that name.

    Examples
    --------
    >>> table("ties").required
    ('user_id', 'peer_id', 'tie_type')
    >>> table("orders")
    Traceback (most recent call last):
    features.errors.UnknownName: unknown table 'orders'; next: use one of: ...
    """
    if name not in TABLES:
        raise UnknownName.among("table", name, TABLES)
    return TABLES[name]
