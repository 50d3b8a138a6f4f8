"""The history as arrays: what a person and the person's friends had done at any instant.

Makes the same moments from the history that serving makes from the online state.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from features import choices, consent, online, risk, snapshot, ties
from features import columns as c
from features.clock import BusinessZone, Int64s
from features.counters import Key, Scope
from features.history import History
from features.home import Home
from features.ids import IdMap
from features.points import Points
from features.risk import NOTHING, Risk
from features.strength import UNFITTED, Strength
from features.weights import INTEREST
from recsys.moment import FRIENDS, FriendItems, Moment
from training import visitors
from training.acts import ActArrays
from training.eras import FEWEST, HELD, MOST, Eras, under
from training.queries import Queries as Queries

Floats = npt.NDArray[np.float64]

_NONE = np.zeros(0, dtype=np.int64)


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
    eras : Eras, optional
        The history as ids were linked earlier; left out where they were never.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        zone: BusinessZone,
        fakes: Risk = NOTHING,
        eras: "Eras[Past] | None" = None,
    ) -> None:
        self.connection = connection
        self.zone = zone
        self.risk = fakes
        self.eras = eras

    @cached_property
    def points(self) -> Points:
        """Reads counters at many examples."""
        now = Points(self.connection, self.zone)
        return now if self.eras is None else PointsThen(self.connection, self.zone, self, now)

    @cached_property
    def mains(self) -> dict[str, str]:
        """Main ids of those who have several, by each of theirs."""
        return dict(self.connection.execute(f"SELECT {c.USER}, person FROM persons").fetchall())

    def apart(self, queries: Queries) -> Iterator[tuple["Past", Queries, Int64s]]:
        """Queries by the history that knows them, under its main ids; and which they are."""
        if self.eras is None:
            yield self, queries, np.arange(len(queries))
            return
        for past, rows in self.eras.apart(queries.at_us, self):
            users = under(past.mains, [queries.users[i] for i in rows])
            yield past, Queries(users, queries.at_us[rows]), rows

    @cached_property
    def acts(self) -> ActArrays:
        """Everyone's acts, by person and time."""
        rows = self.connection.sql(
            f"SELECT {c.USER}, {c.AT}, {c.EVENT}, {c.ITEM} FROM facts "
            f"WHERE {c.ITEM} IS NOT NULL AND {c.EVENT} IN (SELECT unnest($events)) "
            f"ORDER BY {c.USER}, {c.AT}, {c.EVENT}, {c.ITEM}, coalesce({c.PEER}, '')",
            params={"events": sorted(INTEREST)},
        ).to_arrow_table()
        return ActArrays.of(rows)

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
        if self.eras is None:
            return self._around(queries)
        parts = [(*past._around(then), rows) for past, then, rows in self.apart(queries)]
        query = np.concatenate([_NONE, *(rows[one.query] for one, _, rows in parts)])
        peers = np.concatenate([np.zeros(0, object), *(one.peers for one, _, _ in parts)])
        tied = np.concatenate([np.zeros(0), *(one.tied for one, _, _ in parts)])
        willing = np.concatenate([np.zeros(0, np.bool_), *(one for _, one, _ in parts)])
        order = np.argsort(query, kind="stable")
        return Companions(query[order], peers[order], tied[order]), willing[order]

    def _around(self, queries: Queries) -> tuple[Companions, npt.NDArray[np.bool_]]:
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
        found: dict[int, choices.Say] = {}
        for past, then, rows in self.apart(queries):
            said = choices.at(past.connection, then.users, then.at_us.tolist())
            found |= dict(zip(rows.tolist(), said, strict=True))
        return [found[i] for i in range(len(queries))]

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
        if self.eras is None:
            yield from self._moments(queries, ids, strength, shops)
            return
        found: dict[int, Moment] = {}
        for past, then, rows in self.apart(queries):
            moments = past._moments(then, ids, strength, shops)
            found |= dict(zip(rows.tolist(), moments, strict=True))
        yield from (found[i] for i in range(len(queries)))

    def _moments(
        self, queries: Queries, ids: IdMap, strength: Strength, shops: IdMap | None
    ) -> Iterator[Moment]:
        around, willing = self._around(queries)
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
class PointsThen(Points):
    """Counters at each example's own time, of people as their ids were linked then.

    Parameters
    ----------
    past : Past
        With eras.
    now : Points
        As ids are linked in the last of them.
    """

    past: Past
    now: Points

    def values(
        self,
        key: Key,
        keys: Mapping[str, Sequence[str]],
        at_us: Int64s,
        names: Collection[str] | None = None,
    ) -> dict[str, Floats]:
        """As ``Points.values``."""
        if self.past.eras is None or not len(at_us):
            return self.now.values(key, keys, at_us, names)
        found: dict[str, Floats] = {}
        for past, rows in self.past.eras.apart(at_us, self.past):
            then = {column: [texts[i] for i in rows] for column, texts in keys.items()}
            for column in {c.USER, c.PEER} & then.keys():
                then[column] = under(past.mains, then[column])
            points = self.now if past is self.past else past.points
            for name, values in points.values(key, then, at_us[rows], names).items():
                found.setdefault(name, np.empty(len(at_us)))[rows] = values
        return found


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

    def open_at(linked_us: int) -> tuple[Past, ir.Table]:
        then, facts = snapshot.connect_facts(home, at_us, zone, linked_us)
        return Past(then, zone, found), facts

    said = np.unique([link.at_us for link in History(home).links(at_us)]).astype(np.int64)
    if not len(said):
        return Past(connection, zone, found), rows
    (held,) = connection.execute("SELECT count(*) FROM facts").fetchall()[0]
    most = int(np.clip(HELD // max(held, 1), FEWEST, MOST))
    return Past(connection, zone, found, Eras(said, most, open_at)), rows
