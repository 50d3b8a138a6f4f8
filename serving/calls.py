"""What both clients are made of: one request, its answer, refusals, when to ask again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from features.errors import HuorenError
from serving.errors import Problem

T = TypeVar("T")

PATIENCE_S = 5.0
"""Longest ``Retry-After`` that is waited for."""

_AGAIN = frozenset({429, 503})


class Refused(HuorenError):
    """The service refused a request.

    Parameters
    ----------
    problem : Problem
        Its problem document: ``type``, ``status``, ``detail``, ``errors``, ``request_id``.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(
            problem.title, got=problem.detail, next_step=f"see {problem.type} of the service"
        )
        self.document = problem


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, and what its answer is."""

    method: str
    path: str
    gives: type[T]
    body: Any = None

    def request(self) -> dict[str, Any]:
        """What httpx is given."""
        content = None if self.body is None else msgspec.json.encode(self.body)
        headers = {} if content is None else {"content-type": "application/json"}
        return {"method": self.method, "url": self.path, "content": content, "headers": headers}

    def answer(self, response: httpx.Response) -> T:
        """Decode the answer, or raise ``Refused``."""
        if response.is_success:
            return msgspec.json.decode(response.content, type=self.gives)
        raise refused(response)


def refused(response: httpx.Response) -> Refused:
    """What to raise for an answer that is none."""
    try:
        return Refused(msgspec.json.decode(response.content, type=Problem))
    except msgspec.DecodeError:  # something between us and the service answered
        status, said = response.status_code, response.text[:200]
        return Refused(Problem("about:blank", f"HTTP {status}", status, said, ""))


def of_person(user_id: str) -> str:
    """Path of a person's routes."""
    return f"/v1/users/{quote(user_id, safe='')}"


def of_item(item_id: str) -> str:
    """Path of an item's routes."""
    return f"/v1/items/{quote(item_id, safe='')}"


def waits(response: httpx.Response, retries: int) -> Iterator[float]:
    """How long to wait before each further attempt; nothing where there is none."""
    if response.status_code in _AGAIN and retries > 0:
        told = response.headers.get("retry-after", "")
        yield min(float(told) if told.isdigit() else 1.0, PATIENCE_S)


class Calls:
    """What both clients share: where the service is, and how often to ask again."""

    def __init__(
        self, url: str, key: str | None = None, timeout_s: float = 10.0, retries: int = 2
    ) -> None:
        """Say where the service is and with which key or token to ask it."""
        self.retries = retries
        self._how: dict[str, Any] = {
            "base_url": url,
            "timeout": timeout_s,
            "headers": {} if key is None else {"authorization": f"Bearer {key}"},
        }
