"""Who may be proposed to somebody at any instant of the history, as ``recsys.people`` says online.

The history is read once into arrays; each question is answered as of its own time: who is two steps
away as of the instant, whom an item may suit as of the start of its business day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from features import columns as c
from features import events as e
from features.catalogue import CATALOGUE
from features.clock import Int64s, Refresh
from features.ids import UNKNOWN, IdMap
from features.items import Items
from features.walks import beyond, latest_people
from recsys.people.audience import COLUMNS, LATEST, Audience
from recsys.people.far import FARTHEST, HUB, WALKED
from training.past import Past, Queries

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.object_]

SUITED = (e.OPENED, e.ORDERED)
"""Acts that say that an item like this suits somebody."""

BACK = 200
"""Acts on an attribute that are looked at for its latest people."""


@dataclass(frozen=True)
class Found:
    """People found for questions, row by row.

    Parameters
    ----------
    query : ndarray, int64, shape (n,)
        Ascending.
    peers : ndarray of str, shape (n,)
        The best first within a query.
    reach, ways : ndarray, float64, shape (n,)
        Of those two steps away; 0 of others.
    """

    query: Int64s
    peers: Names
    reach: Floats
    ways: Floats


@dataclass(frozen=True)
class _Acts:
    """Acts on the values of an attribute, sorted by value, time and person."""

    codes: Int64s
    at_us: Int64s
    people: Int64s


def together(parts: Sequence[Found]) -> Found:
    """What several eras found, query by query."""
    if len(parts) == 1:
        return parts[0]
    none = Found(np.zeros(0, np.int64), np.zeros(0, object), np.zeros(0), np.zeros(0))
    columns = zip(*((one.query, one.peers, one.reach, one.ways) for one in (none, *parts)),
                  strict=True)  # fmt: skip
    query, peers, reach, ways = map(np.concatenate, columns)
    order = np.argsort(query, kind="stable")
    return Found(query[order], peers[order], reach[order], ways[order])


class Circles:
    """The people of a history.

    Parameters
    ----------
    past : Past
        The history.
    """

    def __init__(self, past: Past) -> None:
        self.past = past
        self._earlier: dict[int, Circles] = {}

    def _of(self, past: Past) -> "Circles":
        """The circles of an era."""
        return self if past is self.past else self._earlier.setdefault(id(past), Circles(past))

    @cached_property
    def _edges(self) -> tuple[Names, Int64s, Int64s, Int64s, Floats]:
        """Everyone who met somebody; where their meetings begin, with whom, when, how much."""
        weights = CATALOGUE["pair.together_90"].events
        cases = " ".join(f"WHEN '{name}' THEN {weight}" for name, weight in weights.items())
        rows = self.past.connection.sql(
            f"""
            WITH met AS (
                SELECT {c.USER}, {c.PEER}, {c.AT}, CASE {c.EVENT} {cases} END AS weight FROM facts
                WHERE {c.PEER} <> {c.USER} AND {c.EVENT} IN (SELECT unnest($events))
            )
            FROM met UNION ALL SELECT {c.PEER}, {c.USER}, {c.AT}, weight FROM met
            """,
            params={"events": list(weights)},
        ).to_arrow_table()
        people, users = _numbered(rows[c.USER])
        at_us = rows[c.AT].to_numpy()
        places = {name: i for i, name in enumerate(people.tolist())}
        met = np.array([places[name] for name in rows[c.PEER].to_pylist()], dtype=np.int64)
        order = np.lexsort((rows["weight"].to_numpy(), met, at_us, users))
        starts = np.searchsorted(users[order], np.arange(len(people) + 1))
        weight = rows["weight"].to_numpy().astype(np.float64)
        return people, starts.astype(np.int64), met[order], at_us[order], weight[order]

    def far(self, queries: Queries, query: Int64s, near: Names, weights: Floats) -> Found:
        """People two steps away.

        Parameters
        ----------
        queries : Queries
            Who asks when.
        query, near, weights : ndarray, shape (n,)
            Near people of each query, the nearest first, and how near.
        """
        parts = []
        for past, then, rows in self.past.apart(queries):
            own = np.isin(query, rows)
            place = np.searchsorted(rows, query[own])
            found = self._of(past)._far(then, place, near[own], weights[own])
            parts.append(replace(found, query=rows[found.query]))
        return together(parts)

    def _far(self, queries: Queries, query: Int64s, near: Names, weights: Floats) -> Found:
        met_people, starts, met, at_us, weight = self._edges
        if not len(met_people) or not len(query):
            return Found(np.zeros(0, np.int64), np.zeros(0, object), np.zeros(0), np.zeros(0))
        # Also who met nobody yet: whom one meets later must not matter now.
        users = np.array(queries.users, dtype=object)
        people = np.unique(np.concatenate([met_people, near, users]))
        place = np.searchsorted(people, met_people)
        counts = np.zeros(len(people) + 1, dtype=np.int64)
        counts[place + 1] = np.diff(starts)
        walked = beyond(
            np.searchsorted(query, np.arange(len(queries) + 1)).astype(np.int64),
            np.searchsorted(people, near).astype(np.int64),
            weights,
            np.searchsorted(people, users).astype(np.int64),
            np.asarray(queries.at_us, dtype=np.int64),
            np.cumsum(counts),
            place[met].astype(np.int64),
            at_us,
            weight,
            float(CATALOGUE["pair.together_90"].half_life.us),  # type: ignore[union-attr]
            WALKED,
            FARTHEST,
            HUB,
        )
        return Found(
            walked[:, 0].astype(np.int64),
            people[walked[:, 1].astype(np.int64)],
            walked[:, 2],
            walked[:, 3],
        )

    @cached_property
    def _suited(self) -> tuple[Names, Mapping[str, tuple[list[str], _Acts]]]:
        """People, and for each attribute its values with the acts on them."""
        rows = self.past.connection.sql(
            f"SELECT {c.USER}, {c.AT}, {', '.join(COLUMNS)} FROM facts "
            f"WHERE {c.EVENT} IN (SELECT unnest($events))",
            params={"events": list(SUITED)},
        ).to_arrow_table()
        people, users = _numbered(rows[c.USER])
        found = {}
        for column in COLUMNS:
            values = rows[column].combine_chunks().dictionary_encode()
            codes = values.indices.fill_null(-1).to_numpy().astype(np.int64)
            at_us = rows[c.AT].to_numpy().astype(np.int64)
            order = np.lexsort((users, at_us, codes))
            order = order[codes[order] >= 0]
            found[column] = (
                values.dictionary.to_pylist(),
                _Acts(codes[order], at_us[order], users[order]),
            )
        return people, found

    def suited(self, items: Items, shared: Sequence[str], at_us: Int64s) -> Found:
        """People whom each shared item may suit, as of the start of the business day."""
        parts = []
        for past, _, rows in self.past.apart(Queries([""] * len(shared), at_us)):
            found = self._of(past)._suited_then(items, [shared[i] for i in rows], at_us[rows])
            parts.append(replace(found, query=rows[found.query]))
        return together(parts)

    def _suited_then(self, items: Items, shared: Sequence[str], at_us: Int64s) -> Found:
        people, attributes = self._suited
        day = self.past.zone.floor(at_us, Refresh.DAY)
        codes = items.ids.codes(shared)
        parts = []
        for column, (values, acts) in attributes.items():
            names = items.names[column].names(range(len(items.names[column])))
            place = {name: i for i, name in enumerate(values)}
            own = np.array([place.get(name, -1) for name in names] + [-1], dtype=np.int64)
            value = np.where(codes == UNKNOWN, UNKNOWN, items.coded[column][codes])
            parts.append(_latest(acts, own[value], day))
        together = np.concatenate(parts, axis=1) if parts else np.zeros((len(shared), 0), np.int64)
        together.sort(axis=1)
        fresh = together >= 0
        fresh[:, 1:] &= together[:, 1:] != together[:, :-1]
        query, column_of = np.nonzero(fresh)
        none = np.zeros(len(query))
        return Found(query.astype(np.int64), people[together[query, column_of]], none, none)

    def audience(self, items: Items, at_us: int) -> Audience:
        """The audience that a bundle of this instant holds."""
        people, attributes = self._suited
        day = self.past.zone.floor(np.array([at_us], dtype=np.int64), Refresh.DAY)
        ids = IdMap.of(people.tolist())
        own = np.append(ids.codes(people.tolist()), UNKNOWN).astype(np.int64)
        members = {}
        for column, (values, acts) in attributes.items():
            names = items.names[column].names(range(len(items.names[column])))
            place = {name: i for i, name in enumerate(values)}
            asked = np.array([place.get(name, -1) for name in names], dtype=np.int64)
            members[column] = own[_latest(acts, asked, np.repeat(day, len(names)))]
        return Audience(ids, members)


def _latest(acts: _Acts, asked: Int64s, at_us: Int64s) -> Int64s:
    found: Int64s = latest_people(
        acts.codes, acts.at_us, acts.people, asked, at_us.astype(np.int64), LATEST, BACK
    )
    return found


def _numbered(column: Any) -> tuple[Names, Int64s]:
    """Distinct texts in their order, and the place of each row's."""
    rows = column.combine_chunks().dictionary_encode()
    names = np.array(rows.dictionary.to_pylist(), dtype=object)
    order = np.argsort(names)
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return names[order], place[rows.indices.to_numpy()]
