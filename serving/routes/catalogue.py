"""``/v1/items`` and ``/v1/ties``: the live catalogue and who is tied to whom."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from msgspec import UNSET

from features.clock import format_instant
from features.controls import MUTUAL
from features.errors import InputError
from features.store import Item, Store, Tie
from serving import money
from serving.asking import Asking
from serving.errors import Refusal, invalid
from serving.instants import to_us
from serving.schemas import (
    ItemChange,
    ItemReply,
    ItemRequest,
    ItemsRequest,
    TieRequest,
    TiesRequest,
    WrittenReply,
)


async def put_items(asking: Asking) -> WrittenReply:
    """Add or replace items."""
    asked: ItemsRequest = asking.body
    items = [_item(item, f"items[{index}]") for index, item in enumerate(asked.items)]
    await asyncio.to_thread(asking.resources.store.put_items, items)
    return WrittenReply(**asking.head(None), written=len(items))


async def patch_item(asking: Asking) -> ItemReply:
    """Change what is known of one item."""
    item_id, asked = asking.path["id"], asking.body
    item = await asyncio.to_thread(_patched, asking.resources.store, item_id, _fields(asked))
    return ItemReply(
        **asking.head(None),
        item_id=item_id,
        price=None if item.price_fen is None else money.yuan(item.price_fen),
        stock=item.stock,
        status=item.status,
        expires_at=None if item.expires_us is None else format_instant(item.expires_us),
    )


async def put_ties(asking: Asking) -> WrittenReply:
    """Add or replace ties."""
    asked: TiesRequest = asking.body
    ties = [row for index, tie in enumerate(asked.ties) for row in _ties(tie, index)]
    await asyncio.to_thread(asking.resources.store.put_ties, ties)
    return WrittenReply(**asking.head(None), written=len(ties))


def _item(asked: ItemRequest, place: str) -> Item:
    return Item(
        item_id=asked.item_id,
        kind=asked.kind,
        title=asked.title,
        category=asked.category,
        category_path=asked.category_path,
        brand=asked.brand,
        shop=asked.shop,
        price_fen=_price(asked.price, f"{place}.price"),
        list_price_fen=_price(asked.list_price, f"{place}.list_price"),
        currency=asked.currency,
        stock=asked.stock,
        status=asked.status,
        listed_us=_instant(asked.listed_at),
        expires_us=_instant(asked.expires_at),
        style_tags=asked.style_tags,
    )


def _fields(asked: ItemChange) -> dict[str, object]:
    """Columns that change, and to what."""
    fields: dict[str, object] = {}
    if asked.price is not UNSET:
        fields["price_fen"] = _price(asked.price, "price")
    if asked.stock is not UNSET:
        fields["stock"] = asked.stock
    if asked.status is not UNSET:
        fields["status"] = asked.status
    if asked.expires_at is not UNSET:
        fields["expires_us"] = _instant(asked.expires_at)
    if not fields:
        raise invalid("(body)", "nothing to change; give price, stock, status or expires_at")
    return fields


def _patched(store: Store, item_id: str, fields: Mapping[str, object]) -> Item:
    if store.item(item_id) is None:
        raise Refusal("unknown-item", f"there is no item {item_id!r}")
    if not store.wait_applied(store.patch_item(item_id, fields)):
        raise Refusal("store-unavailable", "it is written down, but not in force yet")
    return store.item(item_id) or Item(item_id=item_id)


def _ties(asked: TieRequest, index: int) -> list[Tie]:
    if asked.user_id == asked.peer_id:
        raise invalid(f"ties[{index}].peer_id", "the same person as user_id")
    there = Tie(user_id=asked.user_id, peer_id=asked.peer_id, tie_type=asked.tie_type)
    if asked.tie_type not in MUTUAL:
        return [there]
    back = Tie(user_id=asked.peer_id, peer_id=asked.user_id, tie_type=asked.tie_type)
    return [there, back]


def _price(yuan: float | str | None, place: str) -> int | None:
    try:
        return None if yuan is None else money.fen(yuan)
    except InputError as error:
        raise invalid(place, str(error)) from None


def _instant(moment: datetime | None) -> int | None:
    return None if moment is None else to_us(moment)
