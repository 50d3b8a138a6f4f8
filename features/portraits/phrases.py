"""How the evidence of a tag is told: one phrase for each counter, in Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType


class Form(Enum):
    """How a counter's value is written."""

    COUNT = auto()  # 3, or 2.7 where decayed
    MONEY = auto()  # 12.30 for 1230 fen
    AGO = auto()  # business days since an instant
    KEYS = auto()  # names of the greatest keys
    TOTAL = auto()  # sum over the keys, which stay unnamed
    SUM = auto()  # the same as money


@dataclass(frozen=True)
class Phrase:
    """One counter's value in words; ``{n}`` is the value, ``{s}`` the English plural's s."""

    zh: str
    en: str
    form: Form = Form.COUNT


PHRASES: Mapping[str, Phrase] = MappingProxyType({
    "user.orders": Phrase("累计 {n} 笔订单", "{n} order{s} ever"),
    "user.orders_180": Phrase("180 天内 {n} 笔订单", "{n} order{s} in 180 days"),
    "user.orders_365": Phrase("365 天内 {n} 笔订单", "{n} order{s} in 365 days"),
    "user.spent_180": Phrase("180 天内实付 {n}", "{n} paid in 180 days", Form.MONEY),
    "user.spent_365": Phrase("365 天内实付 {n}", "{n} paid in 365 days", Form.MONEY),
    "user.first_order": Phrase("首单在 {n} 天前", "the first order {n} day{s} ago", Form.AGO),
    "user.last_order": Phrase("最近一单在 {n} 天前", "the last order {n} day{s} ago", Form.AGO),
    "user.first_active": Phrase("首次活跃在 {n} 天前", "first seen {n} day{s} ago", Form.AGO),
    "user.last_active": Phrase("最近活跃在 {n} 天前", "last seen {n} day{s} ago", Form.AGO),
    "user.active_days_30": Phrase("30 天内活跃 {n} 天", "active on {n} day{s} of the last 30"),
    "user.views_30": Phrase("近期浏览约 {n} 次", "about {n} recent view{s}"),
    "user.orders_30": Phrase("近期下单约 {n} 笔", "about {n} recent order{s}"),
    "user.shares_30": Phrase("近期分享约 {n} 次", "about {n} recent share{s}"),
    "user.groups_started_30": Phrase("近期开团约 {n} 次", "about {n} group{s} started recently"),
    "user.groups_joined_30": Phrase("近期参团约 {n} 次", "about {n} group{s} joined recently"),
    "user.shares": Phrase("累计分享 {n} 次", "{n} share{s} made"),
    "user.shares_opened": Phrase("被打开 {n} 次", "opened {n} time{s}"),
    "user.opens_30": Phrase("近期打开好友链接约 {n} 次", "about {n} recent opening{s} of links"),
    "user.received_30": Phrase("近期收到分享约 {n} 次", "about {n} share{s} received recently"),
    "user.groups_started": Phrase("累计开团 {n} 次", "{n} group{s} started"),
    "user.groups_filled": Phrase("其中成团 {n} 次", "{n} of them filled"),
    "user.groups_joined": Phrase("累计参团 {n} 次", "{n} group{s} joined"),
    "user.groups_viewed": Phrase("累计看团 {n} 次", "{n} group{s} looked at"),
    "user.refunds_365": Phrase("365 天内退款 {n} 次", "{n} refund{s} in 365 days"),
    "user.dealt_365": Phrase("其中 {n} 笔优惠一成以上", "{n} with a tenth or more taken off"),
    "user.coupons_365": Phrase("365 天内用券 {n} 次", "{n} coupon{s} used in 365 days"),
    "user.saved_365": Phrase("365 天内优惠 {n}", "{n} saved in 365 days", Form.MONEY),
    "user.carts_30": Phrase("近期加购约 {n} 次", "about {n} recent cart{s}"),
    "user.fresh_30": Phrase("近期浏览新品约 {n} 次", "about {n} recent view{s} of new items"),
    "pair.led_30": Phrase(
        "近期经他人链接或邀请下单约 {n} 笔",
        "about {n} recent order{s} led to by others",
        Form.TOTAL,
    ),
    "user.workday_orders_90": Phrase(
        "90 天内工作日 {n} 笔订单", "{n} order{s} on workdays in 90 days"
    ),
    "user.commute_orders_90": Phrase("其中通勤时段 {n} 笔", "{n} of them at commuting hours"),
    "user.cities_365": Phrase("365 天内从 {n} 个城市下单", "orders from {n} place{s} in 365 days"),
    "user.weekend_30": Phrase("近期周末约 {n} 次", "about {n} recent act{s} on weekends"),
    "user.hours_30": Phrase("30 天内在 {n} 个小时活跃", "there in {n} hour{s} of the last 30 days"),
    "pair.sold": Phrase("带来 {n} 笔他人订单", "led to {n} order{s} of others", Form.TOTAL),
    "pair.sold_90": Phrase("90 天内带来成交 {n}", "{n} paid by others in 90 days", Form.SUM),
    "pair.invited": Phrase("其中受邀 {n} 次", "{n} of them on invitation", Form.TOTAL),
    "category.last_order": Phrase("购买过的品类：{n}", "bought before: {n}", Form.KEYS),
    "category.reviews": Phrase("评价最多的品类：{n}", "reviewed most in {n}", Form.KEYS),
    "brand.orders_365": Phrase("365 天内购买的品牌：{n}", "bought in 365 days: {n}", Form.KEYS),
    "brand.praise_365": Phrase(
        "365 天内分享或评价的品牌：{n}", "shared or reviewed: {n}", Form.KEYS
    ),
    "entry.active_30": Phrase("最常来自：{n}", "came mostly from {n}", Form.KEYS),
    "phase.spent_365": Phrase(
        "365 天内大促期间实付 {n}", "{n} paid during festivals in 365 days", Form.SUM
    ),
    "phase.spent_730": Phrase(
        "730 天内大促期间实付 {n}", "{n} paid during festivals in 730 days", Form.SUM
    ),
    "pair.opened_by": Phrase(
        "自己的链接累计被打开 {n} 次", "own links opened {n} time{s}", Form.TOTAL
    ),
    "category.interest_30": Phrase("近期最关注品类：{n}", "most interest in {n}", Form.KEYS),
    "category.interest_now": Phrase("刚刚在看：{n}", "just now looking at {n}", Form.KEYS),
    "category.orders": Phrase("买得最多的品类：{n}", "bought most in {n}", Form.KEYS),
    "category.price_90": Phrase("看过或买过价格的品类：{n}", "prices seen in {n}", Form.KEYS),
    "category.priced_90": Phrase("近期约 {n} 次浏览或购买", "about {n} recent act{s}", Form.TOTAL),
    "brand.interest_30": Phrase("近期最关注品牌：{n}", "most interest in {n}", Form.KEYS),
    "shop.interest_30": Phrase("近期最关注店铺：{n}", "most interest in {n}", Form.KEYS),
    "hour.active_30": Phrase("最活跃时段（点）：{n}", "most active at hours {n}", Form.KEYS),
    "pair.opened_30": Phrase(
        "近期打开好友链接约 {n} 次", "about {n} recent opening{s} of friends' links", Form.TOTAL
    ),
    "pair.opened_by_30": Phrase(
        "自己的链接近期被打开约 {n} 次", "own links opened about {n} time{s} recently", Form.TOTAL
    ),
})
"""By counter name; a tag may need no counter that is missing here."""
