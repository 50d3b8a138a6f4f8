"""Why an item or a person is in an answer: a closed list, in Chinese and English."""

from collections.abc import Mapping
from types import MappingProxyType

from features.errors import UnknownName
from recsys.query import Reason

TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "friends_bought": ("{count} 位好友买过", "{count} friends bought this"),
    "friends_like": ("{count} 位好友感兴趣", "{count} friends are interested in this"),
    "again": ("您最近看过", "you looked at this lately"),
    "friends_group": ("好友正在拼团", "friends are buying this together"),
    "session": ("与您刚才看的相关", "goes with what you just looked at"),
    "new": ("新品", "new"),
    "due": ("可能快用完了", "may be running out"),
    "category": ("您常看{category}", "you often look at {category}"),
    "taste": ("与您喜欢的商品相近", "close to what you like"),
    "popular": ("大家都在买", "popular now"),
    "opened_before": ("打开过您分享的 {count} 个链接", "opened {count} of your links"),
    "shared_with_you": ("常与您互相分享", "you open each other's links"),
    "likes_category": ("喜欢{category}", "likes {category}"),
    "friends_of_friends": ("是好友的好友", "is a friend of your friends"),
    "may_like": ("可能感兴趣", "may be interested"),
    "friends_in": ("{count} 位好友已参团", "{count} friends are in"),
    "friend_in": ("有好友已参团", "somebody you know is in"),
    "nearly_full": ("还差 {count} 人成团", "{count} more and it fills"),
    "fills_often": ("容易成团", "groups for it fill"),
    "tried_like": ("开过类似商品的团", "you started groups for items like this"),
    "active_in": ("您活跃的社群", "a community you are active in"),
    "tied": ("是您的好友", "is a friend of yours"),
})
"""Code → Chinese and English text; the braces are filled from the reason."""

DRIVERS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "group.missing": ("还差的人数", "people it still needs"),
    "group.members": ("已参团人数", "people in it"),
    "group.hours": ("开团时长", "hours since it began"),
    "group.left": ("剩余时间", "hours until it ends"),
    "group.pace": ("参团速度", "how fast people join"),
    "group.need": ("每小时需要的人数", "people needed for each hour left"),
    "group.price": ("团价", "its price"),
    "item.fills": ("该商品以往成团率", "how groups for this item went"),
    "item.known": ("该商品以往团数", "groups there were for this item"),
    "item.wanted": ("商品热度", "interest in the item"),
    "starter.fills": ("团长以往成团率", "how groups of the starter went"),
    "starter.started": ("团长开团次数", "groups the starter began"),
    "starter.reach": ("团长分享被打开次数", "links of the starter that were opened"),
    "starter.heard": ("团长收到的分享", "shares the starter received"),
    "group.full": ("已满员", "it is full"),
    "group.over": ("已结束", "it is over"),
})
"""What moves the chance that a group buy fills, in Chinese and English."""

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
