"""What a segment may name: tags open to segments, events, and the columns that can be asked for."""

from features import columns as c
from features.events import KINDS
from features.portraits import TAGS, Kind, Tag, Use
from recsys.segments.language import NUMERIC, SHARES, Op

ITEM_COLUMNS = (c.CATEGORY, c.BRAND, c.SHOP)
"""Columns that an event takes from its item."""

TEXT_COLUMNS = (
    c.ITEM, *ITEM_COLUMNS, c.PEER, c.SHARE, c.GROUP_BUY, c.ORDER, "scene", "channel", "network",
    "entry", "city", "reason", "query", "coupon_id", "campaign_id", "arm", "content_id",
    "creator_id", "live_room_id", "community_id",
)  # fmt: skip
"""Columns of words."""

ORDER_COLUMNS = (c.TOTAL, c.DISCOUNT)
"""Numbers of a whole order, told on its first line."""

LINE_COLUMNS = (c.ITEM, *ITEM_COLUMNS, c.PRICE, c.QUANTITY, "amount_fen")
"""What differs from line to line of one order."""

NUMBER_COLUMNS = (
    *ORDER_COLUMNS, c.PRICE, c.QUANTITY, "amount_fen", "rating", "position", "depth", "size",
)  # fmt: skip
"""Columns of numbers; ``amount_fen`` is price × quantity of a line."""

DISTINCT_COLUMNS = (*TEXT_COLUMNS, "day")
"""Columns whose different values can be counted; ``day`` is the business day."""

ANY_EVENT = "*"
"""Every event that a person does."""

ACTIVE_EVENTS = tuple(sorted(name for name, kind in KINDS.items() if kind.active))

TIES = ("any", "strong", "friend", "follow", "invite", "co_group", "staff")
"""Ties that a social condition can look along."""

WORD_OPS = (Op.EQ, Op.NE, Op.IN, Op.NOT_IN)

OPS_OF_KIND: dict[Kind, tuple[Op, ...]] = {
    Kind.ENUM: (*WORD_OPS, Op.KNOWN, Op.UNKNOWN),
    Kind.TEXT: (*WORD_OPS, Op.KNOWN, Op.UNKNOWN),
    Kind.BOOL: (Op.EQ, Op.NE, Op.KNOWN, Op.UNKNOWN),
    Kind.INT: (*NUMERIC, Op.IN, Op.NOT_IN, *SHARES, Op.KNOWN, Op.UNKNOWN),
    Kind.FLOAT: (*NUMERIC, *SHARES, Op.KNOWN, Op.UNKNOWN),
    Kind.LIST: (Op.HAS_ANY, Op.HAS_ALL, Op.KNOWN, Op.UNKNOWN),
    Kind.GRADES: (Op.HAS_ANY, Op.HAS_ALL, Op.KNOWN, Op.UNKNOWN),
    Kind.VECTOR: (*NUMERIC, *SHARES, Op.KNOWN, Op.UNKNOWN),
}
"""Comparisons that a tag of each kind allows."""


def tags() -> dict[str, Tag]:
    """Tags that a segment may use, by name."""
    return {name: tag for name, tag in TAGS.items() if Use.SEGMENT in tag.usable_in}
