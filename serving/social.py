"""What requests and answers of sharing and of group buys look like, as ``serving.schemas``."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from recsys.query import PromptWhy
from serving.schemas import Answer, Asked, Id, Instant, Many, ReasonGiven, ReasonText, Yuan

# ── sharing ───────────────────────────────────────────────────────────────────────────────────────


Surface = Literal["app", "h5", "mini_program", "wechat", "moments", "wecom", "oa", "sms", "push"]


class ShareRequest(Asked):
    """Asks whom to share an item with.

    With ``group_buy_id`` whom to invite to that group: nobody who is in it, and nobody at all to
    one that is full or over.
    """

    user_id: Id
    item_id: Id
    k: Many = 10
    purpose: Literal["share", "group_buy", "bargain", "tip", "question"] = "share"
    surface: Surface = "app"
    group_buy_id: Id | None = None


class ShareTargetGiven(Struct):
    """One person, contact or community to share with."""

    kind: str
    id: str
    score: float
    reasons: list[ReasonGiven]


class HeldBack(Struct):
    """Somebody who may not be asked now, and why."""

    id: str
    why: str


class ShareReply(Answer):
    """Whom to share with, best first; ``held_back`` others may not be asked now.

    ``held`` says who they are and why, to admin keys alone: it would tell the sharer.
    """

    degraded: tuple[str, ...]
    targets: list[ShareTargetGiven]
    held_back: int
    held: list[HeldBack] | UnsetType = UNSET


class ShareItemsRequest(Asked):
    """Asks what to share with one friend."""

    user_id: Id
    peer_id: Id
    k: Many = 10


class ShareItemGiven(Struct):
    """One item to share."""

    item_id: str
    score: float
    reasons: list[ReasonGiven]


class ShareItemsReply(Answer):
    """What to share with a friend, best first; ``held`` as in share targets."""

    items: list[ShareItemGiven]
    held: list[HeldBack] | UnsetType = UNSET


class PromptRequest(Asked):
    """Asks whether to show somebody a prompt to share an item now."""

    user_id: Id
    item_id: Id
    surface: Surface = "app"


class ChanceGiven(Struct):
    """A chance with a 95 % interval."""

    p: float
    low: float
    high: float


class PromptReply(Answer):
    """Whether to show a prompt, and why; one that may be shown counts as shown.

    ``next_allowed_at`` is null where it may be shown now, or where time alone does not mend it.
    ``propensity`` is the chance that somebody who looks at the item shares it within a day.
    """

    show: bool
    why: PromptWhy
    next_allowed_at: str | None
    propensity: ChanceGiven | None
    degraded: tuple[str, ...]


# ── group buys ────────────────────────────────────────────────────────────────────────────────────


class GroupBuyRequest(Asked):
    """A group buy as it is now; ``members`` counts the people in it, ``size`` those it needs."""

    item_id: Id
    starter_id: Id
    size: Annotated[int, Meta(ge=1, le=32_767)] | None = None
    members: Annotated[int, Meta(ge=0, le=32_767)] | None = None
    price: Yuan | None = None
    status: Literal["open", "succeeded", "failed"] | None = None
    expires_at: Instant | None = None


class GroupBuyReply(Answer):
    """A group buy in force, and whether one can join it; ``price`` is decimal yuan."""

    group_buy_id: str
    open: bool
    item_id: str | None
    starter_id: str | None
    size: int | None
    members: int
    price: str | None
    status: str
    expires_at: str | None


class PersonRequest(Asked):
    """Asks something for a person."""

    user_id: Id
    k: Many = 10


class Driver(Struct):
    """What moves a chance, and by how much its log-odds differ from those of a usual group."""

    code: str
    effect: float
    text: ReasonText


class ForecastGiven(Struct):
    """Chance that a group fills before it ends, with a 95 % interval."""

    p_success: float
    low: float
    high: float
    drivers: list[Driver]


class OpenGroupGiven(Struct):
    """A group to join; ``friends`` members are near, ``missing`` people it still needs."""

    group_buy_id: str
    item_id: str | None
    score: float
    friends: int
    missing: int | None
    price: str | None
    expires_at: str | None
    forecast: ForecastGiven
    reasons: list[ReasonGiven]


class OpenGroupsReply(Answer):
    """Groups to join: those with friends in them first, then those of strangers."""

    personalized: bool
    degraded: tuple[str, ...]
    groups: list[OpenGroupGiven]


class LaunchItemGiven(Struct):
    """An item to start a group for."""

    item_id: str
    score: float
    reasons: list[ReasonGiven]


class LaunchReply(Answer):
    """Items to start a group for, best first."""

    personalized: bool
    degraded: tuple[str, ...]
    items: list[LaunchItemGiven]


class ForecastReply(Answer):
    """Chance that one group fills before it ends, with a 95 % interval and what drives it."""

    group_buy_id: str
    status: str
    degraded: tuple[str, ...]
    p_success: float
    low: float
    high: float
    drivers: list[Driver]
