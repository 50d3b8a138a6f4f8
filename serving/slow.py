"""Clients that send the head of a request drop by drop are cut: uvicorn itself waits for ever.

The body has its own bound (``serving.body``), an idle connection uvicorn's keep-alive.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http import auto
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Prompt(HttpToolsProtocol):
    """Gives each request's head so many seconds, from the first byte or the connection on."""

    seconds = 10.0
    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the clock: nothing was sent yet."""
        super().connection_made(transport)
        self._start()

    def on_message_begin(self) -> None:
        """Start the clock of the next request."""
        super().on_message_begin()
        self._start()

    def on_headers_complete(self) -> None:
        """Stop the clock: the head is there."""
        self._stop()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock: there is nobody to wait for."""
        self._stop()
        super().connection_lost(exc)

    def _start(self) -> None:
        self._stop()
        self._due = self.loop.call_later(self.seconds, self._cut)

    def _stop(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _cut(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()


def cut_slow_heads(seconds: float) -> None:
    """Make uvicorn's servers of this process use ``Prompt``."""
    Prompt.seconds = seconds
    auto.AutoHTTPProtocol = Prompt
