"""Errors at the edge: every refusal is a problem document (RFC 9457) of one of the kinds below.

``type`` is a relative URI, ``/problems/<word>``, that stays the same for good; asking for it gives
the kind's meaning. ``detail`` says what happened to this request, ``errors`` which fields are at
fault. A defect of ours is answered by its request id alone; the traceback is in the log.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from features import errors

_LOG = logging.getLogger("huoren.serving")

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """One kind of problem."""

    status: int
    title: str
    meaning: str


KINDS = {
    "malformed-json": Kind(400, "The body is not JSON", "send one JSON value in UTF-8"),
    "no-key": Kind(401, "No valid key", "send Authorization: Bearer KEY"),
    "not-local": Kind(
        403,
        "The service has no keys and answers this machine alone",
        "call it as 127.0.0.1 or localhost, or configure keys",
    ),
    "forbidden": Kind(403, "The key does not allow this", "use a key of the scope it names"),
    "not-found": Kind(404, "Nothing is here", "look the path up in /v1/openapi.json"),
    "unknown-user": Kind(404, "Nothing is known of this person", "send events of them first"),
    "unknown-item": Kind(404, "No such item", "send it with PUT /v1/items first"),
    "unknown-group-buy": Kind(404, "No such group buy", "tell of it with PUT /v1/group-buys first"),
    "unknown-model": Kind(404, "No such scores", "run `huoren score` for it first"),
    "unknown-tag": Kind(404, "No such tag", "look at the portrait for the names"),
    "unknown-segment": Kind(404, "No such segment", "see GET /v1/segments for the names"),
    "unknown-task": Kind(404, "No such task", "tasks are kept for a week"),
    "method-not-allowed": Kind(405, "The path exists, the method does not", "see Allow"),
    "upload-too-slow": Kind(408, "The body did not arrive in time", "send it again"),
    "superseded": Kind(409, "A later question took its place", "wait for that one's answer"),
    "too-large": Kind(413, "The body is too large", "send smaller batches"),
    "media-type": Kind(
        415, "Only plain JSON is read", "send Content-Type: application/json, not compressed"
    ),
    "invalid-fields": Kind(422, "Fields are at fault", "correct what `errors` lists"),
    "rate-limited": Kind(429, "Too many requests of one caller", "wait Retry-After seconds"),
    "too-many-tasks": Kind(429, "Too many tasks are under way", "wait for one, or cancel it"),
    "internal": Kind(500, "A defect of the service", "report the request id"),
    "not-ready": Kind(503, "No bundle is in service", "see /readyz for the reason"),
    "overloaded": Kind(503, "Too many requests at once", "come back after Retry-After seconds"),
    "busy": Kind(503, "Somebody else is writing to the tables", "send it again later"),
    "store-unavailable": Kind(503, "The online store cannot be used", "send it again later"),
}
"""Every kind by the last part of its URI."""


class Fault(msgspec.Struct, frozen=True):
    """One field and what is wrong with it."""

    field: str
    detail: str


class Problem(msgspec.Struct, frozen=True):
    """The answer to a refused request."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[Fault] = []


class Refusal(Exception):
    """Raised in ``serving`` to refuse a request.

    Parameters
    ----------
    word : str
        One of ``KINDS``.
    detail : str
        What happened to this request.
    faults : iterable of Fault
        Which fields are at fault.
    headers : mapping of str to str
        Of the answer.

    Examples
    --------
    >>> Refusal("too-large", "2 MiB").kind.status
    413
    """

    def __init__(
        self,
        word: str,
        detail: str,
        faults: Iterable[Fault] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.word = word
        self.detail = detail
        self.faults = list(faults)
        self.headers = headers or {}

    @property
    def kind(self) -> Kind:
        """What kind of problem it is."""
        return KINDS[self.word]

    def problem(self, request_id: str) -> Problem:
        """Document to answer with."""
        kind = self.kind
        uri = f"/problems/{self.word}"
        return Problem(uri, kind.title, kind.status, self.detail, request_id, self.faults)


def invalid(field: str, detail: str) -> Refusal:
    """Refuse a request for one field."""
    return Refusal("invalid-fields", f"{field}: {detail}", [Fault(field, detail)])


_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (errors.InputError, "invalid-fields"),
    (errors.BundleError, "not-ready"),
    (errors.MissingStep, "not-ready"),
    (errors.StoreError, "store-unavailable"),
)


def refusal(error: Exception, request_id: str) -> Refusal:
    """Translate whatever was raised.

    Examples
    --------
    >>> refusal(errors.StoreError("log.db is locked"), "r1").word
    'store-unavailable'
    """
    if isinstance(error, Refusal):
        return error
    for kind, word in _WORDS:
        if isinstance(error, kind):
            return Refusal(word, str(error))
    _LOG.error("request %s failed", request_id, exc_info=error)
    return Refusal("internal", f"the service failed; its log has the reason under {request_id}")


_PLACE = re.compile(r"^(?P<detail>.*?)(?: - at `(?P<place>.*)`)?$", re.DOTALL)
_NAMED = re.compile(r"(?:unknown|missing required) field `(?P<name>.*)`$", re.DOTALL)


def fault(message: str) -> Fault:
    """Field and detail of a decoder's message.

    Examples
    --------
    >>> fault("Expected `int`, got `str` - at `$.context.city`")
    Fault(field='context.city', detail='Expected `int`, got `str`')
    >>> fault("Object contains unknown field `kk` - at `$.filters`").field
    'filters.kk'
    """
    match = _PLACE.match(message)
    detail, place = (match["detail"], match["place"]) if match else (message, None)
    path = (place or "$").removeprefix("$").removeprefix(".")
    named = _NAMED.search(detail)
    if named:
        path = f"{path}.{named['name']}".removeprefix(".")
    return Fault(path or "(body)", detail)
