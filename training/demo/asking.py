"""The demo as an app: asks the service over HTTP, tells it an event, asks again."""

import json
import time
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

from features.clock import format_instant
from features.errors import HuorenError

K = 10

EVENTS = 3
"""Items put into the cart, one after the other, until the feed changes: what was learned from
little may not mind the first."""


class AnswerRefused(HuorenError):
    """The service answered with a problem."""


@dataclass
class App:
    """A caller of one service.

    Parameters
    ----------
    connection : HTTPConnection
        Kept open from request to request.
    """

    connection: HTTPConnection

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request, one JSON answer.

        Raises
        ------
        AnswerRefused
            When the status is 400 or more.
        """
        sent = None if body is None else json.dumps(body)
        self.connection.request(method, path, sent, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status >= 400:
            raise AnswerRefused(
                f"{method} {path} was refused", got=f"{response.status} {answer.get('detail')}"
            )
        return answer

    def feed(self, user: str, at: str | None, k: int = K) -> dict[str, Any]:
        """The feed of a person."""
        body: dict[str, Any] = {"user_id": user, "k": k}
        if at:
            body["context"] = {"at": at}
        return self.ask("POST", "/v1/feed", body)


@dataclass(frozen=True)
class Answers:
    """What the service said.

    Parameters
    ----------
    user, item : str
        Who asked, and the item that was put into the cart.
    before, after : list of mapping
        The feed before and after the event.
    targets : list of mapping
        Whom to share the first item with.
    portrait : list of mapping
        Tags of the person.
    milliseconds : float
        Median time of one feed request over one connection.
    """

    user: str
    item: str
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    targets: list[dict[str, Any]]
    portrait: list[dict[str, Any]]
    milliseconds: float

    @property
    def changed(self) -> bool:
        """Whether the event changed the order of the feed, or what the item is worth in it."""
        return differs(self.before, self.after, self.item)


def names(items: list[dict[str, Any]]) -> list[str]:
    """Item ids of a feed, in order."""
    return [item["item_id"] for item in items]


def differs(before: list[dict[str, Any]], after: list[dict[str, Any]], item: str) -> bool:
    """Whether two feeds have another order, or another score for an item.

    Examples
    --------
    >>> differs([{"item_id": "a", "score": 1.0}], [{"item_id": "a", "score": 2.0}], "a")
    True
    """
    worth = [{one["item_id"]: one["score"] for one in items}.get(item) for items in (before, after)]
    return names(before) != names(after) or worth[0] != worth[1]


def converse(url: str, user: str, sharer: str, shared: str, at_us: int) -> Answers:
    """Ask for a feed, share targets and a portrait; report an event; ask again.

    Parameters
    ----------
    url : str
        Of the service.
    user : str
        Whose feed and portrait.
    sharer, shared : str
        Who shares which item.
    at_us : int
        Instant of the event that is reported.
    """
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        return _converse(App(connection), user, sharer, shared, at_us)


def _converse(app: "App", user: str, sharer: str, shared: str, at_us: int) -> Answers:
    before = app.feed(user, None)["items"]
    for item in names(before)[: -EVENTS - 1 : -1]:
        last = item
        event = {
            "type": "track",
            "event": "Product Added",
            "message_id": f"demo-{time.time_ns()}",
            "user_id": user,
            "timestamp": format_instant(at_us),
            "properties": {"product_id": item, "quantity": 1},
        }
        app.ask("POST", "/v1/events", {"events": [event]})
        after = _after(app, user, before, item)
        if differs(before, after, item):
            break
    targets = app.ask("POST", "/v1/share-targets", {"user_id": sharer, "item_id": shared, "k": 5})
    portrait = app.ask("GET", f"/v1/users/{quote(user, safe='')}/portrait")
    return Answers(
        user, last, before, after, targets["targets"], portrait["tags"], _median(app, user)
    )


def _after(
    app: App, user: str, before: list[dict[str, Any]], item: str, within_s: float = 5.0
) -> list[dict[str, Any]]:
    """The feed once the event is applied; the last one asked for if it never changes."""
    until = time.monotonic() + within_s
    while True:
        items: list[dict[str, Any]] = app.feed(user, None)["items"]
        if differs(before, items, item) or time.monotonic() > until:
            return items
        time.sleep(0.05)


def _median(app: App, user: str, times: int = 50) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        app.feed(user, None, k=20)
        taken.append((time.perf_counter() - start) * 1e3)
    return sorted(taken)[times // 2]
