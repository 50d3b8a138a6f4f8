"""Generations of the states on the server: made, put in force at once, and cleared away."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from features.clock import BusinessZone
from features.errors import StoreError
from features.groupbuys import GroupBuy
from features.home import Home
from features.identities import IdLink, rows
from features.online import State, encode
from features.store.entries import body_of
from features.store.projection import Projection
from features.store.records import Item
from features.store.shared import scripts
from features.store.shared.lease import Lease
from features.store.shared.link import Link
from features.store.shared.log import SharedLog
from features.store.shared.states import Place, SharedStates, change, fact_value, item_value
from features.store.statefile import Meta

CATCH_UP = 200
FILLED_AT_ONCE = 500
TRIES = 50
"""Catching up goes on while others append, but not for ever."""


@dataclass(frozen=True)
class SharedGenerations:
    """The generations of one keyspace.

    Parameters
    ----------
    home : Home
        Named in what to run next.
    log : SharedLog
        What the states follow from.
    zone : BusinessZone
        For days and hours.
    """

    home: Home
    log: SharedLog
    zone: BusinessZone

    @property
    def link(self) -> Link:
        """The server."""
        return self.log.link

    def place(self) -> Place | None:
        """The generation in force."""
        name = self.link.ask("GET", self.link.key("generation"))
        return Place(self.link, name.decode()) if name else None

    def prepare(self) -> None:
        """Make sure that the generation in force can be used; rebuild it otherwise.

        Raises
        ------
        StoreError
            It cannot be used, and the log alone does not lead to it.
        """
        if not self._unfit():
            return
        with Lease.upkeep(self.link) as lease:
            if reason := self._unfit():
                if self._from_snapshot() or self.log.head().pruned_seq:
                    raise StoreError(
                        f"the online states in {self.link.address} cannot be used",
                        expected="states of this version, or a log that reaches back to its start",
                        got=f"states {reason}",
                        next_step=f"run `huoren features --data {self.home.root}`, which loads a "
                        "new snapshot",
                    )
                self._put_in_force(self._made(lease, 0, "log"))

    def load(
        self,
        states: Iterable[tuple[str, State]],
        items: Iterable[Item],
        links: Iterable[IdLink],
        groups: Iterable[GroupBuy],
        log_seq: int,
        as_of_us: int | None,
    ) -> None:
        """Put a batch snapshot in force; see ``Store.load``."""
        with Lease.upkeep(self.link) as lease:
            self.log.head().check_reach(self.home, log_seq, as_of_us)
            made = self._made(lease, log_seq, "snapshot")
            self._fill(made.place, states, items)
            self._fill_linked(made.place, links)
            self._fill_groups(made.place, groups)
            if as_of_us is not None:
                self._apply_early(made, log_seq, as_of_us)
            self._put_in_force(made)

    def expendable(self, wanted: int) -> int:
        """Seq up to which nobody needs the entries any more: the states contain them."""
        meta = self.meta()
        if meta is None or self._unfit():  # a snapshot is needed first
            return 0
        return min(wanted, meta.applied_seq)

    def close(self) -> None:
        """Release the connections."""
        self.log.close()

    def clear(self) -> None:
        """Delete every generation but the one in force; within the upkeep lease."""
        if current := self.place():
            prefix = self.link.key("g", "")
            kept = self.link.key("g", current.name, "")
            for page in self.link.keys(prefix):
                if old := [key for key in page if not key.startswith(kept)]:
                    self.link.ask("UNLINK", *old)

    def meta(self) -> Meta | None:
        """What the generation in force follows from; None: there is none."""
        place = self.place()
        if place is None:
            return None
        found = [value or b"" for value in self.link.ask("HMGET", place.key("meta"), *Meta._fields)]
        generation, log_id, declaration, zone, applied = (value.decode() for value in found)
        return Meta(generation, log_id, declaration, zone, int(applied or 0))

    def _unfit(self) -> str:
        meta = self.meta()
        if meta is None:
            return "missing"
        head = self.log.head()
        return meta.unfit(Meta.new(head.log_id, self.zone), head.last_seq)

    def _from_snapshot(self) -> bool:
        place = self.place()
        if place is None:
            return False
        return bool(self.link.ask("HGET", place.key("meta"), "origin") == b"snapshot")

    def _made(self, lease: Lease, log_seq: int, origin: str) -> SharedStates:
        meta = Meta.new(self.log.head().log_id, self.zone, log_seq)
        place = Place(self.link, meta.generation)
        fields = [part for pair in meta._asdict().items() for part in pair]
        self.link.ask("HSET", place.key("meta"), *fields, "origin", origin)
        return SharedStates(place, lease, in_force=False)

    def _fill(
        self, place: Place, states: Iterable[tuple[str, State]], items: Iterable[Item]
    ) -> None:
        people = iter(states)
        while page := list(islice(people, FILLED_AT_ONCE)):
            self.link.ask_all([("SET", place.state(user), encode(state)) for user, state in page])
        goods = iter(items)
        while some := list(islice(goods, FILLED_AT_ONCE)):
            values = [(one.item_id, item_value(one, one.valid_from_us)) for one in some]
            self.link.ask("HSET", place.key("items"), *(part for pair in values for part in pair))
            members = [change(one.item_id, one.valid_from_us) for one in some]
            self.link.ask(
                "ZADD", place.key("changes"), *(part for one in members for part in (0, one))
            )

    def _fill_linked(self, place: Place, links: Iterable[IdLink]) -> None:
        ids = rows(links)
        while some := list(islice(ids, FILLED_AT_ONCE)):
            values = [part for user, row in some for part in (user, body_of(row))]
            self.link.ask("HSET", place.key("linked"), *values)

    def _fill_groups(self, place: Place, groups: Iterable[GroupBuy]) -> None:
        for one in groups:
            value = fact_value(body_of(one), one.heard_us)
            self.link.ask_all([
                ("HSET", place.key("groups"), one.group_buy_id, value),
                ("ZADD", place.key("group_changes"), 0, change(one.group_buy_id, one.heard_us)),
            ])

    def _apply_early(self, made: SharedStates, log_seq: int, as_of_us: int) -> None:
        projection = Projection(made, self.zone)
        for entries in self.log.scan(0, log_seq, CATCH_UP):
            early = [entry for entry in entries if entry.at_us >= as_of_us]
            if early:
                projection.apply_early(early)

    def _put_in_force(self, made: SharedStates) -> None:
        projection = Projection(made, self.zone)
        keys = [made.lease.key, self.link.key("generation"), self.link.key("head")]
        for left in reversed(range(TRIES)):
            while entries := self.log.read(projection.applied_seq, CATCH_UP):
                projection.apply(entries)
            values = [made.lease.token, made.place.name, projection.applied_seq, int(left == 0)]
            done = self.link.run(scripts.PUT_IN_FORCE, keys, values)
            if done == "fenced":
                raise made.lease.lost()
            if done == "done":
                break
        self.clear()
