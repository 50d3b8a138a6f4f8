"""How soon the next feed request of any worker knows an event."""

import asyncio
import json
from collections.abc import Callable
from time import perf_counter

from features.errors import HuorenError
from training.bench.feed.load import Connection

SEEN_WITHIN_S = 5.0

LINES = 4
"""Connections for each worker: each stays with the worker that accepted it."""


TAKEN = 202
"""Status of a call whose events are durable."""


class NotSeen(HuorenError):
    """An event was not acknowledged, or no feed knew it in time."""


async def seen_after(
    url: str,
    told: Callable[[list[str]], bytes],
    person: str,
    workers: int,
    within_s: float = SEEN_WITHIN_S,
) -> float:
    """Tell of somebody new, and ask for that person's feed until every connection knows them.

    Parameters
    ----------
    url : str
        Of the service.
    told : callable
        People → the body of a call that tells of an act of each.
    person : str
        Whom nobody knows yet.
    workers : int
        Of the service.
    within_s : float
        When to give up.

    Returns
    -------
    float
        Seconds from the acknowledgement to the beginning of the first request that knows the
        person, of the slowest connection.

    Raises
    ------
    NotSeen
        The event was refused, or is not seen in time.
    """
    lines = [Connection(url) for _ in range(LINES * workers)]
    sender = Connection(url, "/v1/events")
    try:
        if any([await _knows(line, person) for line in lines]):  # opens them too
            raise NotSeen(f"{person} is not new")
        status, said = await sender.ask(told([person]))
        if status != TAKEN:
            raise NotSeen("an event was refused", got=f"{status} {said.decode()[:200]}")
        acknowledged = perf_counter()
        return max(
            await asyncio.gather(*(_seen(one, person, acknowledged, within_s) for one in lines))
        )
    finally:
        for one in (sender, *lines):
            one.close()


async def _seen(line: Connection, person: str, since: float, within_s: float) -> float:
    while (start := perf_counter()) < since + within_s:
        if await _knows(line, person):
            return start - since
    raise NotSeen("an event is not seen", expected=f"within {within_s:.0f} s")


async def _knows(line: Connection, person: str) -> bool:
    status, said = await line.ask(json.dumps({"user_id": person, "k": 1}).encode())
    return status == 200 and json.loads(said)["known_user"] is True
