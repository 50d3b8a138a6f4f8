"""People, items and ties as the live store takes them; fields are columns of the tables.

A record is a whole row of ``features.tables``: what is None is unknown. Ids are external strings,
money is in the currency's minor unit (fen), instants are microseconds UTC.
"""

import msgspec

from features.online import ItemFacts


class User(msgspec.Struct, omit_defaults=True, kw_only=True, frozen=True, gc=False):
    """One row of ``users``, in force from ``valid_from_us`` (0: when the store takes it)."""

    user_id: str
    valid_from_us: int = 0
    registered_us: int | None = None
    gender: str | None = None
    birth_year: int | None = None
    city: str | None = None
    city_tier: str | None = None
    member_level: str | None = None
    consents: list[str] | None = None
    extra: str | None = None


class Item(msgspec.Struct, omit_defaults=True, kw_only=True, frozen=True, gc=False):
    """One row of ``items``, in force from ``valid_from_us`` (0: when the store takes it)."""

    item_id: str
    valid_from_us: int = 0
    kind: str | None = None
    title: str | None = None
    category: str | None = None
    category_path: str | None = None
    brand: str | None = None
    shop: str | None = None
    price_fen: int | None = None
    list_price_fen: int | None = None
    currency: str | None = None
    stock: int | None = None
    status: str | None = None
    listed_us: int | None = None
    expires_us: int | None = None
    style_tags: list[str] | None = None
    extra: str | None = None

    @property
    def facts(self) -> ItemFacts:
        """What an event borrows from the item.

        Examples
        --------
        >>> Item(item_id="i1", category="tea", price_fen=990).facts
        ItemFacts(category='tea', brand=None, shop=None, price_fen=990, listed_us=None)
        """
        return ItemFacts(self.category, self.brand, self.shop, self.price_fen, self.listed_us)


class Tie(msgspec.Struct, omit_defaults=True, kw_only=True, frozen=True, gc=False):
    """One row of ``ties``; those of ``features.controls.MUTUAL`` types hold both ways."""

    user_id: str
    peer_id: str
    tie_type: str
    since_us: int | None = None
    source: str | None = None
    extra: str | None = None
