"""``POST /v1/events``: what happened, durable before it is acknowledged; Segment's calls too."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from features import identities
from features.errors import InputError
from features.events import ANONYMOUS_PREFIX, GROUP_UPDATED, SHARED, Event
from features.ingest.parse import parse_event
from features.store import Store
from features.store.contacts import Ledger
from recsys.people.communities import RECIPIENT
from recsys.sharing import CHANNEL
from serving.asking import Asking
from serving.schemas import EventsReply, EventsRequest, RejectedEvent, SegmentBatch, SegmentReply

ACTS = frozenset({"track", "page", "screen"})
"""Types of calls that tell what somebody did; the others say who is who, which takes a key."""

TOLD_BY_THE_SHOP = frozenset({*identities.EVENTS, GROUP_UPDATED})
"""Events that say who is who, or what a group is."""


def about(asking: Asking) -> Iterator[str | None]:
    """Who is said to have done it; nobody where a call says who is who."""
    for raw in _raws(asking.body):
        acts = raw.get("type", "track") in ACTS and raw.get("event") not in TOLD_BY_THE_SHOP
        person = raw.get("user_id") or raw.get("userId")
        anonymous = raw.get("anonymous_id") or raw.get("anonymousId")
        if person is None and isinstance(anonymous, str):
            person = ANONYMOUS_PREFIX + anonymous
        yield person if acts and isinstance(person, str) else None


def _raws(body: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(body, EventsRequest):
        return body.events
    return body.batch if isinstance(body, SegmentBatch) else [body]


async def events(asking: Asking) -> EventsReply:
    """Take a batch; the good ones are kept even where others are not."""
    asked: EventsRequest = asking.body
    return EventsReply(**await _take(asking, asked.events))


async def track(asking: Asking) -> SegmentReply:
    """Take one event."""
    return SegmentReply(**await _take(asking, [asking.body]))


async def identify(asking: Asking) -> SegmentReply:
    """Take what says that a visitor is a person."""
    return SegmentReply(**await _take(asking, [{**asking.body, "type": "identify"}]))


async def alias(asking: Asking) -> SegmentReply:
    """Take what says that two ids are one person."""
    return SegmentReply(**await _take(asking, [{**asking.body, "type": "alias"}]))


async def batch(asking: Asking) -> SegmentReply:
    """Take a batch whose context stands once for all."""
    asked: SegmentBatch = asking.body
    raws = [
        {**raw, "context": {**asked.context, **_mapping(raw.get("context"))}} for raw in asked.batch
    ]
    return SegmentReply(**await _take(asking, raws))


async def _take(asking: Asking, raws: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Parse, append, count; fields of the answer."""
    taken: dict[int, Sequence[Event]] = {}
    rejected: list[RejectedEvent] = []
    for index, raw in enumerate(raws):
        parsed = parse_event(raw, asking.at_us)
        if parsed.events:
            taken[index] = parsed.events
        else:
            rejected.append(RejectedEvent(index, "; ".join(map(str, parsed.faults))))
    accepted, duplicates, refused = await asyncio.to_thread(_append, asking.resources.store, taken)
    refused_ones = {one.index for one in refused}
    kept = [one for index, lines in taken.items() if index not in refused_ones for one in lines]
    if sent := [one for one in kept if one.event == SHARED and (one.peer_id or one.community_id)]:
        await asyncio.to_thread(_charge, asking.resources.ledger, sent)
    rejected = sorted([*rejected, *refused], key=lambda one: one.index)
    count = asking.resources.metrics.events.labels
    count("accepted").inc(accepted)
    count("duplicate").inc(duplicates)
    count("rejected").inc(len(rejected))
    return {
        **asking.head(None),
        "accepted": accepted,
        "duplicates": duplicates,
        "rejected": rejected,
    }


def _append(
    store: Store, taken: Mapping[int, Sequence[Event]]
) -> tuple[int, int, list[RejectedEvent]]:
    """Append all at once; where the store refuses one of them, one by one."""
    if not taken:
        return 0, 0, []
    try:
        done = store.append([line for lines in taken.values() for line in lines])
    except InputError as error:
        if len(taken) == 1:
            return 0, 0, [RejectedEvent(index, str(error)) for index in taken]
        parts = [_append(store, {index: lines}) for index, lines in taken.items()]
        return (
            sum(part[0] for part in parts),
            sum(part[1] for part in parts),
            [one for part in parts for one in part[2]],
        )
    return done.accepted, done.duplicates, []


def _charge(ledger: Ledger, sent: Sequence[Event]) -> None:
    """Note that people were asked; what is sent again counts once."""
    for one in sent:
        if one.peer_id and one.peer_id != one.user_id:
            ledger.charge(one.user_id, one.peer_id, CHANNEL, one.at_us, one.message_id)
        elif one.community_id:
            recipient = RECIPIENT + one.community_id
            ledger.charge(one.user_id, recipient, CHANNEL, one.at_us, one.message_id)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
