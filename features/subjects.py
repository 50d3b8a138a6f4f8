"""People as columns: what portraits and references are computed from, for one person or a million.

The same value comes from one online reading (a batch of one) and from the tables of a snapshot, so
that whatever is computed from it is written once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.catalogue import CATALOGUE, of_key
from features.clock import DAY_US, BusinessZone
from features.counters import Key, Scope
from features.reading import Reading

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PROFILE = ("gender", "birth_year", "city", c.CITY_TIER, "member_level")
"""Profile columns that portraits may use."""

CONSENTS = "consents"
"""What a person agreed to, as if it were a column of the profile."""


MARKETING = "marketing."
"""What consents to be reached by a channel begin with."""

OLDEST = 120
"""Years; a declared year of birth before that is a mistake."""


@dataclass(frozen=True)
class Keyed:
    """Counters kept for a person and something else: m rows in no order.

    Parameters
    ----------
    owners : ndarray, int64, shape (m,)
        Whose row it is: position among the people.
    names : sequence of str
        The different categories, brands, peers, … of the rows.
    codes : ndarray, int64, shape (m,)
        Which of ``names`` the row is about.
    values : mapping of str to ndarray, float64, shape (m,)
        By counter name.
    """

    owners: Ints
    names: Sequence[str]
    codes: Ints
    values: Mapping[str, Floats]


@dataclass(frozen=True)
class Subjects:
    """What is known about n people at one instant.

    Parameters
    ----------
    ids : sequence of str
        The people; n of them.
    at_us : int
        Every value is as of it.
    zone : BusinessZone
        For days.
    numbers : mapping of str to ndarray, float64, shape (n,)
        Counters of a person by name.
    keyed : mapping of Key to Keyed
        Counters of a person and something else.
    profile : mapping of str to sequence of str or None, each of length n
        By name, see ``PROFILE``.
    channels : Keyed
        Marketing channels that people agreed to be reached by; no values.
    reachable : ndarray, bool, shape (n,)
        Who may be reached at all; who was never asked may.
    consents : mapping of Scope to ndarray, bool, shape (n,)
        Who may be described with facts of this scope; who was never asked may.
    personalized : ndarray, bool, shape (n,)
        Who left personalisation on.
    suppressed : mapping of str to ndarray, int64
        Positions of the people who deleted this tag.
    ties : Keyed
        Declared ties to peers; no values.
    """

    ids: Sequence[str]
    at_us: int
    zone: BusinessZone
    numbers: Mapping[str, Floats]
    keyed: Mapping[Key, Keyed]
    profile: Mapping[str, Sequence[str | None]]
    channels: Keyed
    reachable: Bools
    consents: Mapping[Scope, Bools]
    personalized: Bools
    suppressed: Mapping[str, Ints]
    ties: Keyed

    def __len__(self) -> int:
        return len(self.ids)

    def number(self, name: str) -> Floats:
        """Values of a counter of a person; float64, shape (n,)."""
        return self.numbers[name]

    def days_since(self, name: str) -> Floats:
        """Business days since an instant that a counter holds, NaN where absent; shape (n,)."""
        instants = self.numbers[name]
        known = ~np.isnan(instants)
        days = np.full(len(self), np.nan)
        if known.any():
            then = self.zone.day(instants[known].astype(np.int64))
            days[known] = int(self.zone.day(self.at_us)) - then
        return days

    def age_days(self, name: str) -> Floats:
        """Exact days since an instant that a counter holds, NaN where absent; shape (n,)."""
        return (self.at_us - self.numbers[name]) / DAY_US

    @property
    def this_year(self) -> int:
        """Calendar year of the business day."""
        day = np.datetime64(int(self.zone.day(self.at_us)), "D")
        return 1970 + int(day.astype("datetime64[Y]").astype(np.int64))

    @cached_property
    def ages(self) -> Floats:
        """Years since the declared year of birth; NaN where it is none of a living person's."""
        born = [_year(text) for text in self.profile["birth_year"]]
        ages = self.this_year - np.array(born, dtype=np.float64)
        return np.where((ages >= 0) & (ages <= OLDEST), ages, np.nan)

    def total(self, name: str, *, floor: float = 0.0) -> Floats:
        """Sum over a person's keys of the values of a counter above ``floor``; shape (n,)."""
        table = self.keyed[CATALOGUE[name].key]
        values = table.values[name]
        kept = np.where(values > floor, values, 0.0)
        return sums(table.owners, kept, len(self))


def sums(codes: Ints, amounts: Floats, n: int) -> Floats:
    """Sum of the amounts of each code 0 … n - 1.

    Examples
    --------
    >>> sums(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0]), 3).tolist()
    [1.0, 0.0, 5.0]
    """
    return np.asarray(np.bincount(codes, weights=amounts, minlength=n), dtype=np.float64)


def of_reading(reading: Reading, person: str = "") -> Subjects:
    """One person, from the online state; ``person`` finds what references say of people.

    Examples
    --------
    >>> from features.online import State
    >>> one = of_reading(Reading(State(profile={"gender": "female"}), 0, BusinessZone()))
    >>> len(one), one.number("user.orders").tolist(), one.profile["gender"]
    (1, [0.0], ['female'])
    """
    state = reading.state
    keyed = {}
    for key in _personal():
        tails, values = reading.table(key)
        m = len(tails)
        keyed[key] = Keyed(np.zeros(m, np.int64), tails, np.arange(m, dtype=np.int64), values)
    given = state.consents
    ways = sorted(one.removeprefix(MARKETING) for one in given or () if one.startswith(MARKETING))
    return Subjects(
        ids=(person,),
        at_us=reading.at_us,
        zone=reading.zone,
        numbers=reading.table(Key.USER)[1],
        keyed=keyed,
        profile={name: [state.profile.get(name)] for name in PROFILE},
        channels=_own(ways),
        reachable=np.array([given is None or bool(ways)]),
        consents={scope: np.array([given is None or scope in given]) for scope in Scope},
        personalized=np.array([state.personalized]),
        suppressed={tag: np.zeros(1, np.int64) for tag in state.suppressed},
        ties=_own(list(state.ties)),
    )


def _own(names: Sequence[str]) -> Keyed:
    """Names of the one person there is."""
    m = len(names)
    return Keyed(np.zeros(m, np.int64), names, np.arange(m, dtype=np.int64), {})


def of_tables(
    tables: Mapping[Key, "pa.Table"],
    at_us: int,
    zone: BusinessZone,
    users: "pa.Table | None" = None,
    held: "pa.Table | None" = None,
) -> Subjects:
    """Everybody, from the tables of a snapshot.

    Parameters
    ----------
    tables : mapping of Key to pyarrow.Table
        As made by ``features.batch.values``; a missing one is empty.
    at_us : int
        The instant they are as of.
    zone : BusinessZone
        The business time zone.
    users : pyarrow.Table, optional
        One row for each user: ``user_id`` and any of the profile columns, ``consents`` and
        ``suppressed`` (lists of str) and ``personalized`` (bool).
    held : pyarrow.Table, optional
        Declared ties, from ``features.ties.in_force``.

    Returns
    -------
    Subjects
        Everyone of the tables and of ``users``, ordered by id.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    present = {key: tables[key] for key in (Key.USER, *_personal()) if key in tables}
    sources = [*present.values(), *([] if users is None else [users])]
    chunks = [chunk for table in sources for chunk in table[c.USER].chunks]
    ids = pc.unique(pa.chunked_array(chunks, pa.string()))
    ids = ids.take(pc.sort_indices(ids))
    keyed = {key: _keyed(present.get(key), key, ids) for key in _personal()}
    own = present.get(Key.USER)
    people = None if users is None else users.take(pc.index_in(ids, users[c.USER]))
    ways = _channels(people)
    reachable = _never_asked(people, len(ids))
    reachable[ways.owners] = True
    return Subjects(
        ids=ids.to_pylist(),
        at_us=at_us,
        zone=zone,
        numbers=_numbers(own, ids),
        keyed=keyed,
        profile={name: _texts(people, name, len(ids)) for name in PROFILE},
        channels=ways,
        reachable=reachable,
        consents={scope: _given(people, scope, len(ids)) for scope in Scope},
        personalized=_switch(people, len(ids)),
        suppressed=_suppressed(people),
        ties=_ties(held, ids),
    )


def _personal() -> Iterable[Key]:
    """Keys of a person and something else that portraits look at; items are too many."""
    return (Key.CATEGORY, Key.BRAND, Key.SHOP, Key.HOUR, Key.ENTRY, Key.PHASE, Key.PAIR)


def _numbers(table: "pa.Table | None", ids: "pa.Array") -> dict[str, Floats]:
    import pyarrow.compute as pc

    found = {}
    places = None if table is None else pc.index_in(table[c.USER], ids).to_numpy()
    for counter in of_key(Key.USER):
        values = np.full(len(ids), np.nan if counter.last or counter.first else 0.0)
        if table is not None:
            values[places] = table[counter.column].to_numpy()
        found[counter.name] = values
    return found


def _keyed(table: "pa.Table | None", key: Key, ids: "pa.Array") -> Keyed:
    import pyarrow.compute as pc

    counters = of_key(key)
    if table is None:
        none = np.zeros(0, np.int64)
        return Keyed(none, (), none, {counter.name: np.zeros(0) for counter in counters})
    tails = table[key.columns[1]].combine_chunks().dictionary_encode()
    return Keyed(
        owners=pc.index_in(table[c.USER], ids).to_numpy().astype(np.int64),
        names=tails.dictionary.to_pylist(),
        codes=tails.indices.to_numpy().astype(np.int64),
        values={counter.name: table[counter.column].to_numpy() for counter in counters},
    )


def _ties(held: "pa.Table | None", ids: "pa.Array") -> Keyed:
    """Ties of ``ids``; of who is unknown otherwise there is nothing to describe."""
    import pyarrow.compute as pc

    if held is None:
        none = np.zeros(0, np.int64)
        return Keyed(none, (), none, {})
    known = held.filter(pc.is_in(held[c.USER], ids))
    peers = known[c.PEER].combine_chunks().dictionary_encode()
    owners = pc.index_in(known[c.USER], ids).to_numpy().astype(np.int64)
    return Keyed(
        owners, peers.dictionary.to_pylist(), peers.indices.to_numpy().astype(np.int64), {}
    )


def _texts(people: "pa.Table | None", name: str, n: int) -> list[str | None]:
    if people is None or name not in people.column_names:
        return [None] * n
    texts: list[str | None] = people[name].cast("string").to_pylist()
    return texts


def _year(text: str | None) -> float:
    return float(text) if text and text.isdecimal() else np.nan


def _consents(people: "pa.Table | None") -> "tuple[Ints, pa.Array] | None":
    """Row of each consent given, and the consents; None where nobody was asked."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if people is None or "consents" not in people.column_names:
        return None
    lists = people["consents"].combine_chunks()
    if not pa.types.is_list(lists.type):
        return None
    return pc.list_parent_indices(lists).to_numpy().astype(np.int64), pc.list_flatten(lists)


def _never_asked(people: "pa.Table | None", n: int) -> Bools:
    if people is None or "consents" not in people.column_names:
        return np.ones(n, dtype=np.bool_)
    unknown = people["consents"].combine_chunks().is_null()
    return np.asarray(unknown.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _given(people: "pa.Table | None", scope: Scope, n: int) -> Bools:
    import pyarrow.compute as pc

    given = _never_asked(people, n)
    if (told := _consents(people)) is not None:
        rows, scopes = told
        given[rows[pc.equal(scopes, scope.value).to_numpy(zero_copy_only=False)]] = True
    return given


def _channels(people: "pa.Table | None") -> Keyed:
    import pyarrow.compute as pc

    none = np.zeros(0, np.int64)
    if (told := _consents(people)) is None:
        return Keyed(none, (), none, {})
    rows, scopes = told
    kept = pc.starts_with(scopes, MARKETING).to_numpy(zero_copy_only=False)
    ways = pc.replace_substring(scopes.filter(kept), MARKETING, "").dictionary_encode()
    codes = ways.indices.to_numpy().astype(np.int64)
    return Keyed(rows[kept], ways.dictionary.to_pylist(), codes, {})


def _switch(people: "pa.Table | None", n: int) -> Bools:
    if people is None or "personalized" not in people.column_names:
        return np.ones(n, dtype=np.bool_)
    return np.array([on is not False for on in people["personalized"].to_pylist()], dtype=np.bool_)


def _suppressed(people: "pa.Table | None") -> dict[str, Ints]:
    if people is None or "suppressed" not in people.column_names:
        return {}
    found: dict[str, list[int]] = {}
    for i, names in enumerate(people["suppressed"].to_pylist()):
        for name in names or ():
            found.setdefault(name, []).append(i)
    return {name: np.array(places, dtype=np.int64) for name, places in found.items()}
