"""Segments that are shipped: the ones that marketers ask for first."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Preset:
    """One segment.

    Parameters
    ----------
    name, zh, en : str
        By which it is asked for, and what marketers call it.
    document : object
        What it says, in the language.
    scores : tuple of str
        Models that ``huoren score`` must have scored before.
    """

    name: str
    zh: str
    en: str
    document: Any
    scores: tuple[str, ...] = ()


def _top(model: str, percent: float) -> dict[str, Any]:
    return {"score": model, "op": "top_percent", "value": percent}


def _tag(name: str, op: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"tag": name, "op": op, "value": value, **more}


_ORDERED = {"event": "Order Completed"}
_HIGH_VALUE = _tag("life.m_365", "top_percent", 10)

_ALL = (
    Preset("ready-to-buy", "即将购买", "ready to buy", _top("ready-to-buy", 20), ("ready-to-buy",)),
    Preset(
        "long-shots", "有望转化", "long shots",
        {"all": [_ORDERED, _top("ready-to-buy", 65), {"not": _top("ready-to-buy", 25)}]},
        ("ready-to-buy",),
    ),
    Preset("high-value", "高价值客户", "high value", _HIGH_VALUE),
    Preset(
        "potential-vip", "潜力VIP", "potential VIP",
        {"all": [{"event": "*", "within": "14d"}, _tag("life.m_365", "top_percent", 30),
                 _top("ready-to-buy", 20)]},
        ("ready-to-buy",),
    ),
    Preset(
        "dormant", "休眠客户", "dormant",
        {"all": [_ORDERED, {"not": {"event": "*", "within": "60d"}}]},
    ),
    Preset(
        "silent", "沉默用户", "silent for 30 days",
        {"not": {"event": "*", "within": "30d"}},
    ),
    Preset(
        "likely-to-leave", "流失风险", "buyers likely to leave", _top("churn", 20), ("churn",)
    ),
    Preset("likely-to-return", "易唤醒", "silent, likely to come back",
           _top("silent-to-active", 20), ("silent-to-active",)),
    Preset(
        "important-to-keep", "重要挽留", "many orders and much money, long ago",
        {"all": [_tag("life.m_365", "top_percent", 20),
                 {"not": {"event": "Order Completed", "within": "60d"}}]},
    ),
    Preset(
        "group-leaders", "拼团团长", "people who lead group buys",
        {"event": "Group Buy Started", "op": ">=", "value": 2, "within": "90d"},
    ),
    Preset(
        "quick-joiners", "爱参团", "people who join group buys",
        {"event": "Group Buy Joined", "op": ">=", "value": 3, "within": "90d"},
    ),
    Preset(
        "spreaders", "爱分享且有人看", "whose shares are opened",
        {"all": [{"event": "Product Shared", "op": ">=", "value": 3, "within": "90d"},
                 _tag("soc.share_open", "top_percent", 20)]},
    ),
    Preset(
        "friends-buy", "好友在买", "not buyers themselves, but strong ties bought",
        {"all": [{"not": {"event": "Order Completed", "within": "30d"}},
                 {"social": {"ties": "strong",
                             "where": {"event": "Order Completed", "within": "30d"}}}]},
    ),
    Preset(
        "lower-tier-value", "下沉市场实惠客", "value seekers of lower-tier cities",
        {"all": [_tag("geo.tier", "in", ["3", "4", "5"]), _tag("price.band", "in", ["1", "2"])]},
    ),
    Preset(
        "wished-not-bought", "种草未拔草", "wished for something, bought nothing since",
        {"sequence": ["Product Added to Wishlist"], "without": "Order Completed", "within": "30d"},
    ),
    Preset(
        "cart-left", "加购未下单", "put something into the cart, ordered nothing since",
        {"sequence": ["Product Added"], "without": "Order Completed", "within": "7d"},
    ),
    Preset(
        "first-timers", "首单客户", "one order so far",
        {"all": [{**_ORDERED, "op": "==", "value": 1}, {**_ORDERED, "within": "30d"}]},
    ),
)  # fmt: skip

PRESETS: Mapping[str, Preset] = MappingProxyType({one.name: one for one in _ALL})
"""Presets by name."""
