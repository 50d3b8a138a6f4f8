"""What a shop decides about its feed: caps, diversity, exploration, floors, boosts, blocks.

Read from ``feed.toml`` in the home, so that it changes without training. Nothing in it can change a
price or depend on one person.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from features.errors import InputError, UnknownName

LARGEST_BOOST = 0.5
"""What a boost may add at most, in units of the spread between the best and the last candidate."""

WORTH: Mapping[str, float] = MappingProxyType({"target": 1.0, "dislike": -1.0})
"""What outcomes are worth where a shop decided nothing: the target, and no annoyance."""

OUTCOMES = ("target", "click", "cart", "order", "share", "dislike")
"""What may be worth something."""


@dataclass(frozen=True)
class Boost:
    """A push for some items.

    Parameters
    ----------
    what : str
        ``item``, ``category``, ``brand``, ``shop`` or ``kind``.
    name : str
        Which of them.
    lift : float
        Added to the score, as a part of the spread of scores; from −0.5 to 0.5.
    """

    what: Literal["item", "category", "brand", "shop", "kind"]
    name: str
    lift: float


@dataclass(frozen=True)
class FeedPolicy:
    """Rules of a shop for its feed.

    Parameters
    ----------
    most_of_shop, most_of_category, most_of_kind : float
        Largest part of a page that one shop, category or kind may fill; 1: no cap.
    worth : mapping of str to float
        What a click, cart, order, share, dislike, and the ``target`` that the feed is trained to
        bring about, are worth to the shop, for one item that is shown.
    diversity : float
        Weight of unlikeness to what stands above, against the score; 0: none.
    explore_every : int
        Each so-manieth place may be given to a new item; 0: none.
    explore_chance : float
        With which probability it is.
    new_days : float
        How long after its listing an item or a shop counts as new.
    tail_share, new_shop_share : float
        Smallest part of a page for items outside the head, and for items of new shops.
    head_share : float
        The most sold items that together have this part of all sales are the head.
    boosted_share : float
        Largest part of a page that boosts may move up.
    boosts : tuple of Boost
        Pushes.
    blocked_items, blocked_shops, blocked_categories : tuple of str
        Shown to nobody.
    adult_categories : tuple of str
        Not shown to minors.
    minor_kinds : tuple of str
        Kinds that are not shown to minors.

    Raises
    ------
    InputError
        When a share is not within 0 to 1 or a boost is beyond its limit.

    Examples
    --------
    >>> FeedPolicy(boosts=(Boost("shop", "s1", 3.0),))
    Traceback (most recent call last):
    features.errors.InputError: a boost beyond its limit (expected -0.5 <= lift <= 0.5; got 3 ...
    """

    most_of_shop: float = 0.5
    most_of_category: float = 1.0
    most_of_kind: float = 1.0
    worth: Mapping[str, float] = field(default_factory=lambda: dict(WORTH))
    diversity: float = 0.0
    explore_every: int = 10
    explore_chance: float = 0.1
    new_days: float = 30.0
    tail_share: float = 0.0
    new_shop_share: float = 0.0
    head_share: float = 0.8
    boosted_share: float = 0.2
    boosts: tuple[Boost, ...] = ()
    blocked_items: tuple[str, ...] = ()
    blocked_shops: tuple[str, ...] = ()
    blocked_categories: tuple[str, ...] = ()
    adult_categories: tuple[str, ...] = ()
    minor_kinds: tuple[str, ...] = ("bargain", "lottery", "credit", "distribution")

    def __post_init__(self) -> None:
        shares = {
            name: value
            for name, value in vars(self).items()
            if name.startswith("most_of") or name.endswith(("_share", "_chance"))
        }
        for name, value in shares.items():
            if not 0.0 <= value <= 1.0:
                raise InputError(
                    f"{name} is no share", expected=f"0 <= {name} <= 1", got=f"{value:g}"
                )
        for name in ("diversity", "new_days", "explore_every"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is negative", expected=f"{name} >= 0")
        for name in self.worth:
            if name not in OUTCOMES:
                raise UnknownName.among("outcome", name, OUTCOMES)
        for boost in self.boosts:
            if not abs(boost.lift) <= LARGEST_BOOST:
                raise InputError(
                    "a boost beyond its limit",
                    expected=f"{-LARGEST_BOOST} <= lift <= {LARGEST_BOOST}",
                    got=f"{boost.lift:g} for {boost.what} {boost.name}",
                )


USUAL = FeedPolicy()
"""What holds where a shop decided nothing."""

PLAIN = FeedPolicy(most_of_shop=1.0, explore_every=0)
"""Nothing but the ranking."""


def read(path: Path) -> FeedPolicy:
    """Read a TOML file; the default where there is none.

    Raises
    ------
    InputError
        When the file is no TOML, or a value is of the wrong type or out of bounds.
    UnknownName
        When a key is unknown; the message names the nearest.
    """
    if not path.is_file():
        return FeedPolicy()
    try:
        given = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read", expected="TOML", got=str(error)) from error
    return of(given)


def of(given: Mapping[str, Any]) -> FeedPolicy:
    """A policy from plain values; what they leave out has its default.

    Examples
    --------
    >>> of({"most_of_shop": 0.25}).most_of_shop
    0.25
    >>> of({"most_of_shops": 1})
    Traceback (most recent call last):
    features.errors.UnknownName: unknown setting 'most_of_shops'; next: use one of: most_of_shop...
    """
    plain = asdict(FeedPolicy())
    for key in given:
        if key not in plain:
            raise UnknownName.among("setting", key, plain)
    try:
        return msgspec.convert(dict(given), FeedPolicy)
    except msgspec.ValidationError as error:
        raise InputError("a setting of the feed has a wrong value", got=str(error)) from error
