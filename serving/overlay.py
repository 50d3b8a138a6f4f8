"""The live catalogue over the bundle's: price, stock, status and expiry as they are now."""

from collections.abc import Sequence
from typing import Any, Protocol

from features.store import Cursor, Store

PAGE = 10_000


class Overlaid(Protocol):
    """Items that take what changed; ``features.items.Items`` are."""

    def overlay(self, records: Sequence[Any]) -> None:
        """Take changed items, in place."""
        ...


class Overlay:
    """Follows the live catalogue for the items of one bundle.

    Parameters
    ----------
    items : Overlaid
        Of the bundle.
    as_of_us : int
        What changed before is in the bundle already.
    """

    def __init__(self, items: Overlaid, as_of_us: int) -> None:
        self._items = items
        self._cursor = Cursor(as_of_us)

    def follow(self, store: Store) -> int:
        """Take everything that changed since the last time; returns how many items."""
        taken = 0
        while True:
            changes = store.changes(self._cursor, PAGE)
            if changes.items:
                self._items.overlay(changes.items)
            self._cursor = changes.cursor
            taken += len(changes.items)
            if len(changes.items) < PAGE:
                return taken
