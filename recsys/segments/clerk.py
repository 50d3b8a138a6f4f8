"""Questions about segments answered by a process of their own, at low priority.

Counting over a long history takes seconds of a whole core; the service asks this process instead of
counting itself. It speaks lines of JSON::

    → {"id": 7, "ask": "estimate", "given": {"segment": {…}}}
    ← {"id": 7, "told": {…}}                or {"id": 7, "error": "UnknownName", "detail": "…"}
    → {"cancel": 7}                         ← {"id": 7, "error": "Cancelled", "detail": ""}

Questions take turns. It opens the newest snapshot when there is a newer one or somebody was
forgotten, and ends with its input, or after ``IDLE_SECONDS`` without a question.
"""

import json
import logging
import os
import queue
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from typing import IO, Any

import duckdb

from features.errors import HuorenError
from features.home import Home
from features.store import open_ledger
from recsys.segments.desk import open_desk
from recsys.segments.questions import Asker, ask

IDLE_SECONDS = 600.0
NICE = 10
MEMORY = "20%"
"""Of the machine's: every worker of the service may have such a process."""

CANCELLED = "Cancelled"

_LOG = logging.getLogger("huoren.segments")
_END = object()


class Clerk:
    """Answers questions of one home.

    Parameters
    ----------
    home : Home
        Whose segments.
    store : str
        ``embedded``, or the URL of a Redis server: where the ledger is.
    out : text stream
        Answers go there.
    """

    def __init__(self, home: Home, store: str, out: IO[str]) -> None:
        self.home = home
        self.store = store
        self.out = out
        self.opened = ExitStack()
        self.asker: Asker | None = None
        self.seen: object = None
        self.waiting: queue.Queue[Any] = queue.Queue()
        self.cancelled: set[Any] = set()
        self.running: Any = None

    def serve(self, lines: Iterable[str]) -> None:
        """Answer until the lines end, or nobody asks."""
        threading.Thread(target=self._listen, args=(lines,), daemon=True).start()
        with self.opened:
            while True:
                try:
                    asked = self.waiting.get(timeout=IDLE_SECONDS)
                except queue.Empty:
                    return
                if asked is _END:
                    return
                told = self.answer(asked)
                self.out.write(json.dumps(told, ensure_ascii=False, default=str) + "\n")
                self.out.flush()

    def _listen(self, lines: Iterable[str]) -> None:
        for line in lines:
            asked = json.loads(line)
            if "cancel" not in asked:
                self.waiting.put(asked)
                continue
            self.cancelled.add(asked["cancel"])
            if self.running == asked["cancel"] and self.asker is not None:
                self.asker.desk.interrupt()
        self.waiting.put(_END)
        if self.asker is not None:
            self.asker.desk.interrupt()

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer one question; never raises."""
        number = self.running = asked["id"]
        try:
            if number in self.cancelled:
                return _refused(number, CANCELLED, "")
            return {"id": number, "told": ask(self._asker(), asked["ask"], asked["given"])}
        except duckdb.InterruptException:
            return _refused(number, CANCELLED, "")
        except HuorenError as error:
            return _refused(number, type(error).__name__, str(error))
        except Exception as error:
            if number in self.cancelled:
                return _refused(number, CANCELLED, "")
            _LOG.exception("question %s failed", asked.get("ask"))
            return _refused(number, "Exception", str(error))
        finally:
            self.running = None
            self.cancelled.discard(number)

    def _asker(self) -> Asker:
        newest = max((one.name for one in self.home.features.glob("*Z")), default="")
        gone = self.home.root / "tombstones.json"
        seen = (newest, gone.stat().st_mtime_ns if gone.exists() else 0)
        if self.asker is None or seen != self.seen:
            self.opened.close()
            self.asker, self.seen = None, None
            ledger = open_ledger(self.home, place=self.store)
            self.opened.callback(ledger.close)
            desk = self.opened.enter_context(open_desk(self.home))
            desk.connection.execute(f"SET memory_limit = '{MEMORY}'")
            self.asker = Asker(desk, ledger)
            self.seen = seen
        return self.asker


def _refused(number: Any, error: str, detail: str) -> dict[str, Any]:
    return {"id": number, "error": error, "detail": detail}


def run(home: Home, store: str, lines: Iterable[str], out: IO[str]) -> None:
    """Serve at low priority."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    Clerk(home, store, out).serve(lines)
