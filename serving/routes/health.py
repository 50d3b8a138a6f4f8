"""Health, metrics, and what the service says about itself."""

from starlette.responses import Response

from features.clock import format_instant
from serving.asking import Asking
from serving.endpoint import encoded
from serving.errors import KINDS, Refusal
from serving.resources import worker
from serving.schemas import Alive, Meaning, Ready

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def livez(asking: Asking) -> Alive:
    """Say that the process answers."""
    return Alive()


def readyz(asking: Asking) -> Response:
    """Say whether this worker answers recommendations; 503 when it does not."""
    loading = asking.resources.loading
    models = loading.models
    document = Ready(
        ready=models is not None,
        worker=worker(),
        model_version=models.version if models else None,
        as_of=format_instant(models.as_of_us) if models else None,
        refused=loading.refused,
    )
    return encoded(document, 200 if models else 503)


def metrics(asking: Asking) -> Response:
    """Give the metrics of all workers."""
    return Response(asking.resources.metrics.text(), media_type=_PROMETHEUS)


def meaning(asking: Asking) -> Meaning:
    """Explain a kind of problem."""
    word = asking.path["word"]
    if word not in KINDS:
        raise Refusal("not-found", f"no kind of problem is called {word!r}")
    kind = KINDS[word]
    return Meaning(f"/problems/{word}", kind.title, kind.status, kind.meaning)
