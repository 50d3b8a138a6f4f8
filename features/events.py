"""The event vocabulary: names, what each must carry, and one event as a value.

Names are Segment's e-commerce names, in and out, plus the social ones that social commerce needs.
The same :class:`Event` travels from the HTTP edge through the log to the online state; its fields
are the columns of the canonical ``events`` table.
"""

from dataclasses import dataclass

import msgspec

from features import columns as c


class Event(msgspec.Struct, omit_defaults=True, kw_only=True, frozen=True, gc=False):
    """One line of one event; fields are the columns of ``features.tables.EVENTS``."""

    message_id: str
    event: str
    at_us: int
    user_id: str
    line: int = 0
    received_us: int | None = None
    item_id: str | None = None
    peer_id: str | None = None
    share_id: str | None = None
    group_buy_id: str | None = None
    request_id: str | None = None
    order_id: str | None = None
    position: int | None = None
    quantity: float | None = None
    price_fen: int | None = None
    list_price_fen: int | None = None
    total_fen: int | None = None
    discount_fen: int | None = None
    currency: str | None = None
    rating: float | None = None
    scene: str | None = None
    channel: str | None = None
    network: str | None = None
    entry: str | None = None
    city: str | None = None
    reason: str | None = None
    query: str | None = None
    coupon_id: str | None = None
    campaign_id: str | None = None
    arm: str | None = None
    propensity: float | None = None
    content_id: str | None = None
    creator_id: str | None = None
    live_room_id: str | None = None
    community_id: str | None = None
    size: int | None = None
    expires_us: int | None = None
    depth: int | None = None
    extra: str | None = None


ANONYMOUS_PREFIX = "anonymous:"
"""A visitor without a ``user_id`` is the person ``anonymous:<anonymous_id>``."""


@dataclass(frozen=True)
class EventKind:
    """What one event means.

    Parameters
    ----------
    name : str
        As Segment spells it.
    family : str
        shopping, order, rec, share, group_buy, graph, campaign, privacy, identity.
    required : tuple of str
        Columns without which the event says nothing; a row that lacks one is quarantined.
    sentence : str
        Who did what; ``user_id`` is always the one who acted.
    active : bool
        Whether the person was there (as against something the server or a friend did).
    """

    name: str
    family: str
    required: tuple[str, ...]
    sentence: str
    active: bool = True


VIEWED = "Product Viewed"
ADDED = "Product Added"
WISHED = "Product Added to Wishlist"
ORDERED = "Order Completed"
REFUNDED = "Order Refunded"
REVIEWED = "Product Reviewed"
SHARED = "Product Shared"
OPENED = "Share Link Opened"
REPORTED = "Share Reported"
MUTED = "Sharer Muted"
SHOWN = "Recommendation Shown"
CLICKED = "Recommendation Clicked"
DISMISSED = "Recommendation Dismissed"
GROUP_VIEWED = "Group Buy Viewed"
GROUP_STARTED = "Group Buy Started"
GROUP_JOINED = "Group Buy Joined"
GROUP_SUCCEEDED = "Group Buy Succeeded"
GROUP_FAILED = "Group Buy Failed"
GROUP_UPDATED = "Group Buy Updated"
TIE_CREATED = "Tie Created"
TIE_REMOVED = "Tie Removed"
CAMPAIGN_ASSIGNED = "Campaign Assigned"
CONSENT_UPDATED = "Consent Updated"
PERSONALIZATION_TOGGLED = "Personalization Toggled"
TAG_SUPPRESSED = "Tag Suppressed"
IDENTIFIED = "User Identified"
ALIASED = "User Aliased"
SEPARATED = "User Separated"

_KINDS = (
    EventKind("Products Searched", "shopping", ("query",), "searched for words"),
    EventKind("Product List Viewed", "shopping", (), "looked at a list"),
    EventKind("Product Clicked", "shopping", (c.ITEM,), "clicked a product in a list"),
    EventKind(VIEWED, "shopping", (c.ITEM,), "opened a product page"),
    EventKind(ADDED, "shopping", (c.ITEM,), "put a product into the cart"),
    EventKind("Product Removed", "shopping", (c.ITEM,), "took a product out of the cart"),
    EventKind("Cart Viewed", "shopping", (), "looked at the cart"),
    EventKind(WISHED, "shopping", (c.ITEM,), "collected a product"),
    EventKind("Product Removed from Wishlist", "shopping", (c.ITEM,), "no longer collects it"),
    EventKind("Checkout Started", "order", (c.ORDER,), "went to the checkout"),
    EventKind(ORDERED, "order", (c.ORDER, c.ITEM), "paid an order"),
    EventKind(REFUNDED, "order", (c.ORDER,), "got money back", active=False),
    EventKind("Order Cancelled", "order", (c.ORDER,), "cancelled an order"),
    EventKind("Coupon Applied", "order", ("coupon_id",), "used a coupon"),
    EventKind(REVIEWED, "order", (c.ITEM,), "reviewed a product"),
    EventKind(SHOWN, "rec", (c.REQUEST, c.ITEM), "was shown an item in a list", active=False),
    EventKind(CLICKED, "rec", (c.REQUEST, c.ITEM), "clicked a recommended item"),
    EventKind(DISMISSED, "rec", (c.REQUEST, c.ITEM), "asked for less like this"),
    EventKind(SHARED, "share", (c.SHARE, c.ITEM), "shared a product, with peer_id if known"),
    EventKind(OPENED, "share", (c.SHARE,), "opened a link that peer_id had shared"),
    EventKind(REPORTED, "share", (), "reported a share of peer_id"),
    EventKind(MUTED, "share", (c.PEER,), "wants no more shares of peer_id"),
    EventKind(GROUP_VIEWED, "group_buy", (c.GROUP_BUY,), "looked at a group buy"),
    EventKind(GROUP_STARTED, "group_buy", (c.GROUP_BUY, c.ITEM), "started a group buy"),
    EventKind(GROUP_JOINED, "group_buy", (c.GROUP_BUY,), "joined, invited by peer_id if known"),
    EventKind(GROUP_SUCCEEDED, "group_buy", (c.GROUP_BUY,), "the starter's group filled", False),
    EventKind(GROUP_FAILED, "group_buy", (c.GROUP_BUY,), "the starter's group expired", False),
    EventKind(
        GROUP_UPDATED,
        "group_buy",
        (c.GROUP_BUY,),
        "the starter's group is now so; reason: status, quantity: people in it",
        active=False,
    ),
    EventKind(TIE_CREATED, "graph", (c.PEER,), "became tied to peer_id; reason: tie type"),
    EventKind(TIE_REMOVED, "graph", (c.PEER,), "ended a tie to peer_id; reason: its type"),
    EventKind(
        CAMPAIGN_ASSIGNED,
        "campaign",
        ("campaign_id", "arm"),
        "was put into an arm",
        active=False,
    ),
    EventKind("Message Sent", "campaign", (), "was sent a message", active=False),
    EventKind("Message Opened", "campaign", (), "opened a message"),
    EventKind(CONSENT_UPDATED, "privacy", (), "gives these consents; reason: scopes"),
    EventKind(PERSONALIZATION_TOGGLED, "privacy", ("reason",), "switched it; reason: on or off"),
    EventKind(TAG_SUPPRESSED, "privacy", ("reason",), "deleted a tag of the portrait; reason: tag"),
    EventKind(IDENTIFIED, "identity", (), "is the visitor peer_id too, if it is named", False),
    EventKind(ALIASED, "identity", (c.PEER,), "is also known as peer_id", active=False),
    EventKind(SEPARATED, "identity", (c.PEER,), "is not peer_id after all", active=False),
)

KINDS = {kind.name: kind for kind in _KINDS}
"""Every known event by name; an event of another name goes to quarantine."""
