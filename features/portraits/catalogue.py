"""All tags. To add one: add an entry to the table of its family and its counters' phrases."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from features.errors import DeclarationError, UnknownName
from features.portraits import affinity, demo, life, price, social, timing
from features.portraits.tag import Tag


def indexed(tags: Iterable[Tag]) -> Mapping[str, Tag]:
    """Tags by name.

    Raises
    ------
    DeclarationError
        When two have one name.
    """
    found: dict[str, Tag] = {}
    for tag in tags:
        if tag.name in found:
            raise DeclarationError(f"{tag.name} is declared twice", next_step="rename one")
        found[tag.name] = tag
    return MappingProxyType(found)


TAGS = indexed((
    *life.TAGS,
    *affinity.TAGS,
    *price.TAGS,
    *timing.TAGS,
    *social.TAGS,
    *demo.TAGS,
))
"""Every tag by name, in the order shown."""


def tag(name: str) -> Tag:
    """Look a tag up.

    Raises
    ------
    UnknownName
        When there is none of that name.

    Examples
    --------
    >>> tag("life.r_days").en
    'days since the last order'
    >>> tag("life.recency")
    Traceback (most recent call last):
    features.errors.UnknownName: unknown tag 'life.recency'; next: use one of: ...
    """
    if name not in TAGS:
        raise UnknownName.among("tag", name, TAGS)
    return TAGS[name]
