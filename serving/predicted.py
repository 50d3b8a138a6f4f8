"""What marketers' requests and answers about models look like: scores, lookalikes, audiences."""

from typing import Annotated

from msgspec import Meta, Struct

from serving.people import Channel
from serving.schemas import Answer, Asked, Id


class ScoreRequest(Asked):
    """Whose scores are wanted: people by id, or the highest ``k`` of a segment."""

    user_ids: Annotated[list[Id], Meta(min_length=1, max_length=1000)] | None = None
    segment_id: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    k: Annotated[int, Meta(ge=1, le=1000)] = 1000


class PersonScore(Struct):
    """A probability, an expected effect or a similarity, and the percent of others who are lower.

    All null for who is not in the cohort, or has switched personalisation off.
    """

    user_id: str
    probability: float | None = None
    effect: float | None = None
    similarity: float | None = None
    percentile: int | None = None
    reasons: list[str] = []


class ScoreReply(Answer):
    """Scores in the order asked; ``quality`` is the band of the last back-test, or the verdict.

    ``people`` counts the segment that was asked for; null where few, or where none was.
    """

    model: str
    sentence: str
    quality: str
    scores: list[PersonScore]
    people: int | None = None


class LookalikeRequest(Asked):
    """Whom to find: people like those of the segment; ``name`` is what the scores are called."""

    name: Annotated[str, Meta(min_length=1, max_length=60, pattern="^[a-z0-9_.-]+$")]
    seed: Annotated[int, Meta(ge=0, le=2**31)] = 0


class FitRequest(Asked):
    """How a model is fitted: a goal by name, or ``uplift.CAMPAIGN`` with its outcome."""

    outcome: Annotated[str, Meta(max_length=64)] = "Order Completed"
    days: Annotated[float, Meta(ge=1, le=365)] = 14.0


class AudienceRequest(Asked):
    """Who should see an item; only people whom ``channel`` may and can reach, under its caps."""

    item_id: Id
    k: Annotated[int, Meta(ge=1, le=10_000)] = 100
    channel: Channel | None = None


class AudienceMember(Struct):
    """One person, with the chance to take the item and why (zh, en)."""

    user_id: str
    probability: float
    reasons: list[tuple[str, str]]


class AudienceReply(Answer):
    """Who should see an item; ``curve`` is what such lists were worth on the last days known."""

    item_id: str
    considered: int
    expected: float
    capped: int
    curve: list[dict[str, float]]
    people: list[AudienceMember]
