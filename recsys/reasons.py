"""Why an item or a person is in an answer: a closed list, in Chinese and English."""

from collections.abc import Mapping
from types import MappingProxyType

from features.errors import UnknownName
from recsys.query import Reason

TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "friends_bought": ("{count} 位好友买过", "{count} friends bought this"),
    "friends_like": ("{count} 位好友感兴趣", "{count} friends are interested in this"),
    "again": ("您最近看过", "you looked at this lately"),
    "category": ("您常看{category}", "you often look at {category}"),
    "taste": ("与您喜欢的商品相近", "close to what you like"),
    "popular": ("大家都在买", "popular now"),
    "opened_before": ("打开过您分享的 {count} 个链接", "opened {count} of your links"),
    "shared_with_you": ("常与您互相分享", "you open each other's links"),
    "likes_category": ("喜欢{category}", "likes {category}"),
    "friends_of_friends": ("是好友的好友", "is a friend of your friends"),
    "may_like": ("可能感兴趣", "may be interested"),
    "tied": ("是您的好友", "is a friend of yours"),
})
"""Code → Chinese and English text; the braces are filled from the reason."""

FEWEST_FRIENDS = 3
"""Fewer friends are not counted aloud: the number would tell who."""


def text(reason: Reason) -> dict[str, str]:
    """Put a reason into words.

    Raises
    ------
    UnknownName
        When the code is not in the closed list.

    Examples
    --------
    >>> text(Reason("friends_bought", 4))
    {'zh': '4 位好友买过', 'en': '4 friends bought this'}
    """
    if reason.code not in TEXTS:
        raise UnknownName.among("reason", reason.code, TEXTS)
    chinese, english = TEXTS[reason.code]
    filled = {"count": reason.count, **reason.names}
    return {"zh": chinese.format(**filled), "en": english.format(**filled)}
