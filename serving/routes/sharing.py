"""Sharing: whom to share an item with, what to share with a friend, whether to ask for it now."""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from features.clock import format_instant
from recsys.query import PromptQuery, ShareAnswer, ShareItemsQuery, ShareQuery
from serving.asking import Asking
from serving.errors import Refusal
from serving.routes.feed import given
from serving.social import (
    ChanceGiven,
    HeldBack,
    PromptReply,
    PromptRequest,
    ShareItemGiven,
    ShareItemsReply,
    ShareItemsRequest,
    ShareReply,
    ShareRequest,
    ShareTargetGiven,
)


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
        held=_held(asking, answer.held),
    )


def share_items(asking: Asking) -> ShareItemsReply:
    """Answer with items to share with a friend."""
    asked: ShareItemsRequest = asking.body
    models = asking.resources.loading.require()
    query = ShareItemsQuery(asked.user_id, asked.peer_id, asked.k, asking.at_us)
    answer = models.share_items.recommend(query, asking.resources.store)
    items = [ShareItemGiven(one.item_id, one.score, given(one.reasons)) for one in answer.items]
    return ShareItemsReply(**asking.head(models), items=items, held=_held(asking, answer.held))


def decide(asking: Asking) -> PromptReply:
    """Answer whether to show a share prompt now."""
    asked: PromptRequest = asking.body
    models = asking.resources.loading.require()
    query = PromptQuery(asked.user_id, asked.item_id, asked.surface, asking.at_us)
    answer = models.prompting.decide(query, asking.resources.store, asking.resources.ledger)
    chance = answer.chance
    return PromptReply(
        **asking.head(models),
        show=answer.show,
        why=answer.why,
        next_allowed_at=None if answer.next_us is None else format_instant(answer.next_us),
        propensity=ChanceGiven(chance.p, chance.low, chance.high) if chance else None,
        degraded=asking.count(answer.degraded),
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


def _held(asking: Asking, held: Sequence[tuple[str, str]]) -> list[HeldBack] | UnsetType:
    """Who is held back and why, for operators."""
    if "admin" not in asking.caller.scopes:
        return UNSET
    return [HeldBack(name, why) for name, why in held]
