"""``POST /v1/feed``: a personal list, page by page."""

import math
import time
from collections.abc import Sequence

from msgspec import UNSET
from xxhash import xxh64_intdigest

from features.clock import DAY_US, HOUR_US
from features.errors import InputError
from features.events import ANONYMOUS_PREFIX, KINDS
from features.online import Act
from recsys import reasons
from recsys.query import FeedAnswer, FeedQuery, Reason
from serving import cursor, money
from serving.asking import Asking
from serving.errors import invalid
from serving.impressions import Shown
from serving.instants import to_us
from serving.schemas import (
    Explanation,
    FeedItemGiven,
    FeedReply,
    FeedRequest,
    Filters,
    ReasonGiven,
    ReasonText,
)

EARLIEST_US = DAY_US
LATEST_US = 30 * DAY_US
"""How far ``context.at`` may lie before and after the service's time."""


def feed(asking: Asking) -> FeedReply:
    """Answer with a personal list and write down what was shown."""
    asked: FeedRequest = asking.body
    models = asking.resources.loading.require()
    person = _person(asked)
    earlier = _earlier(person, asked.cursor)
    query = _query(asking, person, earlier)
    began_ns = time.time_ns()
    answer = models.feed.recommend(query, asking.resources.store)
    asking.staged(began_ns, answer.milliseconds)
    shown = Shown.of(
        asking.request_id, person, query.at_us, query.scene, models.version, len(earlier), answer
    )
    asking.resources.impressions.add(shown)
    asking.resources.metrics.listed(answer.milliseconds, answer.candidates)
    degraded = asking.count(answer.degraded + models.interpreted)
    return FeedReply(
        **asking.head(models),
        personalized=answer.personalized,
        known_user=answer.known_user,
        degraded=degraded,
        cursor=_next(person, asked.k, earlier, answer),
        items=_items(answer, explain=asked.explain),
        emptied_by=answer.emptied_by,
        explanation=_explanation(answer) if asked.explain else UNSET,
    )


def about(asking: Asking) -> tuple[str, ...]:
    """Whose list it is."""
    return (_person(asking.body),)


def given(found: Sequence[Reason]) -> list[ReasonGiven]:
    """Reasons with their texts."""
    return [
        ReasonGiven(reason.code, ReasonText(**reasons.text(reason)), reason.count)
        for reason in found
    ]


def _person(asked: FeedRequest) -> str:
    if asked.user_id is not None:
        return asked.user_id
    if asked.anonymous_id is not None:
        return ANONYMOUS_PREFIX + asked.anonymous_id
    raise invalid("user_id", "missing; give user_id or anonymous_id")


def _earlier(person: str, given_cursor: str | None) -> tuple[str, ...]:
    if given_cursor is None:
        return ()
    try:
        return cursor.read(person, given_cursor)
    except InputError as error:
        raise invalid("cursor", str(error)) from None


def _query(asking: Asking, person: str, earlier: tuple[str, ...]) -> FeedQuery:
    asked: FeedRequest = asking.body
    context, arrived_us = asked.context, asking.at_us
    at_us = arrived_us if context.at is None else to_us(context.at)
    if not -EARLIEST_US <= at_us - arrived_us <= LATEST_US:
        raise invalid("context.at", "more than a day before or 30 days after the service's time")
    told = {
        name: value
        for name in ("city", "network", "channel", "entry", "place_type")
        if (value := getattr(context, name)) is not None
    }
    return FeedQuery(
        user_id=person,
        k=asked.k,
        at_us=at_us,
        scene=asked.scene,
        context=told,
        category=frozenset(asked.filters.category),
        kind=frozenset(asked.filters.kind),
        price_max_fen=_price_max(asked.filters),
        exclude=frozenset(asked.exclude).union(earlier),
        recent=_recent(asked, at_us),
        personalized=asked.personalized,
        explain=asked.explain,
        groups=asking.resources.groups,
        seed=xxh64_intdigest(asking.request_id.encode()),
        deadline_s=asking.arrived_s + asking.resources.settings.limits.answer_seconds,
    )


def _price_max(filters: Filters) -> int | None:
    try:
        return None if filters.price_max is None else money.fen(filters.price_max)
    except InputError as error:
        raise invalid("filters.price_max", str(error)) from None


def _recent(asked: FeedRequest, at_us: int) -> tuple[Act, ...]:
    acts = []
    for index, act in enumerate(asked.recent):
        if act.event not in KINDS:
            raise invalid(f"recent[{index}].event", "no event of the vocabulary")
        when = to_us(act.at)
        if when > at_us + HOUR_US:
            raise invalid(f"recent[{index}].at", "more than an hour after the request")
        acts.append(Act(min(when, at_us), act.event, act.item_id, act.peer_id or ""))
    return tuple(sorted(acts))


def _next(person: str, k: int, earlier: tuple[str, ...], answer: FeedAnswer) -> str | None:
    """Cursor after this page; None where the list ended."""
    if len(answer.items) < k:
        return None
    return cursor.write(person, [*earlier, *(item.item_id for item in answer.items)])


def _items(answer: FeedAnswer, *, explain: bool) -> list[FeedItemGiven]:
    items = [
        FeedItemGiven(item.item_id, item.score, item.sources, given(item.reasons))
        for item in answer.items
    ]
    if explain and len(answer.features):
        for item, row in zip(items, answer.features.tolist(), strict=True):
            item.features = {
                name: value if math.isfinite(value) else None
                for name, value in zip(answer.feature_names, row, strict=True)
            }
    return items


def _explanation(answer: FeedAnswer) -> Explanation:
    return Explanation(dict(answer.proposed), dict(answer.removed), dict(answer.milliseconds))
