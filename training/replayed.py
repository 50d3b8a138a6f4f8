"""States of a few people, replayed from the history: what a service would know of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from features import columns as c
from features.clock import BusinessZone
from features.events import Event
from features.items import Items
from features.online import State, replay
from training.past import Past

ACTS = 500
"""Latest events of each person that are replayed at most."""


@dataclass(frozen=True)
class Replayed:
    """People at hand; whoever is not among them is a stranger.

    Parameters
    ----------
    known : mapping of str to State
    """

    known: Mapping[str, State]

    @classmethod
    def of(cls, past: Past, users: Sequence[str], items: Items) -> "Replayed":
        """Replay what some people did, and what was done with them.

        Parameters
        ----------
        past : Past
            The history.
        users : sequence of str
            Who.
        items : Items
            What an event borrows from its item.
        """
        names = Event.__struct_fields__
        rows = past.connection.execute(
            f"""
            SELECT {", ".join(names)} FROM events
            WHERE {c.USER} IN (SELECT unnest($users)) OR {c.PEER} IN (SELECT unnest($users))
            QUALIFY row_number() OVER (PARTITION BY {c.USER} ORDER BY {c.AT} DESC) <= {ACTS}
            ORDER BY {c.AT}
            """,
            {"users": list(users)},
        ).fetchall()
        events = (
            msgspec.convert({k: v for k, v in zip(names, row, strict=True) if v is not None}, Event)
            for row in rows
        )
        zone = BusinessZone(past.zone.name)
        return cls(replay(events, lambda item, at_us: items.facts(item), zone))

    def states(self, user_ids: Iterable[str]) -> dict[str, State]:
        """Those that are known."""
        return {name: self.known[name] for name in user_ids if name in self.known}
