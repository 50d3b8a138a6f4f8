"""``POST /v1/share-targets``: whom to share an item with."""

from recsys.query import ShareQuery
from serving.asking import Asking
from serving.routes.feed import given
from serving.schemas import ShareReply, ShareRequest, ShareTargetGiven


def about(asking: Asking) -> tuple[str, ...]:
    """Who shares."""
    return (asking.body.user_id,)


def share_targets(asking: Asking) -> ShareReply:
    """Answer with people to share with; it recommends, it never sends."""
    asked: ShareRequest = asking.body
    models = asking.resources.loading.require()
    query = ShareQuery(
        asked.user_id, asked.item_id, asked.k, asking.at_us, asked.purpose, asked.surface
    )
    answer = models.sharing.targets(query, asking.resources.store, asking.resources.ledger)
    degraded = answer.degraded + models.interpreted
    for part in degraded:
        asking.resources.metrics.degraded.labels(part).inc()
    return ShareReply(
        **asking.head(models),
        degraded=degraded,
        targets=[
            ShareTargetGiven(target.kind, target.id, target.score, given(target.reasons))
            for target in answer.targets
        ],
        held_back=answer.held_back,
    )
