"""The history as arrays: what a person and the person's friends had done at any instant.

Makes the same moments from the history that serving makes from the online state.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import duckdb
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features import choices, consent, online, risk, snapshot, ties
from features import columns as c
from features import events as e
from features.clock import DAY_US, BusinessZone, Int64s
from features.counters import Key, Scope
from features.home import Home
from features.ids import IdMap
from features.points import Points
from features.risk import NOTHING, Risk
from features.strength import UNFITTED, Strength
from features.weights import INTEREST
from recsys.moment import FRIENDS, Acts, Bought, FriendItems, Moment
from training import visitors
from training.queries import Queries as Queries

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Companions:
    """People around each query's person: tied, or with something done together before.

    Parameters
    ----------
    query : ndarray, int64, shape (n,)
        Ascending.
    peers : ndarray of str, shape (n,)
        The other person.
    tied : ndarray, float64, shape (n,)
        1 where a tie is declared.
    """

    query: Int64s
    peers: npt.NDArray[np.object_]
    tied: npt.NDArray[np.float64]


class Past:
    """A history opened for training.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With ``facts`` and ``ties`` (``features.snapshot.connect_facts``).
    zone : BusinessZone
        The business time zone.
    fakes : Risk
        Who teaches nothing: they ask nothing, open nothing and meet nobody in examples. What
        others' rows know of them is left as serving knows it.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, zone: BusinessZone, fakes: Risk = NOTHING
    ) -> None:
        self.connection = connection
        self.zone = zone
        self.risk = fakes
        self.points = Points(connection, zone)

    @cached_property
    def acts(self) -> "_ActArrays":
        """Everyone's acts, by person and time."""
        rows = self.connection.sql(
            f"SELECT {c.USER}, {c.AT}, {c.EVENT}, {c.ITEM} FROM facts "
            f"WHERE {c.ITEM} IS NOT NULL AND {c.EVENT} IN (SELECT unnest($events)) "
            f"ORDER BY {c.USER}, {c.AT}, {c.EVENT}, {c.ITEM}, coalesce({c.PEER}, '')",
            params={"events": sorted(INTEREST)},
        ).to_arrow_table()
        return _ActArrays.of(rows)

    def companions(self, queries: Queries) -> Companions:
        """Everyone who may count as a friend at each query's instant.

        Nobody counts who refuses to, and nobody for a person who does.
        """
        around, willing = self.around(queries)
        return Companions(around.query[willing], around.peers[willing], around.tied[willing])

    def around(self, queries: Queries) -> tuple[Companions, npt.NDArray[np.bool_]]:
        """Everyone around each query's person who lets friends count, and who of them is willing.

        Serving learns who refuses only from the states of the closest, so that they hold a place
        among these; whoever does the same here needs both.
        """
        self.connection.register("queries", queries.table())
        rows = self.connection.sql(
            f"""
            WITH met AS (
                SELECT {c.USER}, {c.PEER}, min({c.AT}) AS since FROM (
                    SELECT {c.USER}, {c.PEER}, {c.AT} FROM facts
                    WHERE {c.PEER} IS NOT NULL AND {c.EVENT} IN (SELECT unnest($forward))
                    UNION ALL
                    SELECT {c.PEER}, {c.USER}, {c.AT} FROM facts
                    WHERE {c.PEER} IS NOT NULL AND {c.EVENT} IN (SELECT unnest($mirrored))
                ) WHERE {c.USER} <> {c.PEER} GROUP BY ALL
            ), held AS (
                SELECT q.query, t.{c.PEER}, arg_max(t.holds, t.moment) AS holds
                FROM queries q JOIN ({ties.told()}) t
                ON q.{c.USER} = t.{c.USER} AND t.moment < q.asked_us
                GROUP BY q.query, t.{c.PEER}, t.tie_type, t.told_of
            ), around AS (
                SELECT q.query, m.{c.PEER}, 0.0 AS tied
                FROM queries q JOIN met m ON q.{c.USER} = m.{c.USER} AND m.since < q.asked_us
                UNION ALL
                SELECT query, {c.PEER}, 1.0 FROM held WHERE holds
            )
            SELECT query, {c.PEER}, max(tied)::DOUBLE AS tied FROM around GROUP BY ALL ORDER BY ALL
            """,
            params={name: _pair_events(name == "mirrored") for name in ("forward", "mirrored")},
        ).to_arrow_table()
        query, peers = rows["query"].to_numpy(), rows[c.PEER].to_numpy(zero_copy_only=False)
        asks = np.array([social(one) for one in self.say(queries)], dtype=np.bool_)
        at_us = queries.at_us[query]
        willing = [social(one) for one in self.say(Queries(peers.tolist(), at_us))]
        kept = asks[query]
        around = Companions(query[kept], peers[kept], rows["tied"].to_numpy()[kept])
        return around, np.array(willing, dtype=np.bool_)[kept]

    def honest(self, user: str, peer: str | None = None) -> bool:
        """Whether what a person did, alone or with a peer, may be learned from."""
        people = self._fakes
        return user not in people and peer not in people and (user, peer) not in self._fake_pairs

    @cached_property
    def _fakes(self) -> frozenset[str]:
        return self.risk.people

    @cached_property
    def _fake_pairs(self) -> frozenset[tuple[str, str]]:
        return self.risk.pairs

    def say(self, queries: Queries) -> list[choices.Say]:
        """What each query's person had decided by then."""
        return choices.at(self.connection, queries.users, queries.at_us.tolist())

    def moments(
        self,
        queries: Queries,
        ids: IdMap,
        strength: Strength = UNFITTED,
        shops: IdMap | None = None,
    ) -> Iterator[Moment]:
        """What sources see at each query, in order.

        Parameters
        ----------
        queries : Queries
            Who asks when.
        ids : IdMap
            Items of the bundle that is asked.
        strength : Strength
            Of its references.
        shops : IdMap, optional
            Shops of it.
        """
        around, willing = self.around(queries)
        users = [queries.users[i] for i in around.query]
        at_us = queries.at_us[around.query]
        peers = around.peers.tolist()
        values = self.points.values(Key.PAIR, {c.USER: users, c.PEER: peers}, at_us)
        close = strength(users, peers, around.tied, values, at_us)
        order = np.lexsort((around.peers.astype(str), -close, around.query))
        starts = np.searchsorted(around.query, np.arange(len(queries) + 1))
        known = self.acts.known(ids)
        persons = visitors.persons(self.connection, queries, ids, shops)
        for i, (user, asked) in enumerate(zip(queries.users, queries.at_us, strict=True)):
            nearest = order[starts[i] : starts[i + 1]][:FRIENDS]
            friends = [
                (float(close[j]), known.deeds(around.peers[j], int(asked), online.DEEDS))
                for j in nearest
                if close[j] > 0 and willing[j]
            ]
            purchases = known.bought(user, int(asked))
            yield Moment(
                int(asked),
                known.own(user, int(asked)),
                FriendItems.of(friends),
                purchases.codes,
                purchases,
                persons[i],
            )


def social(decided: choices.Say) -> bool:
    """Whether a person's acts may be used for friends."""
    return consent.gives(decided, Scope.SOCIAL_GRAPH)


def _pair_events(mirror: bool) -> list[str]:
    """Events that give somebody a pair counter."""
    counters = [one for one in online.live(Key.PAIR) if one.mirror is mirror]
    return sorted({event for counter in counters for event in counter.events})


@dataclass(frozen=True)
class _ActArrays:
    """Acts sorted by person and time.

    Parameters
    ----------
    people : dict of str to int
        Number of each person.
    starts : ndarray, int64, shape (people + 1,)
        Where each person's acts begin.
    at_us, weights, ordered, deed : ndarray, shape (n,)
        The acts.
    items : ndarray, int32, shape (n,)
        Places in ``names``.
    names : list of str
        Items.
    """

    people: dict[str, int]
    starts: Int64s
    at_us: Int64s
    weights: npt.NDArray[np.float64]
    ordered: npt.NDArray[np.bool_]
    deed: npt.NDArray[np.bool_]
    items: Codes
    names: list[str]

    @classmethod
    def of(cls, rows: pa.Table) -> "_ActArrays":
        users = rows[c.USER].combine_chunks().dictionary_encode()
        items = rows[c.ITEM].combine_chunks().dictionary_encode()
        events = rows[c.EVENT].combine_chunks().dictionary_encode()
        kinds = events.dictionary.to_pylist()
        kind = events.indices.to_numpy()
        numbers = users.indices.to_numpy()
        return cls(
            {name: i for i, name in enumerate(users.dictionary.to_pylist())},
            np.searchsorted(numbers, np.arange(len(users.dictionary) + 1)),
            rows[c.AT].to_numpy(),
            np.array([INTEREST[name] for name in kinds], dtype=np.float64)[kind],
            np.array([name == e.ORDERED for name in kinds], dtype=np.bool_)[kind],
            np.array([name in online.DEED_EVENTS for name in kinds], dtype=np.bool_)[kind],
            items.indices.to_numpy().astype(np.int32),
            items.dictionary.to_pylist(),
        )

    def known(self, ids: IdMap) -> "_KnownActs":
        """The acts with the item codes of a bundle."""
        codes = ids.codes(self.names)
        return _KnownActs(self, codes[self.items] if len(codes) else self.items)


@dataclass(frozen=True)
class _KnownActs:
    acts: _ActArrays
    codes: Codes

    def _before(self, user: str, at_us: int) -> slice:
        number = self.acts.people.get(user)
        if number is None:
            return slice(0, 0)
        start, end = self.acts.starts[number], self.acts.starts[number + 1]
        return slice(int(start), int(start + np.searchsorted(self.acts.at_us[start:end], at_us)))

    def _acts(self, places: Int64s, at_us: int) -> Acts:
        places = places[self.codes[places] >= 0][::-1]
        return Acts(
            self.codes[places],
            self.acts.weights[places],
            self.acts.ordered[places],
            (at_us - self.acts.at_us[places]) / DAY_US,
        )

    def own(self, user: str, at_us: int) -> Acts:
        """Last acts of a person, newest first: as many as a state remembers."""
        before = self._before(user, at_us)
        places = np.arange(before.start, before.stop)
        deeds = places[self.acts.deed[before]][-online.DEEDS :]
        return self._acts(np.union1d(places[-online.RECENT :], deeds), at_us)

    def deeds(self, user: str, at_us: int, most: int) -> Acts:
        """Last deeds of a person, newest first."""
        before = self._before(user, at_us)
        places = np.arange(before.start, before.stop)[self.acts.deed[before]]
        return self._acts(places[-most:], at_us)

    def bought(self, user: str, at_us: int) -> Bought:
        """Every item bought before, how often, and how long ago."""
        before = self._before(user, at_us)
        kept = self.acts.ordered[before] & (self.codes[before] >= 0)
        codes, place, times = np.unique(
            self.codes[before][kept], return_inverse=True, return_counts=True
        )
        last = np.zeros(len(codes), dtype=np.int64)
        np.maximum.at(last, place, self.acts.at_us[before][kept])
        return Bought(codes.astype(np.int32), times.astype(np.float64), (at_us - last) / DAY_US)


def opened(home: Home, at_us: int, zone: BusinessZone, *, clean: bool) -> tuple[Past, ir.Table]:
    """The history before an instant, and its facts.

    Parameters
    ----------
    home : Home
        With canonical tables.
    at_us : int
        The instant.
    zone : BusinessZone
        The business time zone.
    clean : bool
        Whether fakes teach nothing.
    """
    connection, rows = snapshot.connect_facts(home, at_us, zone)
    found = risk.find(connection, at_us, risk.trusted(home)) if clean else risk.NOTHING
    return Past(connection, zone, found), rows
