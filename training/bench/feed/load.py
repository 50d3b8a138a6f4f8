"""Load over HTTP: as fast as so many connections can, or at a rate whatever the answers do.

At a rate, the time of an answer counts from when the request was due, so that a service that
stalls cannot hide it (Tene, "How not to measure latency", 2013).
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from time import perf_counter
from urllib.parse import urlsplit

import numpy as np


@dataclass
class Told:
    """What came back: status and milliseconds of each request."""

    seconds: float = 0.0
    milliseconds: dict[int, list[float]] = field(default_factory=dict)

    def note(self, status: int, taken_s: float) -> None:
        """Take one answer down; status 0: there was none."""
        self.milliseconds.setdefault(status, []).append(taken_s * 1e3)

    def count(self, *statuses: int) -> int:
        """How many answers had one of these statuses; all of them where none is named."""
        return sum(len(v) for s, v in self.milliseconds.items() if not statuses or s in statuses)

    def percentile(self, percent: float, *statuses: int) -> float | None:
        """Milliseconds that so many percent of the answers with these statuses took at most."""
        taken = [t for status in statuses for t in self.milliseconds.get(status, ())]
        return round(float(np.percentile(taken, percent)), 2) if taken else None


class Connection:
    """One connection that is kept alive, and opened again when it was lost."""

    def __init__(self, url: str, path: str = "/v1/feed") -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.head = f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of one answer; status 0 when the connection broke."""
        try:
            if self.streams is None:
                self.streams = await asyncio.open_connection(self.host, self.port)
            reader, writer = self.streams
            head = (
                f"{self.head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            said = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(said.partition("content-length:")[2].partition("\r\n")[0])
            return int(said.split(" ", 2)[1]), await reader.readexactly(size)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            self.close()
            return 0, b""

    def close(self) -> None:
        """Let go of it."""
        if self.streams is not None:
            self.streams[1].close()
        self.streams = None


def bodies(users: Sequence[str], at: str | None) -> Iterator[bytes]:
    """Requests of everyone in turn, without end."""
    context = {} if at is None else {"context": {"at": at}}
    for user in cycle(users):
        yield json.dumps({"user_id": user, "k": 20, **context}).encode()


async def saturate(url: str, asked: Iterator[bytes], seconds: float, connections: int) -> Told:
    """Ask as fast as so many connections can."""
    told = Told()
    until = perf_counter() + seconds

    async def one() -> None:
        connection = Connection(url)
        while perf_counter() < until:
            start = perf_counter()
            status, _ = await connection.ask(next(asked))
            told.note(status, perf_counter() - start)
        connection.close()

    start = perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    told.seconds = perf_counter() - start
    return told


async def pace(
    url: str, asked: Iterator[bytes], seconds: float, rate: float, connections: int
) -> Told:
    """Ask so many times a second, however long answers take."""
    told = Told()
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(Connection(url))
    start = perf_counter()

    async def one(due: float) -> None:
        connection = await free.get()
        status, _ = await connection.ask(next(asked))
        told.note(status, perf_counter() - due)
        free.put_nowait(connection)

    tasks = set()
    gaps = np.random.default_rng(0).exponential(1.0 / rate, int(rate * seconds))
    for due in (start + np.cumsum(gaps)).tolist():
        await asyncio.sleep(max(0.0, due - perf_counter()))
        task = asyncio.create_task(one(due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    told.seconds = perf_counter() - start
    while not free.empty():
        free.get_nowait().close()
    return told


async def answers(url: str, users: Sequence[str], at: str | None) -> list[list[str]]:
    """Item ids of the lists of these people."""
    connection, found = Connection(url), []
    asked = bodies(users, at)
    for _ in users:
        status, body = await connection.ask(next(asked))
        items = json.loads(body)["items"] if status == 200 else []
        found.append([one["item_id"] if isinstance(one, dict) else one[0] for one in items])
    connection.close()
    return found
