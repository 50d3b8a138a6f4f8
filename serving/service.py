"""The BentoML service; nothing else imports bentoml.

BentoML owns processes, sockets and life cycle. The routes are an ASGI application mounted in it,
because its own path for a request costs several times more: tracing (always installed) is told to
skip every URL, the access log and its metrics are off, and what stands in memory after warm-up is
frozen out of garbage collection. Its usage reports are off.

``huoren serve`` runs this; so does ``bentoml serve serving.service:Huoren`` with ``HUOREN_HOME``
set.
"""

import gc
import logging
import os
import threading
import time

import bentoml
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.settings import Settings

_LOG = logging.getLogger("huoren.serving")
_HEALTH = frozenset({"/livez", "/readyz"})
SETTINGS = Settings.from_environment(os.environ)


class Mounted:
    """The mounted application; empty until the worker has opened what it needs."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request over."""
        if self.app is None:
            raise RuntimeError("a request came before the worker started")
        await self.app(scope, receive, send)


MOUNTED = Mounted()


class HealthFirst:
    """Middleware that answers health routes from the mounted application, before BentoML's own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose who answers."""
        own = scope["type"] == "http" and scope["path"] in _HEALTH
        await (MOUNTED if own else self.app)(scope, receive, send)


@bentoml.asgi_app(MOUNTED, path="/")
class Service:
    """Recommendations, sharing and portraits for social commerce."""

    def __init__(self) -> None:
        from features.store import open_store
        from serving.app import build
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
        MOUNTED.app = build(self.resources)
        threading.Thread(target=self._leave_with_parent, daemon=True).start()

    @staticmethod
    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    def prepare() -> None:
        """Set, before any worker starts, what its libraries read when they are imported."""
        os.environ["BENTOML_DO_NOT_TRACK"] = "true"
        for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # one core for each worker
            os.environ.setdefault(f"{library}_NUM_THREADS", "1")

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    def freeze(self) -> None:
        """Keep what is there now out of garbage collection."""
        gc.collect()
        gc.freeze()

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def close(self) -> None:
        """Write what waits and release the store."""
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
Huoren.add_asgi_middleware(HealthFirst)
