"""A receiver of webhooks that listens on this machine, and refuses as often as it is told to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from recsys.segments.webhook import FILE

SECRET = "a secret of some length"


@dataclass
class Receiver:
    """What came, and what is answered: the first of ``answers``, then 204."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def people(self) -> list[str]:
        return [one["user_id"] for _, body in self.came for one in json.loads(body)["people"]]


@contextmanager
def receiver(*answers: tuple[int, dict[str, str]]) -> Iterator[Receiver]:
    told = Receiver(answers=list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            told.came.append(({k.lower(): v for k, v in self.headers.items()}, body))
            status, headers = told.answers.pop(0) if told.answers else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/in?shop=1"
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def named(root: Path, url: str, **more: Any) -> None:
    """Name a receiver ``crm`` in the home."""
    told = {"url": url, "secret": SECRET, "private": True, "destination": "plain"} | more
    told |= {"wait_s": 0.001} | more
    lines = [f"{key} = {json.dumps(value)}" for key, value in told.items()]
    (root / FILE).write_text("\n".join(["[crm]", *lines]) + "\n")
