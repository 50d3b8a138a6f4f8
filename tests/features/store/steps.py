"""Steps that tests of stores share."""

from features.clock import BusinessZone
from features.events import Event
from features.online import State
from features.reading import Reading
from features.store import Store

ZONE = BusinessZone()
NOON = 1_760_000_400_000_000  # 2025-10-09T09:00:00Z


def event(n: int, name: str = "Product Viewed", user: str = "u1", **fields: object) -> Event:
    """The n-th event, a minute after the one before."""
    given = {"message_id": f"m{n}", "item_id": "i1", "at_us": NOON + n * 60_000_000, **fields}
    return Event(event=name, user_id=user, **given)


def link(n: int, one: str, other: str, name: str = "User Aliased") -> Event:
    """The n-th event, about two ids."""
    return event(n, name, one, peer_id=other, item_id=None)


def settled(store: Store) -> Store:
    """The store once everything in its log is applied."""
    assert store.wait_applied(store.log_seq, timeout_s=20)
    return store


def views(store: Store, user: str = "u1") -> float:
    """Views of a person at the last view, had there been no decay."""
    state = settled(store).state(user) or State()
    row = state.cells.get("user", {}).get("")
    return round(Reading(state, row[0][1], ZONE).number("user.views_1"), 1) if row else 0.0
