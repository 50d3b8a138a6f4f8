"""Every tag read slowly from the events of one person: what the definitions say, word for word."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from features import events as e
from features.clock import DAY_US, BusinessZone
from features.events import Event
from features.online import ItemFacts, State
from features.references import References
from features.weights import ACTIVE

LOOKED = {e.VIEWED: 1.0, e.ADDED: 2.0, e.ORDERED: 4.0}


class Row:
    """One event with what its item adds."""

    def __init__(self, event: Event, item: ItemFacts | None, zone: BusinessZone) -> None:
        self.said, self.name, self.at = event, event.event, event.at_us
        self.category = item.category if item else None
        self.brand = item.brand if item else None
        self.shop = item.shop if item else None
        price = event.price_fen if event.price_fen is not None else item and item.price_fen
        self.log_price = math.log(price) if price else None
        age = event.at_us - item.listed_us if item and item.listed_us is not None else -1
        self.fresh = 0 <= age < 30 * DAY_US
        self.day, hour = zone.calendar(event.at_us)
        self.hour = int(hour)
        self.weekend = (date(1970, 1, 1) + timedelta(days=self.day)).weekday() >= 5
        self.other = event.peer_id if event.peer_id != event.user_id else None
        off = event.discount_fen or 0
        self.dealt = off > 0 and event.total_fen is not None and off >= 0.1 * (
            event.total_fen + off
        )  # fmt: skip


class Plain:
    """What is known of one person at an instant."""

    def __init__(
        self,
        person: str,
        events: Iterable[Event],
        item: Callable[[str | None], ItemFacts | None],
        state: State,
        at_us: int,
        zone: BusinessZone,
        references: References,
    ) -> None:
        rows = [Row(one, item(one.item_id), zone) for one in events if one.at_us < at_us]
        self.own = [row for row in rows if row.said.user_id == person]
        self.of_others = [
            row for row in rows if row.said.peer_id == person and row.said.user_id != person
        ]
        self.person = person
        self.at, self.today = at_us, int(zone.day(at_us))
        self.state, self.r, self.zone = state, references, zone
        self.orders = self.of(e.ORDERED, first=True)
        self.lines = self.of(e.ORDERED)
        self.acts = [row for row in self.own if row.name in ACTIVE]

    def of(self, *names: str, first: bool = False) -> list[Row]:
        """Own rows of these events; their first lines alone."""
        return [row for row in self.own if row.name in names and not (first and row.said.line)]

    def faded(self, rows: Iterable[Row], days: float = 30.0, weights: Any = None) -> float:
        """Decayed sum."""
        return sum(
            (weights[row.name] if weights else 1.0) * 0.5 ** ((self.at - row.at) / DAY_US / days)
            for row in rows
        )

    def since(self, rows: Iterable[Row], days: int) -> list[Row]:
        """Rows of the last business days."""
        return [row for row in rows if row.day >= self.today - days]

    def paid(self, days: int, rows: Iterable[Row] | None = None) -> float:
        """Money net of refunds."""
        given = self.of(e.ORDERED, e.REFUNDED) if rows is None else rows
        return sum(
            (row.said.total_fen or 0) * (1 if row.name == e.ORDERED else -1)
            for row in self.since(given, days)
            if row.said.line == 0 and row.name in {e.ORDERED, e.REFUNDED}
        )

    def shr(self, rate: str, k: float, n: float) -> float | None:
        """Shrunk rate."""
        a, b = self.r.prior(rate)
        n = max(k, n)
        found = (k + a) / (n + a + b) if round(n, 9) >= 0.05 else math.nan
        return None if math.isnan(found) else found

    def by(self, what: str, weights: dict[str, float] | Any, days: float) -> dict[str, float]:
        """Decayed weights by category, brand, …"""
        found: dict[str, float] = defaultdict(float)
        for row in self.own:
            if row.name in weights and getattr(row, what) is not None:
                found[getattr(row, what)] += self.faded([row], days, weights)
        return dict(found)

    def lookup(self, name: str, key: str, default: Any) -> Any:
        """One row of a reference."""
        if name not in self.r.lookups:
            return default
        return self.r.lookups[name].read([key], default)[0]


def top(scores: dict[str, float], most: int = 10) -> list[tuple[str, float]] | None:
    """Best first, equal ones by name."""
    listed = sorted(scores.items(), key=lambda one: (-round(one[1], 9), one[0]))[:most]
    return listed or None
