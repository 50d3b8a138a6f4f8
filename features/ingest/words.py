"""Names and values that shops use, for guessing a mapping."""

from features import events as e

NAMES: dict[str, dict[str, str]] = {
    "users": {
        "user_id": "user_id uid user userid member_id memberid customer_id openid unionid buyer_id "
        "household_id household_key 用户id 用户 用户编号 会员id 会员编号 客户id 买家id",
        "valid_from_us": "valid_from updated_at update_time gmt_modified 更新时间",
        "registered_us": "registered registered_at register_time reg_time signup_time created_at "
        "create_time gmt_create 注册时间 注册日期 创建时间",
        "gender": "gender sex 性别",
        "birth_year": "birth_year birthyear year_of_birth 出生年 出生年份",
        "city": "city city_code city_name 城市 所在城市",
        "city_tier": "city_tier city_level 城市等级 城市线级",
        "member_level": "member_level vip_level level user_level 会员等级 等级",
    },
    "items": {
        "item_id": "item_id iid item itemid product_id productid goods_id goodsid sku sku_id skuid "
        "spu_id num_iid 商品id 商品编号 商品 货号",
        "valid_from_us": "valid_from updated_at update_time gmt_modified 更新时间",
        "title": "title name item_name product_name goods_name 标题 商品名称 商品名 名称",
        "category": "category category_id cate cate_id cat_id cid leaf_category 类目 类目id 分类 "
        "品类 product_category",
        "category_path": "category_path 类目路径",
        "brand": "brand brand_id 品牌 品牌id",
        "shop": "shop shop_id store_id seller_id merchant_id 店铺 店铺id 商家id 卖家id",
        "price_fen": "price_fen price price_cent sale_price price_yuan 价格 单价 售价 现价 价格分 "
        "价格元",
        "list_price_fen": "list_price_fen list_price original_price market_price 原价 吊牌价 市场价"
        "list_price_fen list_price original_price market_price 原价 吊牌价 市场价",
        "stock": "stock inventory 库存",
        "listed_us": "listed_at on_sale_time list_time created_at gmt_create 上架时间 创建时间",
        "expires_us": "expires_at 过期时间 下架时间",
        "style_tags": "style_tags tags 标签 风格",
    },
    "ties": {
        "peer_id": "peer_id friend_id friend fuid followee_id target_user_id to_user_id trustee "
        "invitee_id friendid 好友id 好友 被关注id 被邀请人id",
        "tie_type": "tie_type relation relation_type 关系 关系类型",
        "since_us": "since created_at create_time follow_time time timestamp 建立时间 关注时间 "
        "成为好友时间",
    },
    "events": {
        "message_id": "message_id event_id log_id uuid 消息id 日志id",
        "event": "event event_name event_type behavior behavior_type behaviour action action_type "
        "btag 行为 行为类型 事件 事件名 事件名称",
        "at_us": "timestamp time event_time ts datetime action_time behavior_time order_time "
        "pay_time created_at create_time transaction_timestamp 时间 行为时间 事件时间 "
        "下单时间 支付时间 付款时间 创建时间 date day dt ds 日期",
        "peer_id": "peer_id inviter_id sharer_id 分享人id 邀请人id 分享者id",
        "share_id": "share_id 分享id",
        "group_buy_id": "group_buy_id group_id 拼团id 团id",
        "request_id": "request_id 请求id",
        "order_id": "order_id orderid order_no order_sn basket_id transaction_id trade_id 订单id "
        "订单号 订单编号",
        "position": "position rank 位置",
        "quantity": "quantity qty num count amount_n 数量 购买数量 件数",
        "price_fen": "price_fen price unit_price price_cent price_yuan 价格 单价 成交价 价格分 "
        "价格元",
        "total_fen": "total_fen total order_amount pay_amount payment 订单金额 实付金额 支付金额 "
        "总价",
        "discount_fen": "discount_fen discount 优惠金额 折扣金额",
        "currency": "currency 币种",
        "rating": "rating score stars 评分",
        "scene": "scene page_type 场景",
        "channel": "channel 渠道",
        "query": "query keyword keywords search_word 搜索词 关键词",
        "coupon_id": "coupon_id 优惠券id",
        "campaign_id": "campaign_id 活动id",
    },
}
"""Source names by table and canonical column, the likeliest first."""

NAMES["ties"]["user_id"] = NAMES["users"]["user_id"] + " from_user_id follower_id truster 关注者id"
NAMES["events"]["user_id"] = NAMES["users"]["user_id"]
NAMES["events"]["item_id"] = NAMES["items"]["item_id"]

EVENTS = {
    e.VIEWED: "view pv click browse detail 浏览 点击 查看",
    e.ADDED: "cart add_to_cart addtocart add 加购 加入购物车 加购物车",
    e.WISHED: "fav favorite favourite collect wish wishlist 收藏",
    e.ORDERED: "buy purchase order pay paid transaction 购买 下单 支付 成交 付款",
    e.REFUNDED: "refund return 退款 退货",
    e.SHARED: "share 分享 转发",
    e.SHOWN: "expose exposure impression show 曝光",
    "Products Searched": "search 搜索",
    e.REVIEWED: "review comment rate 评价 评论",
}
"""Words for events; a table that numbers them 1 to 4 means the first four in the order below."""

NUMBERED = {"1": e.VIEWED, "2": e.WISHED, "3": e.ADDED, "4": e.ORDERED}
"""The public Taobao and Tianchi sets' numbers."""

GENDERS = {"male": "male m man 男 男性 先生", "female": "female f woman 女 女性 女士"}

NULLS = ("\\N", "NULL", "null", "None", "NaN", "nan", "N/A", "n/a", "-", "无")
"""Spellings of "no value" looked for."""

TIME_FORMATS = (
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日",
    "%Y-%m-%d %H",
    "%Y%m%d%H%M%S",
    "%Y%m%d",
    "%d/%m/%Y %H:%M:%S",
)
"""Tried in order on every value of the sample."""


def plain(name: str) -> str:
    """Reduce a name to its letters, so that spellings of one word agree.

    Examples
    --------
    >>> plain("用户ID"), plain("goodsId"), plain("Order Time")
    ('用户id', 'goodsid', 'ordertime')
    """
    return "".join(sign for sign in name.lower() if sign.isalnum())


def match(names: list[str], table: str) -> dict[str, str]:
    """Match source names to canonical columns; each source name serves once.

    Examples
    --------
    >>> match(["用户ID", "商品ID", "下单时间"], "events")
    {'at_us': '下单时间', 'user_id': '用户ID', 'item_id': '商品ID'}
    """
    left = {plain(name.rsplit(".", 1)[-1]): name for name in reversed(names)}
    found: dict[str, str] = {}
    for column, spellings in NAMES[table].items():
        for word in (column, *spellings.split()):
            if plain(word) in left:
                found[column] = left.pop(plain(word))
                break
    return found


def meaning(value: str, words: dict[str, str]) -> str | None:
    """Look a value up in lists of words.

    Examples
    --------
    >>> meaning("PV", EVENTS), meaning("?", EVENTS)
    ('Product Viewed', None)
    """
    said = plain(value)
    known = {plain(word): name for name, several in words.items() for word in several.split()}
    return value if value in words else known.get(said)
