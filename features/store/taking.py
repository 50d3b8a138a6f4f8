"""What a store takes: records checked, without the forgotten, as entries of its log."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from features import tombstones
from features.events import Event
from features.home import Home
from features.store import Appended, Item, Tie, User
from features.store.entries import Draft, event_draft, record_draft


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
    def _append(self, drafts: Sequence[Draft]) -> Appended:
        """Make drafts durable, all or none."""

    def append(self, events: Sequence[Event]) -> Appended:
        """Make events durable."""
        admit = tombstones.read(self.home).refuse
        return self._append([event_draft(admit(event)) for event in events])

    def put_users(self, users: Sequence[User]) -> int:
        """Upsert profiles."""
        admit = tombstones.read(self.home).refuse
        return self._append([record_draft(admit(user)) for user in users]).last_seq

    def put_ties(self, ties: Sequence[Tie]) -> int:
        """Upsert ties."""
        admit = tombstones.read(self.home).refuse
        return self._append([record_draft(admit(tie)) for tie in ties]).last_seq

    def put_items(self, items: Sequence[Item]) -> int:
        """Upsert items."""
        return self._append([record_draft(item) for item in items]).last_seq
