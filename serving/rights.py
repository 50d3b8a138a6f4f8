"""What requests and answers about a person's own data look like."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from features.counters import Scope
from serving.schemas import Answer, Asked

ScopeName = Annotated[str, Meta(extra_json_schema={"enum": sorted(Scope)}, max_length=64)]


class ConsentsRequest(Asked):
    """All consents that the person now gives; those left out are withdrawn."""

    scopes: Annotated[list[ScopeName], Meta(max_length=len(Scope))]


class ConsentsReply(Answer):
    """The consents in force; of a person with several ids those that all of them gave."""

    user_id: str
    scopes: list[str]


class Place(Struct):
    """What was erased in one place: rows gone, rows of others without the name, files."""

    rows: int
    stripped: int
    files: int


class StillThere(Struct):
    """What still remembers the person, until when, and the command that ends it."""

    what: str
    until: str
    finish: str


class ForgottenReply(Answer):
    """What was erased, under how many ids, by place; and what is left to do."""

    user_id: str
    since: str
    ids: int
    erased: dict[str, Place]
    pending: list[StillThere]
    seconds: float


class ExportReply(Answer):
    """Everything kept of a person; ``tags`` is the portrait as of now."""

    user_id: str
    ids: list[str]
    profiles: list[dict[str, Any]]
    choices: dict[str, Any]
    events: list[dict[str, Any]]
    ties: list[dict[str, Any]]
    portrait: dict[str, Any]
    shown: list[dict[str, Any]]
    tags: list[dict[str, Any]]
