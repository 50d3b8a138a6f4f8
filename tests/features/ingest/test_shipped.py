"""The shipped mappings on calls as the two SDKs send them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from features.history import History
from features.home import Home
from features.ingest.run import ingest

Write = Callable[[str, str], Path]

SEGMENT = [
    {
        "anonymousId": "0a1b",
        "channel": "browser",
        "context": {
            "ip": "203.0.113.9",
            "library": {"name": "analytics.js", "version": "2.1.0"},
            "locale": "zh-CN",
            "page": {"path": "/p/507f", "url": "https://shop.example/p/507f"},
            "userAgent": "Mozilla/5.0",
        },
        "event": "Product Viewed",
        "integrations": {},
        "messageId": "ajs-1",
        "originalTimestamp": "2026-06-18T00:12:03.020Z",
        "properties": {
            "product_id": "507f",
            "sku": "45790-32",
            "price": 18.99,
            "currency": "CNY",
            "sharer_id": "u_3",
        },
        "receivedAt": "2026-06-18T00:12:04.120Z",
        "sentAt": "2026-06-18T00:12:03.900Z",
        "timestamp": "2026-06-18T00:12:03.240Z",
        "type": "track",
        "userId": None,
        "version": 1,
    },
    {
        "context": {"channel": "mini_program", "network": {"type": "wifi"}},
        "event": "Order Completed",
        "messageId": "ajs-2",
        "properties": {
            "order_id": "50314b8e",
            "total": 27.5,
            "discount": 2.5,
            "currency": "CNY",
            "products": [
                {"product_id": "507f", "price": 19, "quantity": 1, "name": "Monopoly"},
                {"product_id": "505b", "price": 8.5, "quantity": 1},
            ],
        },
        "timestamp": "2026-06-18T08:13:00+08:00",
        "type": "track",
        "userId": 9,
    },
    {
        "type": "identify",
        "messageId": "ajs-3",
        "userId": 9,
        "anonymousId": "0a1b",
        "timestamp": "2026-06-18T08:14:00+08:00",
        "traits": {"email": "x@example.com"},
        "context": {"ip": "203.0.113.9"},
    },
    {
        "type": "alias",
        "messageId": "ajs-4",
        "userId": 9,
        "previousId": "old",
        "timestamp": "2026-06-18T08:15:00+08:00",
    },
    {"type": "page", "userId": 9, "name": "Home"},
]

SENSORS = [
    {
        "_track_id": 3_141_592,
        "time": 1_781_740_800_123,
        "type": "track",
        "distinct_id": "u_9",
        "lib": {"$lib": "MiniProgram", "$lib_version": "1.13.1", "$lib_method": "code"},
        "event": "commodityDetail",
        "properties": {
            "$lib": "MiniProgram",
            "$os": "iOS",
            "$ip": "203.0.113.9",
            "$network_type": "WIFI",
            "$city": "上海",
            "commodity_id": "8801",
            "present_price": 99.5,
            "original_price": 129,
        },
        "project": "default",
    },
    {
        "_track_id": 27_182_818,
        "time": 1_781_740_860_000,
        "type": "track",
        "distinct_id": "u_9",
        "event": "payOrderDetail",
        "properties": {"order_id": "o1", "commodity_id": "8801", "order_actual_amount": 99.5},
    },
    {"type": "profile_set", "distinct_id": "u_9", "time": 1, "properties": {"$name": "x"}},
]


@pytest.fixture
def rows(write: Write, home: Home) -> Callable[[str, list[object]], list[dict[str, object]]]:
    def rows(name: str, calls: list[object]) -> list[dict[str, object]]:
        path = write("export.ndjson", "\n".join(json.dumps(call) for call in calls))
        ingest(path, home, name)
        found = History(home).events().to_pylist()
        return [{k: v for k, v in row.items() if v is not None} for row in found]

    return rows


def test_segment(rows: Callable[..., list[dict[str, object]]]) -> None:
    viewed, first, second, identified, aliased = rows("segment", SEGMENT)
    extra = {
        "context": {"locale": "zh-CN", "page": SEGMENT[0]["context"]["page"]},  # type: ignore[index]
        "properties": {"sku": "45790-32"},
    }
    assert json.loads(str(viewed.pop("extra"))) == extra
    assert viewed == {
        "message_id": "ajs-1",
        "line": 0,
        "event": "Product Viewed",
        "at_us": 1_781_741_523_240_000,
        "received_us": 1_781_741_524_120_000,
        "user_id": "anonymous:0a1b",
        "item_id": "507f",
        "peer_id": "u_3",
        "price_fen": 1899,
        "currency": "CNY",
        "channel": "browser",
    }
    assert (first["line"], first["item_id"], first["price_fen"]) == (0, "507f", 1900)
    assert (first["total_fen"], first["discount_fen"]) == (2750, 250)
    assert json.loads(str(first["extra"])) == {"name": "Monopoly"}
    assert (second["line"], second["item_id"], second["price_fen"]) == (1, "505b", 850)
    assert second.keys().isdisjoint({"total_fen", "discount_fen", "extra"})
    assert first["user_id"] == second["user_id"] == "9"
    said = [(one["event"], one["user_id"], one["peer_id"]) for one in (identified, aliased)]
    assert said == [("User Identified", "9", "anonymous:0a1b"), ("User Aliased", "9", "old")]
    assert "example.com" not in repr(identified)


def test_sensors(rows: Callable[..., list[dict[str, object]]]) -> None:
    viewed, ordered = rows("sensors", SENSORS)
    assert json.loads(str(viewed.pop("extra"))) == {"properties": {"$os": "iOS"}}
    assert viewed == {
        "message_id": "3141592",
        "line": 0,
        "event": "Product Viewed",
        "at_us": 1_781_740_800_123_000,
        "user_id": "u_9",
        "item_id": "8801",
        "price_fen": 9950,
        "list_price_fen": 12900,
        "channel": "mini_program",
        "network": "WIFI",
        "city": "上海",
    }
    assert (ordered["event"], ordered["order_id"]) == ("Order Completed", "o1")
    assert ordered["total_fen"] == 9950
