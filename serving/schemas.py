"""What requests and answers look like; the OpenAPI document is made from these types.

Unknown fields are refused. Ids are any text of up to 256 characters without control characters.
Money is in yuan.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from features.events import KINDS

NO_CONTROL = r"^(?![\s\S]*[\x00-\x1f\x7f])"

Id = Annotated[str, Meta(min_length=1, max_length=256, pattern=NO_CONTROL)]
Word = Annotated[str, Meta(min_length=1, max_length=64, pattern=NO_CONTROL)]
Text = Annotated[str, Meta(max_length=1024)]
Instant = Annotated[datetime, Meta(tz=True)]
Yuan = (
    Annotated[float, Meta(ge=0, le=1e9)]
    | Annotated[str, Meta(pattern=r"^[0-9]{1,10}(\.[0-9]{1,2})?$", max_length=13)]
)
Many = Annotated[int, Meta(ge=1, le=500)]
EventName = Annotated[str, Meta(max_length=64, extra_json_schema={"enum": list(KINDS)})]


class Asked(Struct, forbid_unknown_fields=True, kw_only=True):
    """A request body; fields that are not declared are refused."""


# ── feed ────────────────────────────────────────────────────────────────────────────────────────


class Context(Asked):
    """Where the list will be shown."""

    city: Word | None = None
    network: Word | None = None
    channel: Word | None = None
    entry: Word | None = None
    place_type: Word | None = None
    at: Instant | None = None


class Filters(Asked):
    """What may be in the list."""

    category: Annotated[list[Id], Meta(max_length=100)] = []
    kind: Annotated[list[Word], Meta(max_length=20)] = []
    price_max: Yuan | None = None


class RecentAct(Asked):
    """Something the app saw in this session and has not sent yet."""

    event: EventName
    item_id: Id
    at: Instant
    peer_id: Id | None = None


class FeedRequest(Asked):
    """Asks for a personal list; needs ``user_id`` or ``anonymous_id``."""

    user_id: Id | None = None
    anonymous_id: Id | None = None
    k: Many = 20
    cursor: Annotated[str, Meta(max_length=500_000)] | None = None
    scene: Word = "home"
    context: Context = msgspec.field(default_factory=Context)
    filters: Filters = msgspec.field(default_factory=Filters)
    exclude: Annotated[list[Id], Meta(max_length=1000)] = []
    recent: Annotated[list[RecentAct], Meta(max_length=100)] = []
    personalized: bool = True
    explain: bool = False


class ReasonText(Struct, frozen=True):
    """The reason in words."""

    zh: str
    en: str


class ReasonGiven(Struct, frozen=True, omit_defaults=True):
    """Why something is in the answer."""

    code: str
    text: ReasonText
    count: int | None = None


class Answer(Struct, kw_only=True):
    """What every answer says.

    ``model_version`` is the bundle in service, null without one; ``as_of`` the instant up to which
    its data reaches, or the instant of the answer where no bundle took part.
    """

    request_id: str
    model_version: str | None
    as_of: str


class FeedItemGiven(Struct, omit_defaults=True):
    """One item, best first; ``features`` (with ``explain``) is what the ranker saw."""

    item_id: str
    score: float
    sources: tuple[str, ...]
    reasons: list[ReasonGiven]
    features: dict[str, float | None] | UnsetType = UNSET


class Explanation(Struct):
    """With ``explain``: who proposed each candidate, which rule removed what, the stages' times."""

    proposed: dict[str, tuple[str, ...]]
    removed: dict[str, tuple[str, ...]]
    milliseconds: dict[str, float]


class FeedReply(Answer):
    """A personal list; ``cursor`` asks for the next page, null at the end of the list.

    Where it is empty, ``emptied_by`` names the filters or rules that left nothing.
    """

    personalized: bool
    known_user: bool
    degraded: tuple[str, ...]
    cursor: str | None
    items: list[FeedItemGiven]
    emptied_by: tuple[str, ...] = ()
    explanation: Explanation | UnsetType = UNSET


# ── events ──────────────────────────────────────────────────────────────────────────────────────

RawEvent = Annotated[
    dict[str, Any], Meta(description="one of Segment's calls: track, identify or alias")
]


class EventsRequest(Asked):
    """A batch of events."""

    events: Annotated[list[RawEvent], Meta(min_length=1, max_length=1000)]


class RejectedEvent(Struct):
    """Why the event at this place of the batch was not taken."""

    index: int
    detail: str


class EventsReply(Answer):
    """What became of a batch; accepted events are durable.

    ``accepted`` and ``duplicates`` count lines: an order of three products has three. ``rejected``
    lists events by their place in the batch.
    """

    accepted: int
    duplicates: int
    rejected: list[RejectedEvent]


class SegmentBatch(Struct, kw_only=True):
    """Segment's batch call; fields of SDKs beyond these are ignored."""

    batch: Annotated[list[RawEvent], Meta(min_length=1, max_length=1000)]
    context: dict[str, Any] = {}


class SegmentReply(EventsReply):
    """The same, with the word Segment's SDKs look for."""

    success: bool = True


# ── portraits ───────────────────────────────────────────────────────────────────────────────────


class PortraitReply(Answer):
    """The tags of a person, each with its value, evidence and freshness.

    ``references`` is the version of the population statistics they were compared with. Tags that
    the person deleted are listed as ``suppressed``; with personalisation off there are no tags.
    """

    user_id: str
    personalized: bool
    references: str
    suppressed: list[str]
    tags: list[dict[str, Any]]


class SuppressedReply(Answer):
    """A tag is deleted and will not be computed again."""

    user_id: str
    suppressed: list[str]


class PersonalizationRequest(Asked):
    """The person's own switch."""

    enabled: bool


class PersonalizationReply(Answer):
    """The switch as it stands now."""

    user_id: str
    enabled: bool


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────


class TokenRequest(Asked):
    """Asks for a token bound to one person."""

    user_id: Id


class TokenReply(Answer):
    """A token to send as ``Authorization: Bearer``; it opens what is about this person alone."""

    token: str
    expires_at: str


# ── catalogue and ties ──────────────────────────────────────────────────────────────────────────


class ItemRequest(Asked):
    """An item as it is now; a field left out is unknown."""

    item_id: Id
    kind: Word | None = None
    title: Text | None = None
    category: Id | None = None
    category_path: Text | None = None
    brand: Id | None = None
    shop: Id | None = None
    price: Yuan | None = None
    list_price: Yuan | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    stock: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    status: Literal["on_sale", "off_sale"] | None = None
    listed_at: Instant | None = None
    expires_at: Instant | None = None
    style_tags: Annotated[list[Word], Meta(max_length=100)] | None = None


class ItemsRequest(Asked):
    """Items to add or replace."""

    items: Annotated[list[ItemRequest], Meta(min_length=1, max_length=1000)]


class ItemChange(Asked):
    """What changed of one item; null makes it unknown, a field left out stays."""

    price: Yuan | UnsetType | None = UNSET
    stock: Annotated[int, Meta(ge=0, le=2**53)] | UnsetType | None = UNSET
    status: Literal["on_sale", "off_sale"] | UnsetType | None = UNSET
    expires_at: Instant | UnsetType | None = UNSET


class ItemReply(Answer):
    """The live facts of one item after a change; ``price`` is decimal yuan."""

    item_id: str
    price: str | None
    stock: int | None
    status: str | None
    expires_at: str | None


class TieRequest(Asked):
    """One tie from ``user_id`` to ``peer_id``; ``friend`` and ``co_group`` hold both ways."""

    user_id: Id
    peer_id: Id
    tie_type: Literal["friend", "follow", "invite", "co_group", "staff"]


class TiesRequest(Asked):
    """Ties to add or replace."""

    ties: Annotated[list[TieRequest], Meta(min_length=1, max_length=1000)]


class WrittenReply(Answer):
    """How many rows were written."""

    written: int


# ── health ──────────────────────────────────────────────────────────────────────────────────────


class Alive(Struct):
    """The process answers."""

    alive: bool = True


class Ready(Struct):
    """Whether this worker answers recommendations, with what, and what it refused and why."""

    ready: bool
    worker: int
    model_version: str | None
    as_of: str | None
    refused: dict[str, str]


class Meaning(Struct):
    """What a kind of problem means."""

    type: str
    title: str
    status: int
    meaning: str


Document = dict[str, Any]
"""The OpenAPI document."""
