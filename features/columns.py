"""Every column name of the canonical tables, spelled once."""

USER = "user_id"
ITEM = "item_id"
PEER = "peer_id"

MESSAGE = "message_id"
LINE = "line"
EVENT = "event"
AT = "at_us"
RECEIVED = "received_us"
VALID_FROM = "valid_from_us"

SHARE = "share_id"
GROUP_BUY = "group_buy_id"
REQUEST = "request_id"
ORDER = "order_id"

CATEGORY = "category"
BRAND = "brand"
SHOP = "shop"
CITY_TIER = "city_tier"

PRICE = "price_fen"
TOTAL = "total_fen"
DISCOUNT = "discount_fen"
QUANTITY = "quantity"
CURRENCY = "currency"
EXTRA = "extra"
