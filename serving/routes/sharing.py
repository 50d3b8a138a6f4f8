"""``POST /v1/share-targets``: whom to share an item with."""

from recsys.query import ShareAnswer, ShareQuery
from serving.asking import Asking
from serving.errors import Refusal
from serving.routes.feed import given
from serving.social import ShareReply, ShareRequest, ShareTargetGiven


def about(asking: Asking) -> tuple[str, ...]:
    """Who shares."""
    return (asking.body.user_id,)


def share_targets(asking: Asking) -> ShareReply:
    """Answer with people to share with; it recommends, it never sends."""
    asked: ShareRequest = asking.body
    models = asking.resources.loading.require()
    members = _members(asking, asked)
    query = ShareQuery(
        asked.user_id,
        asked.item_id,
        asked.k,
        asking.at_us,
        asked.purpose,
        asked.surface,
        members or frozenset(),
    )
    if members is None:
        answer = ShareAnswer((), held_back=0)
    else:
        answer = models.sharing.targets(query, asking.resources.store, asking.resources.ledger)
    degraded = asking.count(answer.degraded + models.interpreted)
    return ShareReply(
        **asking.head(models),
        degraded=degraded,
        targets=[
            ShareTargetGiven(target.kind, target.id, target.score, given(target.reasons))
            for target in answer.targets
        ],
        held_back=answer.held_back,
    )


def _members(asking: Asking, asked: ShareRequest) -> frozenset[str] | None:
    """Who is in the group buy that is asked about; None: nobody can join it any more."""
    name = asked.group_buy_id
    if name is None:
        return frozenset()
    group = asking.resources.store.group_buys([name]).get(name)
    if group is None:
        raise Refusal("unknown-group-buy", f"nothing was told of {name!r}")
    return frozenset(group.joined) if group.open(asking.at_us) else None
