"""What marketers' requests and answers look like: segments, lists, tasks, audiences.

``segment`` is a document of the segment language (``GET /v1/segments/schema``), or the name of a
saved or shipped one. Numbers of fewer than 50 people are null.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from serving.schemas import Answer, Asked, Id, Instant, Text

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^/\x00-\x1f\x7f]+$")]
Document = Annotated[
    dict[str, Any] | Name, Meta(description="a segment, or the name of a saved one")
]
Channel = Literal["push", "sms", "wecom", "oa", "mini_program"]
Percent = Annotated[float, Meta(ge=0, le=50)]


class Words(Struct):
    """A segment in words."""

    zh: str
    en: str


# ── asking ──────────────────────────────────────────────────────────────────────────────────────


class EstimateRequest(Asked):
    """A segment to count; a later request of the same ``draft`` cancels this one."""

    segment: Document
    draft: Name | None = None
    sample: bool = False


class EstimateReply(Answer):
    """How large it is: exact, as of the newest features; ``sample`` under meaningless names."""

    people: int | None
    told: str
    size_is_exact: bool
    base: int
    share: float | None
    sentence: Words
    sample: list[dict[str, Any]]
    milliseconds: float


class PointGiven(Struct):
    """How large a segment was as of an instant; ``people`` is null where fewer than 50."""

    as_of: str
    people: int | None
    base: int


class TrendReply(Answer):
    """Sizes of the last 30 days, the oldest first; ``missing`` days come with the next question.

    Tags and history are those of each day; lists, scores and other segments are as they are now.
    """

    points: list[PointGiven]
    missing: int


class WaterfallRequest(Asked):
    """A segment on its way to a channel; ``at``: when it is sent, now when left out."""

    segment: Document
    channel: Channel
    campaign: Name = "unnamed"
    control: Percent = 10.0
    programme: Annotated[str, Meta(max_length=100)] = ""
    at: Instant | None = None


class StepGiven(Struct):
    """Who leaves at one step, and who is left."""

    name: str
    zh: str
    en: str
    removed: int | None
    people: int


class WaterfallReply(Answer):
    """From the segment to the send list; ``send_at`` is after quiet hours."""

    channel: str
    segment: int | None
    steps: list[StepGiven]
    send_at: str


class OverlapRequest(Asked):
    """Segments to compare with each other."""

    segments: Annotated[list[Document], Meta(min_length=1, max_length=20)]


class OtherSegments(Asked):
    """Segments to compare with the one of the path."""

    others: Annotated[list[Document], Meta(min_length=1, max_length=19)]


class OverlapReply(Answer):
    """People by two segments; ``any`` counts everybody once."""

    people: dict[str, dict[str, int | None]]


# ── saved segments ──────────────────────────────────────────────────────────────────────────────


class SaveRequest(Asked):
    """A segment to keep; of a name that is known, a new version."""

    name: Name
    segment: Annotated[dict[str, Any], Meta(description="a segment")]
    author: Annotated[str, Meta(max_length=100)] = ""
    note: Text = ""


class VersionGiven(Struct):
    """One version of a segment."""

    name: str
    version: int
    segment: Any
    author: str
    note: str
    saved_at: str
    sentence: Words


class SavedReply(Answer):
    """A segment that was kept."""

    saved: VersionGiven


class SegmentsReply(Answer):
    """The saved segments in their newest versions."""

    segments: list[VersionGiven]


class SegmentReply(Answer):
    """A segment, every version of it, the segments that are made of it, and its size."""

    segment: VersionGiven
    versions: list[VersionGiven]
    used_by: list[str]


class PresetGiven(Struct):
    """A segment that is shipped; ``scores`` are the models it needs."""

    name: str
    zh: str
    en: str
    document: Any
    scores: list[str]
    sentence: Words


class PresetsReply(Answer):
    """Segments that are shipped; each can be used like a saved one."""

    presets: list[PresetGiven]


class DiffRequest(Asked):
    """Two versions."""

    old: Annotated[int, Meta(ge=1, le=2**31)]
    new: Annotated[int, Meta(ge=1, le=2**31)]


class DiffReply(Answer):
    """Lines that differ, marked - and +."""

    lines: list[str]


class DeletedReply(Answer):
    """A segment was taken off; its versions stay on record."""

    deleted: str


class MembersRequest(Asked):
    """A page of ids, ascending, after one."""

    k: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    after: Annotated[str, Meta(max_length=256)] = ""


class MembersReply(Answer):
    """Ids; ``after`` asks for the next page. ``hidden``: too few to name."""

    user_ids: list[str]
    after: str | None
    hidden: bool


class ConditionGiven(Struct):
    """One condition about one person; ``got`` is the value it was compared with."""

    depth: int
    holds: bool
    zh: str
    en: str
    got: Any


class ContainsReply(Answer):
    """Whether somebody is in a segment, and every condition of it."""

    contains: bool
    conditions: list[ConditionGiven]


class TraitGiven(Struct):
    """One value of one tag, in the segment and among everybody."""

    tag: str
    value: str
    share: float
    base_share: float
    tgi: float
    q: float
    people: int


class InsightGiven(Struct):
    """A segment beside everybody."""

    above: list[TraitGiven]
    below: list[TraitGiven]
    mixes: dict[str, list[TraitGiven]]
    items: list[tuple[str, int]]
    brands: list[tuple[str, int]]


class InsightReply(Answer):
    """What sets a segment apart; null where it, or the rest, is too small to tell of."""

    insight: InsightGiven | None


# ── silent people ───────────────────────────────────────────────────────────────────────────────


class SilentRequest(Asked):
    """Who is asleep; ``model``: ``uplift.CAMPAIGN`` or a goal, the best there is when left out."""

    days: Annotated[int, Meta(ge=1, le=3650)] = 30
    channel: Channel | None = None
    model: Annotated[str, Meta(max_length=100)] = ""
    segment: Document | None = None
    k: Annotated[int, Meta(ge=1, le=10_000)] = 100


class SleeperGiven(Struct):
    """One person, with the channels and ties that reach them, and reasons (zh, en)."""

    user_id: str
    days: int | None
    channels: list[str]
    score: float | None
    ties: list[str]
    reasons: list[tuple[str, str]]


class SilentReply(Answer):
    """Everybody asleep in numbers, the first of them by name.

    ``causal`` tells whether ``score`` is the effect of a message, or a chance to come back anyway.
    """

    asleep: int | None
    reachable: int | None
    persuadable: int | None
    tied: int | None
    by_channel: dict[str, int | None]
    by_offer: dict[str, int | None]
    model: str
    causal: bool
    verdict: str
    people: list[SleeperGiven]


# ── lists, tasks, campaigns ─────────────────────────────────────────────────────────────────────


class ListRequest(Asked):
    """People to put on a list, in place of those on it, beside them, or off it."""

    user_ids: Annotated[list[Id], Meta(max_length=20_000)]
    mode: Literal["replace", "append", "remove"] = "replace"


class ListReply(Answer):
    """How many are on it; strangers cannot be in a segment."""

    name: str
    people: int
    strangers: int


class ExportRequest(Asked):
    """Where a segment goes."""

    campaign: Name
    destination: Literal["plain", "wecom", "sms", "push", "oa", "mini_program", "ads"] = "plain"
    format: Literal["csv", "xlsx", "parquet"] = "csv"
    control: Percent = 10.0
    programme: Annotated[str, Meta(max_length=100)] = ""
    tags: Annotated[list[Name], Meta(max_length=100)] = field(default_factory=list)
    author: Annotated[str, Meta(max_length=100)] = ""
    assign: bool = True


class DeliverRequest(Asked):
    """Where a segment is posted to: a receiver that the operator named in ``webhooks.toml``."""

    campaign: Name
    webhook: Name
    control: Percent = 10.0
    programme: Annotated[str, Meta(max_length=100)] = ""
    tags: Annotated[list[Name], Meta(max_length=100)] = field(default_factory=list)
    author: Annotated[str, Meta(max_length=100)] = ""
    assign: bool = True


class ActivationsReply(Answer):
    """What a segment was exported for, and each attempt to deliver it; nobody's id."""

    exports: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]


class TaskReply(Answer):
    """A task: ``state`` is running, done, failed, cancelled or lost; ``done`` from 0 to 1."""

    task_id: str
    kind: str
    state: str
    started_at: str
    ended_at: str | None
    done: float
    doing: str
    result: Any
    detail: str


class ResultsReply(Answer):
    """What came of a campaign: arms, lifts with intervals, guardrails, why not to believe it."""

    results: dict[str, Any]


class SampleSizeRequest(Asked):
    """A rate, and the relative lift that should be seen."""

    rate: Annotated[float, Meta(gt=0, lt=1)]
    lift: Annotated[float, Meta(gt=-1, le=100)]
    power: Annotated[float, Meta(gt=0, lt=1)] = 0.8


class SampleSizeReply(Answer):
    """People that each of two equal arms needs."""

    people: int
