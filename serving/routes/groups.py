"""``/v1/group-buys``: what the shop says of one, which to join or to start, whether one fills."""

import asyncio
from uuid import uuid4

from features import events as e
from features.clock import format_instant
from features.errors import InputError
from features.events import Event
from features.groupbuys import OPEN, GroupBuy
from features.store import Store
from recsys.query import Forecast, GroupQuery, OpenGroup
from recsys.reasons import DRIVERS
from serving import money
from serving.asking import Asking
from serving.errors import Refusal, invalid
from serving.instants import to_us
from serving.routes.feed import given
from serving.schemas import ReasonText
from serving.social import (
    Driver,
    ForecastGiven,
    ForecastReply,
    GroupBuyReply,
    GroupBuyRequest,
    LaunchItemGiven,
    LaunchReply,
    OpenGroupGiven,
    OpenGroupsReply,
)

TOLD = 5
"""Drivers that are told of a forecast."""


def about(asking: Asking) -> tuple[str, ...]:
    """Who asks."""
    return (asking.body.user_id,)


def to_join(asking: Asking) -> OpenGroupsReply:
    """Answer with group buys that somebody may join."""
    models, query = asking.resources.loading.require(), _query(asking)
    answer = models.group_buys.open(query, asking.resources.store, asking.resources.groups)
    return OpenGroupsReply(
        **asking.head(models),
        personalized=answer.personalized,
        degraded=asking.count(answer.degraded),
        groups=[_open(one) for one in answer.groups],
    )


def to_launch(asking: Asking) -> LaunchReply:
    """Answer with items that somebody should start a group buy for."""
    models, query = asking.resources.loading.require(), _query(asking)
    answer = models.group_buys.launch(query, asking.resources.store, asking.resources.groups)
    return LaunchReply(
        **asking.head(models),
        personalized=answer.personalized,
        degraded=asking.count(answer.degraded),
        items=[LaunchItemGiven(one.item_id, one.score, given(one.reasons)) for one in answer.items],
    )


def forecast(asking: Asking) -> ForecastReply:
    """Answer with the chance that a group buy fills."""
    models, store, name = (
        asking.resources.loading.require(),
        asking.resources.store,
        asking.path["id"],
    )
    group = store.group_buys([name]).get(name)
    if group is None:
        raise Refusal("unknown-group-buy", f"nothing was told of {name!r}")
    found = models.group_buys.forecast(group, store, asking.at_us)
    said = _forecast(found)
    return ForecastReply(
        **asking.head(models),
        group_buy_id=name,
        status=group.status,
        degraded=asking.count(found.degraded),
        p_success=said.p_success,
        low=said.low,
        high=said.high,
        drivers=said.drivers,
    )


def _query(asking: Asking) -> GroupQuery:
    return GroupQuery(asking.body.user_id, asking.body.k, asking.at_us)


def _open(one: OpenGroup) -> OpenGroupGiven:
    group = one.group
    return OpenGroupGiven(
        group.group_buy_id,
        group.item_id,
        one.score,
        one.friends,
        group.missing,
        _price(group),
        _end(group),
        _forecast(one.forecast),
        given(one.reasons),
    )


def _forecast(found: Forecast) -> ForecastGiven:
    drivers = [
        Driver(code, effect, ReasonText(*DRIVERS[code])) for code, effect in found.drivers[:TOLD]
    ]
    return ForecastGiven(found.p, found.low, found.high, drivers)


def _price(group: GroupBuy) -> str | None:
    return None if group.price_fen is None else money.yuan(group.price_fen)


def _end(group: GroupBuy) -> str | None:
    return None if group.expires_us is None else format_instant(group.expires_us)


async def put_group_buy(asking: Asking) -> GroupBuyReply:
    """Tell what a group buy is now; a field left out stays as it was."""
    name, asked = asking.path["id"], asking.body
    group = await asyncio.to_thread(_told, asking, _event(name, asked, asking.at_us))
    return GroupBuyReply(
        **asking.head(None),
        group_buy_id=name,
        open=group.open(asking.at_us),
        item_id=group.item_id,
        starter_id=group.starter_id,
        size=group.size,
        members=group.members,
        price=_price(group),
        status=group.status,
        expires_at=_end(group),
    )


def _event(name: str, asked: GroupBuyRequest, at_us: int) -> Event:
    try:
        price = None if asked.price is None else money.fen(asked.price)
    except InputError as error:
        raise invalid("price", str(error)) from None
    return Event(
        message_id=str(uuid4()),
        event=e.GROUP_UPDATED,
        at_us=at_us,
        received_us=at_us,
        user_id=asked.starter_id,
        group_buy_id=name,
        item_id=asked.item_id,
        size=asked.size,
        price_fen=price,
        expires_us=None if asked.expires_at is None else to_us(asked.expires_at),
        quantity=asked.members,
        reason=asked.status or OPEN,
    )


def _told(asking: Asking, event: Event) -> GroupBuy:
    store: Store = asking.resources.store
    if not store.wait_applied(store.append([event]).last_seq):
        raise Refusal("store-unavailable", "it is written down, but not in force yet")
    asking.resources.groups.follow(store)
    (group,) = store.group_buys([event.group_buy_id or ""]).values()
    return group
