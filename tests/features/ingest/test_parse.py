import msgspec
import pytest

from features.events import KINDS, Event
from features.ingest.parse import Fault, Parsed, parse_event

NOW = 1_790_000_000_000_000
AT = "2026-06-18T08:00:00+08:00"
AT_US = 1_781_740_800_000_000


def call(**changed: object) -> dict[str, object]:
    """A Segment track call with some keys changed, those set to None left out."""
    whole = {
        "type": "track",
        "event": "Product Viewed",
        "messageId": "m",
        "userId": "u",
        "timestamp": AT,
        "properties": {"product_id": "i"},
    } | changed
    return {key: value for key, value in whole.items() if value is not None}


def test_a_segment_call() -> None:
    parsed = parse_event(call(), NOW)
    event = Event(
        message_id="m",
        event="Product Viewed",
        at_us=AT_US,
        user_id="u",
        item_id="i",
        received_us=NOW,
    )
    assert parsed == Parsed(events=(event,))


def test_canonical_columns_side_by_side() -> None:
    raw = {
        "message_id": "m",
        "event": "Product Viewed",
        "at_us": AT_US,
        "user_id": "u",
        "item_id": "i",
    }
    assert parse_event(raw | {"price_fen": 5}, NOW).events[0].price_fen == 5


def test_our_own_envelope() -> None:
    raw = msgspec.json.decode("""
        {"type":"track","event":"Group Buy Joined","message_id":"01J","schema_version":"1.0",
         "user_id":"u_9","timestamp":"2026-06-18T08:12:03+08:00",
         "properties":{"group_buy_id":"g_77","inviter_id":"u_3","share_id":"s_5","members_now":2},
         "context":{"channel":"mini_program","network":{"type":"cell"},
          "scene":{"city_code":"130200"},"social":{"share_id":"s_5","sharer_id":"u_3","depth":1},
          "rec":{"request_id":"r_1","slot":"friend_groups","position":2}}}
    """)
    [event] = parse_event(raw, NOW).events
    assert (event.group_buy_id, event.peer_id, event.share_id) == ("g_77", "u_3", "s_5")
    assert (event.channel, event.network, event.city) == ("mini_program", "cell", "130200")
    assert (event.request_id, event.position, event.depth) == ("r_1", 2, 1)
    assert event.extra == '{"context":{"rec":{"slot":"friend_groups"}}}'


def test_an_order_becomes_its_lines() -> None:
    products = [{"product_id": "a", "price": 10, "quantity": 2}, {"productId": 7, "price": "20.5"}]
    properties = {"order_id": "o", "total": 40.5, "discount": 1, "products": products}
    first, second = parse_event(call(event="Order Completed", properties=properties), NOW).events
    assert (first.line, first.item_id, first.price_fen, first.quantity) == (0, "a", 1000, 2.0)
    assert (second.line, second.item_id, second.price_fen, second.order_id) == (1, "7", 2050, "o")
    assert (first.total_fen, first.discount_fen) == (4050, 100)
    assert (second.total_fen, second.discount_fen) == (None, None)


def test_one_bad_line_refuses_the_order() -> None:
    properties = {"order_id": "o", "products": [{"product_id": "a"}, {"price": 1}]}
    parsed = parse_event(call(event="Order Completed", properties=properties), NOW)
    assert parsed == Parsed(faults=(Fault("item_id", "missing"),))


def test_an_anonymous_visitor() -> None:
    raw = call(userId=None, anonymousId="c1")
    assert parse_event(raw, NOW).events[0].user_id == "anonymous:c1"
    assert parse_event(raw | {"userId": 5}, NOW).events[0].user_id == "5"


def test_addresses_are_not_kept() -> None:
    raw = call(context={"ip": "1.2.3.4", "page": {"title": "t"}})
    assert parse_event(raw, NOW).events[0].extra == '{"context":{"page":{"title":"t"}}}'


@pytest.mark.parametrize(
    ("changed", "field", "detail"),
    [
        ({"messageId": None}, "message_id", "missing"),
        ({"userId": None}, "user_id", "missing"),
        ({"userId": ""}, "user_id", "missing"),
        ({"event": None}, "event", "missing"),
        ({"event": "Product Eaten"}, "event", "not an event of the vocabulary"),
        ({"event": ["x"]}, "event", "not text"),
        ({"type": "page"}, "type", "not track, identify or alias"),
        ({"type": []}, "type", "not track, identify or alias"),
        ({"timestamp": "2026-06-18T08:00:00"}, "at_us", "a time without a zone"),
        ({"timestamp": 1781740800}, "at_us", "not an instant"),
        ({"timestamp": "2026-02-30T08:00:00Z"}, "at_us", "not an instant"),
        ({"timestamp": "1989-12-31T23:59:59Z"}, "at_us", "before 1990"),
        ({"timestamp": "2999-01-01T00:00:00Z"}, "at_us", "in the future"),
        ({"properties": {}}, "item_id", "missing"),
        ({"properties": {"product_id": {}}}, "item_id", "not text"),
        ({"properties": {"product_id": "i", "price": -1}}, "price_fen", "negative"),
        ({"properties": {"product_id": "i", "price": "a"}}, "price_fen", "not an amount of money"),
        ({"properties": {"product_id": "i", "quantity": -1}}, "quantity", "negative"),
        ({"properties": {"product_id": "i", "position": 1.5}}, "position", "not a whole number"),
        ({"properties": {"product_id": "i", "position": 70000}}, "position", "not a whole number"),
        (
            {"event": "Tie Created", "properties": {"peer_id": "u"}},
            "peer_id",
            "the same person as user_id",
        ),
    ],
)
def test_a_fault_names_its_field(changed: dict[str, object], field: str, detail: str) -> None:
    assert parse_event(call(**changed), NOW) == Parsed(faults=(Fault(field, detail),))


def test_every_fault_is_told() -> None:
    faults = parse_event({"event": "Product Viewed"}, NOW).faults
    assert [fault.field for fault in faults] == ["message_id", "at_us", "user_id", "item_id"]


@pytest.mark.parametrize("raw", [None, [], "text", 5, True])
def test_what_is_no_object(raw: object) -> None:
    assert parse_event(raw, NOW).faults == (Fault("row", "not a JSON object"),)


def test_a_clock_may_run_ten_minutes_ahead() -> None:
    assert parse_event(call(), AT_US - 600_000_000).events
    assert parse_event(call(), AT_US - 600_000_001).faults == (Fault("at_us", "in the future"),)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_demands_its_columns(kind: object) -> None:
    name, required = kind.name, kind.required  # type: ignore[attr-defined]
    properties = dict.fromkeys(required, "v")
    assert parse_event(call(event=name, properties=properties), NOW).events
    for column in required:
        without = {key: value for key, value in properties.items() if key != column}
        parsed = parse_event(call(event=name, properties=without), NOW)
        assert parsed.faults == (Fault(column, "missing"),)


@pytest.mark.parametrize(
    ("call", "event", "peer"),
    [
        ({"type": "identify", "anonymousId": "a1"}, "User Identified", "anonymous:a1"),
        ({"type": "identify", "traits": {"email": "x@y"}}, "User Identified", None),
        ({"type": "alias", "previousId": "old"}, "User Aliased", "old"),
        ({"type": "alias", "previousId": "old", "anonymousId": "a1"}, "User Aliased", "old"),
        ({"type": "alias", "previous_id": "a1", "anonymousId": "a1"}, "User Aliased",
         "anonymous:a1"),
        ({"type": "alias", "anonymous_id": "a1"}, "User Aliased", "anonymous:a1"),
        ({"type": "track", "event": "User Separated", "properties": {"peer_id": "old"}},
         "User Separated", "old"),
    ],
)  # fmt: skip
def test_what_calls_say_of_ids(call, event, peer):
    common = {"messageId": "m", "userId": "u1", "timestamp": "2026-06-18T08:12:03Z"}
    (line,) = parse_event(common | call, NOW).events
    assert (line.event, line.user_id, line.peer_id, line.extra) == (event, "u1", peer, None)


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ({"type": "alias", "userId": "u1"}, "peer_id: missing"),
        ({"type": "alias", "userId": "u1", "previousId": "u1"}, "peer_id: the same person as"),
        ({"type": "alias", "previousId": "u2"}, "user_id: missing"),
        ({"type": "identify", "anonymousId": "a1"}, "user_id: missing"),
    ],
)
def test_what_says_nothing_of_two_ids_is_refused(call, fault):
    found = parse_event({"messageId": "m", "timestamp": "2026-06-18T08:12:03Z"} | call, NOW)
    assert str(found.faults[0]).startswith(fault)
