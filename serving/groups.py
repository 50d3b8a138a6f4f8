"""Open group buys in a worker's memory: by id, by item and by who is in them."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from threading import Lock

from features.groupbuys import GroupBuy
from features.store import Cursor, Store

PAGE = 10_000


class OpenGroups:
    """Follows the group buys of the store; every method may be called from any thread.

    Parameters
    ----------
    page : int
        Changes read at once.
    """

    def __init__(self, page: int = PAGE) -> None:
        self._page = page
        self._cursor = Cursor(0)
        self._lock = Lock()
        self._groups: dict[str, GroupBuy] = {}
        self._ends: list[tuple[int, str]] = []  # ascending
        self._by_item: dict[str, set[str]] = defaultdict(set)
        self._by_person: dict[str, set[str]] = defaultdict(set)

    def follow(self, store: Store) -> int:
        """Take everything that changed since the last time; returns how many groups."""
        with self._lock:
            return self._follow(store)

    def _follow(self, store: Store) -> int:
        taken = 0
        while True:
            generation = self._cursor.generation
            changes = store.group_changes(self._cursor, self._page)
            if changes.cursor.generation != generation:
                for name in list(self._groups):
                    self._drop(name)
            for group in changes.groups:
                self._take(group)
            self._cursor = changes.cursor
            taken += len(changes.groups)
            if len(changes.groups) < self._page:
                return taken

    def of_item(self, item_id: str, at_us: int) -> list[GroupBuy]:
        """Groups that buy an item and that one can join at an instant, the first to end first."""
        return self._open(self._by_item.get(item_id, ()), at_us)

    def of_people(self, user_ids: Iterable[str], at_us: int) -> list[GroupBuy]:
        """Groups that some people are in and that one can join at an instant."""
        names = {name for one in user_ids for name in tuple(self._by_person.get(one, ()))}
        return self._open(names, at_us)

    def all(self, at_us: int) -> list[GroupBuy]:
        """Every group that one can join at an instant."""
        return self._open(self._groups, at_us)

    def soonest(self, at_us: int, most: int) -> list[GroupBuy]:
        """At most ``most`` groups that one can join at an instant, the first to end first."""
        found: list[GroupBuy] = []
        for _, name in tuple(self._ends):
            group = self._groups.get(name)
            if group is not None and group.open(at_us):
                found.append(group)
            if len(found) == most:
                break
        return found

    def _open(self, names: Iterable[str], at_us: int) -> list[GroupBuy]:
        known = (self._groups.get(name) for name in tuple(names))
        found = [one for one in known if one is not None and one.open(at_us)]
        return sorted(found, key=_end)

    def _take(self, group: GroupBuy) -> None:
        self._drop(group.group_buy_id)
        if not group.open(0):  # ended or full; time alone ends the others
            return
        self._groups[group.group_buy_id] = group
        insort(self._ends, _end(group))
        if group.item_id is not None:
            self._by_item[group.item_id].add(group.group_buy_id)
        for person in {*group.joined, group.starter_id or ""} - {""}:
            self._by_person[person].add(group.group_buy_id)

    def _drop(self, name: str) -> None:
        group = self._groups.pop(name, None)
        if group is None:
            return
        del self._ends[bisect_left(self._ends, _end(group))]
        for index, keys in (
            (self._by_item, [group.item_id]),
            (self._by_person, [*group.joined, group.starter_id]),
        ):
            for key in keys:
                if key in index:
                    index[key].discard(name)
                    if not index[key]:
                        del index[key]


def _end(group: GroupBuy) -> tuple[int, str]:
    """When a group ends, and its id."""
    return group.expires_us or 2**62, group.group_buy_id
