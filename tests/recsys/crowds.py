"""People made from events, as the store would keep them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from features.clock import DAY_US, BusinessZone
from features.events import Event
from features.online import ItemFacts, State, replay
from recsys.bundle import Bundle, Parts
from tests.serving import shops

NOW = 1_780_000_000_000_000
ZONE = BusinessZone()


class Crowd:
    """Events in, states out; ``asked`` remembers who was looked up."""

    def __init__(self, *events: Event) -> None:
        self.known = replay(iter(events), _facts, ZONE)
        self.asked: list[str] = []

    def states(self, user_ids: Iterable[str]) -> Mapping[str, State]:
        wanted = list(user_ids)
        self.asked += wanted
        return {name: self.known[name] for name in wanted if name in self.known}


def _facts(item_id: str, at_us: int) -> ItemFacts | None:
    return ItemFacts(category=["tea", "cups"][int(item_id[1:]) % 2], price_fen=1_000)


_number = iter(range(10**9))


def did(user: str, name: str, item: str | None = None, days: float = 1.0, **more: object) -> Event:
    """Somebody did something some days ago."""
    at_us = NOW - int(days * DAY_US)
    return Event(message_id=f"m{next(_number)}", event=name, at_us=at_us, user_id=user,
                 item_id=item, **more)  # fmt: skip


def viewed(user: str, item: str, days: float = 1.0) -> Event:
    return did(user, "Product Viewed", item, days)


def bought(user: str, item: str, days: float = 1.0) -> Event:
    return did(user, "Order Completed", item, days, order_id="o")


def opened(user: str, sharer: str, item: str = "i0", days: float = 1.0) -> Event:
    """``user`` opened a link of ``sharer``."""
    return did(user, "Share Link Opened", item, days, peer_id=sharer, share_id="s")


def befriended(user: str, peer: str, days: float = 99.0) -> Event:
    return did(user, "Tie Created", None, days, peer_id=peer, reason="friend")


def gave(user: str, scopes: str, days: float = 2.0) -> Event:
    """Somebody gives exactly these consents."""
    return did(user, "Consent Updated", None, days, reason=scopes)


def bundle(folder: Path, parts: Parts | None = None) -> Bundle:
    """A bundle of the ten items of the small shop; i0 is the most popular, then i1, i2, …"""
    return Bundle.write(parts or shops.parts(), folder, NOW - DAY_US)
