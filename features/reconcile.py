"""What ``huoren features --reconcile`` does: see that what serves is what the history says.

The log is sealed, everybody's state is built anew from the history as ``huoren features`` would,
and compared with the states that serve, read at the same instant. Both must agree in every live
counter of every person and key to 1e-6 relative or 1e-9 absolute, and exactly in the rest: last
acts, ties, profile and choices. Whoever has several ids is compared as one person.
"""

import json
import math
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from features import choices, snapshot
from features import columns as c
from features.clock import SECOND_US, BusinessZone, format_instant, now_us
from features.counters import Key
from features.errors import GateRefused, InputError, StoreError
from features.history import History
from features.home import Home
from features.online import State, live
from features.reading import Reading
from features.store import Store, open_store
from features.store.projection import chunks
from features.store.sealing import seal

RELATIVE, ABSOLUTE = 1e-6, 1e-9
EXAMPLES = 3
_TRIES = 3
_AHEAD_US = 60 * SECOND_US
"""The log's clock may run ahead of ours by so much after a burst."""


@dataclass
class Difference:
    """Where the two disagree in one counter or part of the state.

    Parameters
    ----------
    what : str
        Name of the counter, or ``recent``, ``deeds``, ``ties``, ``profile``, …
    count : int
        How many values differ.
    worst : float
        Largest relative difference; infinite where values cannot be subtracted.
    examples : list of dict
        The first few: ``user_id``, ``key``, ``online``, ``batch``.
    """

    what: str
    count: int = 0
    worst: float = 0.0
    examples: list[dict[str, str]] = field(default_factory=list)

    def add(self, user_id: str, key: str, online: object, batch: object) -> None:
        """Count one value."""
        self.count += 1
        self.worst = max(self.worst, _relative(online, batch))
        if len(self.examples) < EXAMPLES:
            told = {"online": repr(online), "batch": repr(batch)}
            self.examples.append({c.USER: user_id, "key": key, **told})


@dataclass(frozen=True)
class Reconciled:
    """What a comparison found.

    Parameters
    ----------
    at_us : int
        The instant of both.
    people, values : int
        How many were compared.
    differences : list of Difference
        Empty: they agree.
    """

    at_us: int
    people: int
    values: int
    differences: list[Difference]

    def as_json(self) -> dict[str, Any]:
        """Plain values, as ``--json`` prints them; an infinite ``worst`` is null."""
        told = [asdict(one) for one in self.differences]
        for one in told:
            one["worst"] = None if math.isinf(one["worst"]) else one["worst"]
        return {
            "at": format_instant(self.at_us),
            "people": self.people,
            "values": self.values,
            "differences": told,
        }

    def require_equal(self) -> None:
        """Pass where nothing differs.

        Raises
        ------
        GateRefused
            Something differs.

        Examples
        --------
        >>> Reconciled(0, 2, 40, []).require_equal()
        >>> Reconciled(0, 2, 40, [Difference("user.orders_30", 1, 0.5)]).require_equal()
        Traceback (most recent call last):
        features.errors.GateRefused: the online states are not what the history says (expected ...
        """
        if self.differences:
            raise GateRefused(
                "the online states are not what the history says",
                expected=f"{self.values} equal values of {self.people} people",
                got=", ".join(f"{one.what}: {one.count} differ" for one in self.differences),
                next_step="`huoren features` puts what the history says in force",
            )


def reconcile(home: Home, zone: BusinessZone, at_us: int | None = None) -> Reconciled:
    """Compare the online states with a batch rebuild.

    Parameters
    ----------
    home : Home
        Nobody should write to it meanwhile; what its log holds is sealed.
    zone : BusinessZone
        The business time zone.
    at_us : int, optional
        Instant at which both are read, after the last event; now when left out.

    Raises
    ------
    InputError
        There is no event, or the last one is not before ``at_us``.
    StoreError
        The states cannot be read, or events keep coming.
    """
    with closing(open_store(home, zone)) as store:
        for _ in range(_TRIES):
            seal(home, zone, before_us=now_us() + _AHEAD_US)
            reached = store.log_seq
            if not store.wait_applied(reached, 60.0):
                break
            instant = _instant(home, at_us)
            batch = _rebuilt(home, instant, zone)
            online = _served(store, batch)
            if store.log_seq == reached:
                return compare(online, batch, instant, zone)
    raise StoreError(
        "the states do not hold still",
        expected="nothing written for a while",
        got=f"an entry after seq {reached}, or a lag",
        next_step="try again while nothing is sent",
    )


def compare(
    online: Mapping[str, State], batch: Mapping[str, State], at_us: int, zone: BusinessZone
) -> Reconciled:
    """Compare everybody's two states.

    Examples
    --------
    >>> found = compare({"u1": State(ties={"u2": "friend"})}, {"u1": State()}, 0, BusinessZone())
    >>> found.differences[0].what, found.differences[0].count
    ('ties', 1)
    """
    differences: dict[str, Difference] = {}
    people = sorted({*online, *batch})
    compared = 0
    for person in people:
        one, other = online.get(person, State()), batch.get(person, State())
        for what, key, mine, theirs in _pairs(one, other, at_us, zone):
            compared += 1
            if not _agree(mine, theirs):
                differences.setdefault(what, Difference(what)).add(person, key, mine, theirs)
    return Reconciled(at_us, len(people), compared, sorted(differences.values(), key=_order))


def _order(one: Difference) -> str:
    return one.what


def _pairs(
    one: State, other: State, at_us: int, zone: BusinessZone
) -> Iterator[tuple[str, str, object, object]]:
    """Every value of two states: what it is, its key, the one, the other."""
    readings = Reading(one, at_us, zone), Reading(other, at_us, zone)
    for key in Key:
        if live(key):
            mine, theirs = (_values(reading, key) for reading in readings)
            for what, tail in {**mine, **theirs}:
                absent = _ABSENT[what]
                yield (
                    what,
                    tail,
                    mine.get((what, tail), absent),
                    theirs.get((what, tail), absent),
                )
    for what in ("recent", "deeds", "ties", "profile", "personalized"):
        yield what, "", getattr(one, what), getattr(other, what)
    yield "suppressed", "", sorted(one.suppressed), sorted(other.suppressed)
    yield "consents", "", _scopes(one), _scopes(other)


def _values(reading: Reading, key: Key) -> dict[tuple[str, str], float]:
    tails, columns = reading.table(key)
    return {
        (name, tail): value
        for name, values in columns.items()
        for tail, value in zip(tails, values.tolist(), strict=True)
    }


_ABSENT: Mapping[str, float] = defaultdict(
    float,
    {one.name: math.nan for key in Key for one in live(key) if one.last or one.first},
)
"""Value of a counter of which nothing is kept."""


def _scopes(state: State) -> list[str] | None:
    return None if state.consents is None else sorted(state.consents)


def _agree(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        both_absent = math.isnan(one) and math.isnan(other)
        return both_absent or math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return one == other


def _relative(one: object, other: object) -> float:
    if not isinstance(one, float) or not isinstance(other, float) or math.isnan(one - other):
        return math.inf
    return abs(one - other) / max(abs(one), abs(other))


def _instant(home: Home, at_us: int | None) -> int:
    with History(home).connect() as connection:
        last = connection.execute(f"SELECT max({c.AT}) FROM events").fetchall()[0][0]
    if last is None:
        raise InputError(f"no event in {home.root}", next_step="`huoren ingest` or send events")
    if at_us is None:
        return max(now_us(), int(last) + 1)
    if at_us <= last:
        raise InputError(
            "states cannot be read as of the past",
            expected=f"an instant after {format_instant(last)}",
            got=format_instant(at_us),
            next_step="leave --at out",
        )
    return at_us


def _rebuilt(home: Home, at_us: int, zone: BusinessZone) -> dict[str, State]:
    """Everybody's state from the history alone, made beside the home."""
    with tempfile.TemporaryDirectory(prefix="huoren-reconcile-") as place:
        beside = Home(Path(place))
        for name in ("tables", "tombstones.json"):
            (beside.root / name).symlink_to(home.root / name)
        made = snapshot.publish(beside, at_us, zone)
        return dict(snapshot.states(made, choices.people(History(home), at_us)))


def _served(store: Store, batch: Mapping[str, State]) -> Mapping[str, State]:
    """States that serve: of everybody the batch knows, and of whoever else is there."""
    found: dict[str, State] = {}
    others = (user for user in store.everyone() if store.ids(user)[0] == user)
    for page in chunks(chain(batch, others)):
        found |= store.states(page)
    return found


def show(found: Reconciled, console: Console, *, as_json: bool) -> None:
    """Print what differs, or one JSON object."""
    if as_json:
        console.print_json(json.dumps(found.as_json()))
        return
    instant = format_instant(found.at_us)
    console.print(f"{found.values:,} values of {found.people:,} people compared as of {instant}")
    if not found.differences:
        console.print("the online states are what the history says")
        return
    table = Table("what", "differ", "worst", "for example")
    for one in found.differences:
        first = one.examples[0]
        shown = f"{first[c.USER]} {first['key']}: {first['online']}, batch {first['batch']}"
        table.add_row(one.what, f"{one.count:,}", f"{one.worst:.2g}", shown)
    console.print(table)
