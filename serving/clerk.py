"""What marketers ask about segments, asked of a process of their own (``recsys.segments.clerk``).

The process is started by the first question of a worker, runs at low priority, and ends when nobody
asks. A question whose caller hung up, or whose ``draft`` was asked again meanwhile, is cancelled.
"""

import asyncio
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

import msgspec

from features import errors
from serving.errors import Refusal
from serving.settings import Settings

_START = "from features.cli import main; main()"
LOOK_SECONDS = 0.2
"""How often it is looked whether the caller is still there."""

Told = dict[str, Any]


async def _stays() -> bool:
    return False


class Clerk:
    """The process, from the worker's side; any thread and any event loop may ask.

    Parameters
    ----------
    settings : Settings
        Of the worker.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self.waiting: dict[int, Future[Told]] = {}
        self.drafts: dict[str, int] = {}
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()

    async def ask(
        self,
        question: str,
        given: Told,
        gone: Callable[[], Awaitable[bool]] = _stays,
        draft: str = "",
    ) -> Told:
        """Ask, and wait for the answer.

        Parameters
        ----------
        question : str
            One of ``recsys.segments.questions.QUESTIONS``.
        given : dict
            What it needs.
        gone : callable
            Whether the caller hung up.
        draft : str
            An earlier question of the same draft is cancelled.

        Raises
        ------
        HuorenError
            What the question raised.
        Refusal
            ``superseded`` when cancelled, ``store-unavailable`` when the process ended.
        """
        number, future = await asyncio.to_thread(self._send, question, given, draft)
        told = asyncio.ensure_future(asyncio.wrap_future(future))
        try:
            while not (await asyncio.wait({told}, timeout=LOOK_SECONDS))[0]:
                if await gone():
                    self.cancel(number)
                    raise Refusal("superseded", "the caller hung up")
        except asyncio.CancelledError:
            self.cancel(number)
            raise
        answer = told.result()
        if "error" not in answer:
            result: Told = answer["told"]
            return result
        raise _raised(answer["error"], answer["detail"])

    def cancel(self, number: int) -> None:
        """End a question that nobody waits for."""
        with self.lock:
            if number in self.waiting and self.process is not None:
                self._write({"cancel": number})

    def close(self) -> None:
        """End the process."""
        with self.lock:
            process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

    def _send(self, question: str, given: Told, draft: str) -> tuple[int, Future[Told]]:
        number, future = next(self.numbers), Future[Told]()
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self.process = self._start()
            if draft:
                if (earlier := self.drafts.get(draft)) in self.waiting:
                    self._write({"cancel": earlier})
                self.drafts[draft] = number
            self.waiting[number] = future
            self._write({"id": number, "ask": question, "given": given})
        return number, future

    def _write(self, message: Told) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(msgspec.json.encode(message) + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise Refusal("store-unavailable", "the counting process ended") from error

    def _start(self) -> "subprocess.Popen[bytes]":
        started = subprocess.Popen(
            [sys.executable, "-c", _START, "segment", "clerk",
             "--data", str(self.settings.home.root), "--store", self.settings.store],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, **self.settings.to_environment()},
        )  # fmt: skip
        threading.Thread(target=self._listen, args=(started,), daemon=True).start()
        return started

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                told = msgspec.json.decode(line)
                with self.lock:
                    future = self.waiting.pop(told["id"], None)
                if future is not None:
                    future.set_result(told)
        except ValueError:  # the stream was closed under us
            pass
        with self.lock:
            left, self.waiting = self.waiting, {}
        for future in left.values():
            future.set_result({"error": "StoreError", "detail": "the counting process ended"})


def _raised(name: str, detail: str) -> Exception:
    if name == "Cancelled":
        return Refusal("superseded", "a later question of this draft took its place")
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, errors.HuorenError):
        return kind(detail)
    return RuntimeError(detail)
