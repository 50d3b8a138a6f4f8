"""One made-up person: acts on numbered days, and the portrait they leave."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from features import events as e
from features import online, portraits
from features.clock import DAY_US, BusinessZone, parse_instant
from features.events import Event
from features.lookups import Lookup
from features.reading import Reading
from features.references import References

ZONE = BusinessZone("Asia/Shanghai")
NOON = parse_instant("2026-01-01T12:00:00+08:00")
"""Noon of day 0."""

NOTHING = References.empty()


def act(day: float, name: str = e.VIEWED, item: str | None = "shoes", **more: Any) -> Event:
    """Something done at noon of a day, or a part of a day later; items are named by category."""
    at_us = NOON + int(day * DAY_US)
    return Event(message_id="m", event=name, at_us=at_us, user_id="u", item_id=item, **more)


def order(day: float, fen: int = 100, item: str = "shoes") -> Event:
    """An order of one thing."""
    return act(day, e.ORDERED, item, order_id="o", total_fen=fen, price_fen=fen)


def state(events: Iterable[Event], **more: Any) -> online.State:
    """What is kept online of the person u after these events."""
    facts = {"shoes": "nike", "bags": "coach", "hats": "nike"}
    states = online.replay(
        iter(events),
        lambda item, _: online.ItemFacts(item, facts.get(item), "shop", 100),
        ZONE,
    )
    found = states.get("u", online.State())
    for name, value in more.items():
        setattr(found, name, value)
    return found


def portrait(
    events: Iterable[Event], day: float, references: References = NOTHING, **more: Any
) -> portraits.Portrait:
    """The portrait at noon of a day."""
    reading = Reading(state(events, **more), NOON + int(day * DAY_US), ZONE)
    return portraits.portrait(reading, references)


def value(events: Iterable[Event], tag: str, day: float, references: References = NOTHING) -> Any:
    """Value of one tag at noon of a day, None where absent."""
    found = portrait(events, day, references)
    return next((one.value for one in found.tags if one.tag.name == tag), None)


def known(lookups: dict[str, Lookup] | None = None, **numbers: Any) -> References:
    """References of an empty population but for these; ``__`` in a name is a dot."""
    given = {name.replace("__", "."): row for name, row in numbers.items()}
    return replace(NOTHING, numbers={**NOTHING.numbers, **given}, lookups=lookups or {})
