"""What a store takes: records checked, without the forgotten, as entries of its log."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from features.events import Event
from features.home import Home
from features.store import Appended, Item, Tie, User
from features.store.entries import Draft, event_draft, record_draft
from features.tombstones import Tombstones


class Taking(ABC):
    """The part of a store that takes whole records.

    Parameters
    ----------
    home : Home
        Whose tombstones keep people out.
    """

    def __init__(self, home: Home) -> None:
        self.home = home

    @abstractmethod
    def _append(self, drafts: Callable[[Tombstones], Sequence[Draft]]) -> Appended:
        """Make durable, all or none, what may come in beside the tombstones in force."""

    def append(self, events: Sequence[Event]) -> Appended:
        """Make events durable."""
        return self._append(lambda stones: [event_draft(stones.refuse(one)) for one in events])

    def put_users(self, users: Sequence[User]) -> int:
        """Upsert profiles."""
        done = self._append(lambda stones: [record_draft(stones.refuse(one)) for one in users])
        return done.last_seq

    def put_ties(self, ties: Sequence[Tie]) -> int:
        """Upsert ties."""
        done = self._append(lambda stones: [record_draft(stones.refuse(one)) for one in ties])
        return done.last_seq

    def put_items(self, items: Sequence[Item]) -> int:
        """Upsert items."""
        return self._append(lambda _: [record_draft(item) for item in items]).last_seq
