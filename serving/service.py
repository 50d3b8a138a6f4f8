"""The BentoML service; nothing else imports bentoml.

BentoML owns processes, sockets and life cycle. The routes are an ASGI application mounted in it,
because its own path for a request costs several times more: tracing (always installed) is told to
skip every URL, the access log and its metrics are off, and what stands in memory after warm-up is
frozen out of garbage collection. Its usage reports are off. Its own routes are open only as far as
``serving.native`` leads to them; batch scoring is a task of BentoML.

``huoren serve`` runs this; so does ``bentoml serve serving.service:Huoren`` with ``HUOREN_HOME``
set.
"""

import gc
import logging
import os
import threading
import time
from typing import Any, cast

import bentoml
from bentoml._internal.server.http import traffic  # noqa: PLC2701  there is no other way
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.settings import Settings

_LOG = logging.getLogger("huoren.serving")
SETTINGS = Settings.from_environment(os.environ)
RESULTS = SETTINGS.home.root / "tasks" / f"bentoml.{SETTINGS.port}.db"
os.environ["BENTOML_RESULT_STORE"] = str(RESULTS)  # where erasure finds them; one for each service


class Untimed:
    """Stands where BentoML bounds the time of a request; ours are bounded by ``serving``.

    BentoML's (1.4.39) keeps a timer of each request until its time is over, answered or not: at a
    hundred requests a second ten thousand of them, with what hangs on them.
    """

    def __init__(self, app: ASGIApp, timeout: float) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        await self.app(scope, receive, send)


traffic.TimeoutMiddleware = Untimed


class Mounted:
    """The mounted application; empty until the worker has opened what it needs.

    ``behind`` is BentoML's own.
    """

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.behind: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request over."""
        if self.app is None:
            raise RuntimeError("a request came before the worker started")
        await self.app(scope, receive, send)


MOUNTED = Mounted()


class OursFirst:
    """Middleware that hands every request to the mounted application, never to BentoML's own.

    BentoML's routes ask for no key, and they stand before the mount.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        MOUNTED.behind = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose who answers."""
        await (MOUNTED if scope["type"] == "http" else self.app)(scope, receive, send)


@bentoml.asgi_app(MOUNTED, path="/")
class Service:
    """Recommendations, sharing and portraits for social commerce."""

    def __init__(self) -> None:
        from features.store import open_store
        from serving.app import build
        from serving.native import Native
        from serving.resources import Resources
        from serving.slow import cut_slow_heads

        own = logging.getLogger("huoren")
        own.handlers = logging.getLogger("bentoml").handlers
        own.setLevel(logging.INFO)
        own.propagate = False
        cut_slow_heads(SETTINGS.limits.upload_seconds)
        self.parent = os.getppid()
        store = open_store(SETTINGS.home, SETTINGS.zone, place=SETTINGS.store)
        self.resources = Resources.around(SETTINGS, store)
        self.resources.start()
        self.native = Native(MOUNTED.behind)
        MOUNTED.app = build(self.resources, self.native.routes(self.resources))
        threading.Thread(target=self._leave_with_parent, daemon=True).start()

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def prepare() -> None:
        """Set, before any worker starts, what its libraries read when they are imported."""
        os.environ["BENTOML_DO_NOT_TRACK"] = "true"
        for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # one core for each worker
            os.environ.setdefault(f"{library}_NUM_THREADS", "1")
        RESULTS.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    @bentoml.task  # type: ignore[untyped-decorator]
    async def score(self, model: str, user_ids: list[str]) -> dict[str, Any]:
        """Scores of a model for a list of people."""
        answer = await self.native.score(self.resources, model, user_ids)
        return cast("dict[str, Any]", answer)  # BentoML hands a Response on as it is

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    def freeze(self) -> None:
        """Keep what is there now out of garbage collection."""
        gc.collect()
        gc.freeze()

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def close(self) -> None:
        """Let tasks end, write what waits and release the store."""
        await self.native.settle()
        self.resources.close()

    def _leave_with_parent(self) -> None:
        """End when the process that started this one is gone, so that no orphan keeps the port."""
        while os.getppid() == self.parent:
            time.sleep(1.0)
        _LOG.warning("the starting process is gone; this worker ends")
        os.kill(os.getpid(), 15)


Huoren = bentoml.service(
    Service,
    name="huoren",
    workers=SETTINGS.workers,
    traffic={"timeout": 120},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ".*"},
    http={"host": SETTINGS.host, "port": SETTINGS.port or 3000},
)
Huoren.add_asgi_middleware(OursFirst)
