"""``/v1/group-buys/{id}``: a group buy as the shop knows it now."""

import asyncio
from uuid import uuid4

from features import events as e
from features.clock import format_instant
from features.errors import InputError
from features.events import Event
from features.groupbuys import OPEN, GroupBuy
from features.store import Store
from serving import money
from serving.asking import Asking
from serving.errors import Refusal, invalid
from serving.instants import to_us
from serving.schemas import GroupBuyReply, GroupBuyRequest


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
        price=None if group.price_fen is None else money.yuan(group.price_fen),
        status=group.status,
        expires_at=None if group.expires_us is None else format_instant(group.expires_us),
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
