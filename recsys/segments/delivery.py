"""Send lists delivered to a webhook: part by part, again where nobody answered, all on record.

A part is known by what it says, so that a delivery that broke off goes on where it stopped when it
is started again, and a receiver that keeps the ids of messages takes nobody twice.
"""

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from features.clock import format_instant, now_us
from features.errors import DeliveryError
from features.home import Home
from features.progress import tell
from recsys.segments.activation import Export
from recsys.segments.control import TARGET
from recsys.segments.webhook import Heard, Hook, post

RECORD = "deliveries.jsonl"
"""Of the folder of exports: each attempt, without anybody's id."""

LONGEST_WAIT_S = 300.0

EVENT = "segment.delivered"
"""The ``type`` of every message."""


@dataclass(frozen=True)
class Delivery:
    """What was delivered.

    Parameters
    ----------
    webhook, campaign, segment : str
        Where to, what for and what.
    people : int
        Told of, now and before.
    parts : int
        POSTs that were taken, now and before.
    skipped : int
        Of them, those that an earlier delivery had brought.
    attempts : int
        POSTs made now.
    """

    webhook: str
    campaign: str
    segment: str
    people: int
    parts: int
    skipped: int
    attempts: int


def deliver(
    home: Home, hook: Hook, done: Export, sleep: Callable[[float], object] = time.sleep
) -> Delivery:
    """Bring the people to be contacted of an export to a receiver; those held back stay here.

    Parameters
    ----------
    home : Home
        Where the record is.
    hook : Hook
        The receiver.
    done : Export
        A Parquet file.
    sleep : callable
        Waits so many seconds.

    Raises
    ------
    DeliveryError
        When a part was not taken; started again, those before it are not sent again.
    """
    record = _Record(home, hook, done)
    file = pq.ParquetFile(done.path)
    many = max(-(-done.target // hook.people), 1)
    people = parts = skipped = 0
    for rows in _parts(file, hook.people):
        body = _body(hook, done, rows)
        message_id = _message_id(hook, done, rows)
        if message_id in record.taken:
            skipped += 1
        else:
            _send(hook, message_id, body, record, len(rows), sleep)
        people, parts = people + len(rows), parts + 1
        tell(parts / many, f"{people:,} people delivered")
    return Delivery(hook.name, done.campaign, done.segment, people, parts, skipped, record.attempts)


def attempts(home: Home, campaign: str = "", most: int = 1000) -> list[dict[str, Any]]:
    """The newest attempts, the oldest of them first; of one campaign, or of all."""
    path = home.root / "exports" / RECORD
    if not path.is_file():
        return []
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [one for one in lines if campaign in ("", one["campaign"])][-most:]


def _parts(file: pq.ParquetFile, size: int) -> Iterator[list[dict[str, Any]]]:
    """People to be contacted, so many at once."""
    waiting: list[dict[str, Any]] = []
    user, arm, *tags = file.schema_arrow.names
    for batch in file.iter_batches(10_000):
        for row in batch.to_pylist():
            if row[arm] == TARGET:
                waiting.append({"user_id": row[user], **{tag: row[tag] for tag in tags}})
            if len(waiting) == size:
                yield waiting
                waiting = []
    if waiting:
        yield waiting


def _message_id(hook: Hook, done: Export, people: list[dict[str, Any]]) -> str:
    """The same for the same people of one campaign, whenever they are told of."""
    told = json.dumps([hook.name, hook.url, done.campaign, people], ensure_ascii=False)
    return "msg_" + hashlib.sha256(told.encode()).hexdigest()[:32]


def _body(hook: Hook, done: Export, people: list[dict[str, Any]]) -> bytes:
    """What a part says."""
    told = {
        "type": EVENT, "webhook": hook.name, "campaign": done.campaign, "segment": done.segment,
        "destination": done.destination, "as_of": format_instant(done.as_of_us), "people": people,
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False).encode()


def _send(
    hook: Hook,
    message_id: str,
    body: bytes,
    record: "_Record",
    people: int,
    sleep: Callable[[float], object],
) -> None:
    wait = hook.wait_s
    for attempt in range(1, hook.attempts + 1):
        at_us, start = now_us(), time.perf_counter()
        heard = post(hook, message_id, at_us // 1_000_000, body)
        spent_ms = 1e3 * (time.perf_counter() - start)
        record.write(message_id, attempt, at_us, heard, spent_ms, people)
        if heard.taken:
            return
        if not heard.passing or attempt == hook.attempts:
            break
        sleep(min(max(wait, heard.wait_s), LONGEST_WAIT_S) * random.uniform(1.0, 1.25))
        wait *= 4.0
    raise DeliveryError(
        f"webhook {hook.name} did not take a part of {people} people", expected="HTTP 2xx",
        got=heard.detail or f"HTTP {heard.status} at attempt {attempt}",
        next_step="deliver again: parts it has are not sent again",
    )  # fmt: skip


class _Record:
    """The record of one delivery's attempts."""

    def __init__(self, home: Home, hook: Hook, done: Export) -> None:
        self.path: Path = home.root / "exports" / RECORD
        self.hook = hook
        self.done = done
        self.attempts = 0
        known = attempts(home, done.campaign, most=2**62)
        self.taken = {
            one["message_id"]
            for one in known
            if one["webhook"] == hook.name and 200 <= one["status"] < 300
        }

    def write(
        self, message_id: str, attempt: int, at_us: int, heard: Heard, spent_ms: float, people: int
    ) -> None:
        self.attempts += 1
        line = {
            "message_id": message_id, "webhook": self.hook.name, "campaign": self.done.campaign,
            "segment": self.done.segment, "at": format_instant(at_us), "attempt": attempt,
            "people": people, "milliseconds": round(spent_ms, 1), **asdict(heard),
        }  # fmt: skip
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
