"""The store on a Redis server; implements ``features.store.Store``."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Self

from features import merging, tombstones
from features.clock import BusinessZone
from features.errors import StoreError
from features.groupbuys import GroupBuy
from features.home import Home
from features.identities import IdLink, Linked
from features.online import State, decode
from features.store import Appended, Changes, Cursor, Forgotten, GroupChanges, Item
from features.store.entries import Draft, forget_draft, group_of, linked_of, patch_draft
from features.store.projection import KEPT_BYTES, chunks
from features.store.shared import burials
from features.store.shared.address import Address
from features.store.shared.applier import LEASE_MS, SharedApplier
from features.store.shared.disk import check_durable, rewrite
from features.store.shared.generations import SharedGenerations
from features.store.shared.lease import Lease
from features.store.shared.link import Command, Link
from features.store.shared.log import SharedLog
from features.store.shared.states import Place, change, item_in, linked_bodies, mentioning
from features.store.taking import Taking
from features.tombstones import Tombstones

FORGET_S = 600.0
_WAIT_S = 0.001


class SharedStore(Taking):
    """One process's view of a keyspace.

    Parameters
    ----------
    generations : SharedGenerations
        Prepared.
    applies : bool
        Whether this process stands by to apply.
    kept_bytes : int
        States that the applier keeps decoded, by their encoded size.
    lease_ms : int
        After so long without a sign of life of the applier another one takes over.
    """

    def __init__(
        self,
        generations: SharedGenerations,
        *,
        applies: bool,
        kept_bytes: int = KEPT_BYTES,
        lease_ms: int = LEASE_MS,
    ) -> None:
        super().__init__(generations.home)
        self._generations = generations
        self._log = generations.log
        self._link = generations.link
        self._place = Place(self._link, "")
        self._buried = burials.agree(self._link, self.home)
        self._applier = SharedApplier(generations, kept_bytes, lease_ms) if applies else None
        if self._applier:
            self._applier.start()

    @classmethod
    def open(
        cls,
        address: Address,
        home: Home,
        zone: BusinessZone,
        *,
        applies: bool = True,
        kept_bytes: int = KEPT_BYTES,
        lease_ms: int = LEASE_MS,
    ) -> Self:
        """Open a keyspace, made if need be; see ``features.store.open_store``."""
        generations = opened(address, home, zone)
        try:
            generations.prepare()
        except BaseException:
            generations.close()
            raise
        return cls(generations, applies=applies, kept_bytes=kept_bytes, lease_ms=lease_ms)

    def _append(self, drafts: Callable[[Tombstones], Sequence[Draft]]) -> Appended:
        while True:
            done = self._log.append(drafts(tombstones.read(self.home)), self._buried)
            if done is not None:
                return done
            self._buried = burials.agree(self._link, self.home)  # somebody was forgotten

    def patch_item(self, item_id: str, fields: Mapping[str, object]) -> int:
        """Change some fields of an item."""
        applied = self.item(item_id)
        done = self._log.append_item(
            item_id, lambda logged: patch_draft(item_id, [logged, applied], fields)
        )
        return done.last_seq

    def state(self, user_id: str) -> State | None:
        """State of one person."""
        return self.states([user_id]).get(user_id)

    def states(self, user_ids: Iterable[str]) -> Mapping[str, State]:
        """States of several people."""
        found: dict[str, State] = {}
        for chunk in chunks(user_ids):
            place, bodies, rows = self._sent(chunk)
            if rows is None:
                found |= _decoded(chunk, bodies)
            else:
                found |= merging.people(chunk, partial(_linked, place), partial(_states, place))
        return found

    def _sent(self, users: Sequence[str]) -> tuple[Place, list[bytes | None], int | None]:
        """States as they were sent, and how many ids were ever linked; None: none."""
        while True:
            place = self._place
            keys = [self._link.key("generation"), *map(place.state, users)]
            (name, *bodies), rows = self._link.ask_all([
                ("MGET", *keys),
                ("HLEN", place.key("linked")),
            ])
            if self._is(place, name):
                return place, list(bodies), rows or None

    def ids(self, user_id: str) -> tuple[str, ...]:
        """All ids of a person."""
        _, (body,) = self._ask(("HMGET", "linked", user_id.encode(errors="surrogatepass")))
        return tuple(linked_of(body).members) or (user_id,) if body else (user_id,)

    def everyone(self) -> Iterator[str]:
        """Ids of all states."""
        place, _ = self._ask(("HLEN", "meta"))
        prefix = place.state("")
        for page in self._link.keys(prefix):
            yield from (key[len(prefix) :].decode() for key in page)

    def _is(self, place: Place, name: bytes | None) -> bool:
        """Whether a generation is in force; keep the one that is otherwise."""
        if name is None:
            raise StoreError(
                f"the online states in {self._link.address} are gone", next_step="open it again"
            )
        if name.decode() == place.name:
            return True
        self._place = Place(self._link, name.decode())
        return False

    def _ask(self, command: Command) -> tuple[Place, Any]:
        """Ask about a key of the generation in force, whose name comes after its parts."""
        while True:
            place = self._place
            word, part, *rest = command
            asked = [(word, place.key(part), *rest), ("GET", self._link.key("generation"))]
            found, name = self._link.ask_all(asked)
            if self._is(place, name):  # then it was when the first command ran, too
                return place, found

    def item(self, item_id: str) -> Item | None:
        """Item as it is now."""
        return self.items([item_id]).get(item_id)

    def items(self, item_ids: Iterable[str]) -> Mapping[str, Item]:
        """Items as they are now."""
        return {name: item_in(value) for name, value in self._facts("items", item_ids)}

    def group_buys(self, group_buy_ids: Iterable[str]) -> Mapping[str, GroupBuy]:
        """Group buys as they are now."""
        return {name: group_of(value[8:]) for name, value in self._facts("groups", group_buy_ids)}

    def _facts(self, part: str, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for chunk in chunks(names):
            _, values = self._ask(("HMGET", part, *chunk))
            yield from ((one, v) for one, v in zip(chunk, values, strict=True) if v is not None)

    def changes(self, cursor: Cursor, limit: int = 10_000) -> Changes:
        """Items changed since a cursor."""
        if self._link.ask("HLEN", self._link.key("tombstones")) != self._buried:
            self._buried = burials.agree(self._link, self.home)
        ids, cursor = self._changed("changes", cursor, limit)
        items = self.items(ids)
        return Changes(tuple(items[item] for item in ids if item in items), cursor)

    def group_changes(self, cursor: Cursor, limit: int = 10_000) -> GroupChanges:
        """Group buys changed since a cursor."""
        ids, cursor = self._changed("group_changes", cursor, limit)
        groups = self.group_buys(ids)
        return GroupChanges(tuple(groups[one] for one in ids if one in groups), cursor)

    def _changed(self, part: str, cursor: Cursor, limit: int) -> tuple[list[str], Cursor]:
        while True:
            after = b"(" + change(cursor.after_id, cursor.after_us)
            place, found = self._ask(("ZRANGEBYLEX", part, after, "+", "LIMIT", 0, limit))
            if cursor.generation == place.name:
                break
            cursor = Cursor(cursor.start_us, cursor.start_us, "\U0010ffff", place.name)
        if not found:
            return [], cursor
        ids = [member[16:].decode() for member in found]
        return ids, Cursor(cursor.start_us, int(found[-1][:16]), ids[-1], cursor.generation)

    @property
    def log_seq(self) -> int:
        """Seq of the last durable entry."""
        return self._log.head().last_seq

    @property
    def applied_seq(self) -> int:
        """Seq of the last applied entry."""
        return int(self._ask(("HGET", "meta", "applied_seq"))[1])

    def wait_applied(self, seq: int, timeout_s: float = 5.0) -> bool:
        """Wait until an entry is applied."""
        until = time.monotonic() + timeout_s
        while self.applied_seq < seq:
            if time.monotonic() > until:
                return False
            time.sleep(_WAIT_S)
        return True

    def load(
        self,
        states: Iterable[tuple[str, State]],
        items: Iterable[Item],
        links: Iterable[IdLink] = (),
        groups: Iterable[GroupBuy] = (),
        *,
        log_seq: int,
        as_of_us: int | None = None,
    ) -> None:
        """Put a batch snapshot in force."""
        self._generations.load(states, items, links, groups, log_seq, as_of_us)

    def forget(self, user_ids: Sequence[str]) -> Forgotten:
        """Erase people: from the states, from the log, then from the server's files."""
        people = frozenset(user_ids)
        if not people:
            return Forgotten(0, 0)
        touched = set(self.states(people))
        for person in people:
            touched |= set(mentioning(self._place, person, None, {}))
        seq = self._append(lambda _: [forget_draft(one) for one in sorted(people)]).last_seq
        if not self.wait_applied(seq, FORGET_S):
            raise StoreError(
                "nobody applies the log, so nobody is forgotten yet",
                next_step="start the service or open the store with applies=True, then retry",
            )
        with Lease.upkeep(self._link) as lease:
            entries = self._log.erase(people, seq, lease)
            self._generations.clear()
            rewrite(self._link)
        return Forgotten(entries - len(people), len(touched))

    def close(self) -> None:
        """Stop applying and release the connections."""
        if self._applier:
            self._applier.stop()
        self._link.close()


def _decoded(users: Sequence[str], bodies: Sequence[bytes | None]) -> dict[str, State]:
    return {
        user: decode(body) for user, body in zip(users, bodies, strict=True) if body is not None
    }


def _states(place: Place, user_ids: Iterable[str]) -> dict[str, State]:
    found: dict[str, State] = {}
    for chunk in chunks(user_ids):
        found |= _decoded(chunk, place.link.ask("MGET", *map(place.state, chunk)))
    return found


def _linked(place: Place, user_ids: Iterable[str]) -> dict[str, Linked]:
    ids = list(dict.fromkeys(user_ids))
    bodies = zip(ids, linked_bodies(place, ids), strict=True)
    return {one: linked_of(body) for one, body in bodies if body}


def opened(address: Address, home: Home, zone: BusinessZone) -> SharedGenerations:
    """Reach a keyspace without asking whether the states in force can be used.

    Raises
    ------
    StoreError
        The server does not answer, or may lose what it acknowledges.
    """
    link = Link(address)
    try:
        check_durable(link)
        return SharedGenerations(home, SharedLog(link), zone)
    except BaseException:
        link.close()
        raise
