"""Share examples: who shared what when, and who of the people around opened it.

A query is one share; its candidates are the people around the sharer just before it. Those who
opened that share within ``LATEST_DAYS`` make the labels; nothing of the share itself is a feature,
so that several who opened one share cannot betray each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features import columns as c
from features import events as e
from features.clock import DAY_US, Int64s
from features.counters import Key
from features.frames import sharing as frame
from features.frames.feed import Raw
from features.items import NEVER_US, Items
from recsys.people.near import NEAREST
from recsys.ranking.lambdamart import Groups
from training.circles import Circles, Found, Names
from training.eras import under
from training.past import Past, Queries, social
from training.split import Window

LATEST_DAYS = 7
"""An opening later than this is no answer to the share."""

AT_ONCE = 5_000
"""Shares whose candidates are held in memory at once."""


@dataclass(frozen=True)
class Shares:
    """Shares of one window.

    Parameters
    ----------
    queries : Queries
        Who shared when.
    items : list of str, length q
        What.
    opened_by : list of frozenset of str, length q
        Who opened it.
    """

    queries: Queries
    items: list[str]
    opened_by: list[frozenset[str]]

    def part(self, start: int, stop: int) -> "Shares":
        """The shares from ``start`` up to ``stop``."""
        kept = slice(start, stop)
        return Shares(
            Queries(self.queries.users[kept], self.queries.at_us[kept]),
            self.items[kept],
            self.opened_by[kept],
        )

    def newest(self, most: int, each: int | None = None) -> "Shares":
        """The latest ``most`` of them, of which ``each`` of one person at most."""
        users = np.array(self.queries.users, dtype=object)
        kept = np.arange(len(users))
        if each is not None and len(users):
            person = np.unique(users.astype(str), return_inverse=True)[1]
            order = np.lexsort((-kept, person))
            starts = np.searchsorted(person[order], person[order])
            kept = np.sort(order[np.arange(len(order)) - starts < each])
        kept = kept[-most:] if most else kept[:0]
        return Shares(
            Queries(users[kept].tolist(), self.queries.at_us[kept]),
            [self.items[i] for i in kept],
            [self.opened_by[i] for i in kept],
        )


def shares(past: Past, window: Window, known_us: int = NEVER_US) -> Shares:
    """Shares of a window that somebody opened before ``known_us``, oldest first.

    Fakes are left out. People who refuse that their acts are used for friends neither share nor
    open here: they could never be asked or proposed.
    """
    rows = past.connection.execute(
        f"""
        SELECT s.{c.USER}, s.{c.ITEM}, s.{c.AT}, list(DISTINCT o.{c.USER})
        FROM (SELECT {c.SHARE}, {c.USER}, {c.ITEM}, min({c.AT}) AS {c.AT} FROM facts
              WHERE {c.EVENT} = '{e.SHARED}' AND {c.AT} >= $start AND {c.AT} < $end
              GROUP BY ALL) s
        JOIN facts o ON o.{c.EVENT} = '{e.OPENED}' AND o.{c.SHARE} = s.{c.SHARE}
            AND o.{c.USER} <> s.{c.USER} AND o.{c.AT} >= s.{c.AT}
            AND o.{c.AT} < least(s.{c.AT} + {LATEST_DAYS * DAY_US}, $known)
        GROUP BY ALL ORDER BY s.{c.AT}, s.{c.USER}, s.{c.ITEM}
        """,
        {"start": window.start_us, "end": window.end_us, "known": known_us},
    ).fetchall()
    asks = past.say(Queries([row[0] for row in rows], np.array([row[2] for row in rows])))
    pairs = [
        (i, opener)
        for i, row in enumerate(rows)
        for opener in row[3]
        if social(asks[i]) and past.honest(row[0], opener)
    ]
    who = Queries([opener for _, opener in pairs], np.array([rows[i][2] for i, _ in pairs]))
    opened: dict[int, set[str]] = {}
    for (i, opener), decided in zip(pairs, past.say(who), strict=True):
        if social(decided):
            opened.setdefault(i, set()).add(opener)
    kept = sorted(opened)
    return Shares(
        Queries([rows[i][0] for i in kept], np.array([rows[i][2] for i in kept], dtype=np.int64)),
        [rows[i][1] for i in kept],
        [frozenset(opened[i]) for i in kept],
    )


@dataclass(frozen=True)
class Candidates:
    """Rows of the people who may be proposed for each share.

    Parameters
    ----------
    query : ndarray, int64, shape (n,)
        Ascending.
    peers : ndarray of str, shape (n,)
        Those near, then those two steps away, then those whom the item may suit.
    raw : mapping of str to ndarray, float64, shape (n,)
        Their counters by name, as of the share.
    rows : ndarray, float32, shape (n, columns)
        What the ranker sees.
    opened : ndarray, bool, shape (n,)
        Whether they opened the share.
    """

    query: Int64s
    peers: Names
    raw: Raw
    rows: npt.NDArray[np.float32]
    opened: npt.NDArray[np.bool_]

    @property
    def sizes(self) -> Int64s:
        """Candidates of each share that has any."""
        return np.unique(self.query, return_counts=True)[1].astype(np.int64)


def candidates(circles: Circles, items: Items, asked: Shares) -> Candidates:
    """People who may be proposed for every share, with their rows."""
    past = circles.past
    near = _near(past, asked.queries)
    far = circles.far(asked.queries, near.query, near.peers, near.weights)
    suited = circles.suited(items, asked.items, asked.queries.at_us)
    examples = _together(past, asked, near, [far, suited])
    raw = frame.offline(past.points, items, examples)
    query, peers = examples.query, list(examples.peers)
    frame.hide(raw, past.say(Queries(peers, asked.queries.at_us[query])), np.arange(len(query)))
    mains = under(past.mains, peers)
    opened = [one in asked.opened_by[i] for i, one in zip(query.tolist(), mains, strict=True)]
    return Candidates(
        query,
        np.array(peers, dtype=object),
        raw,
        frame.assemble(raw, len(query)),
        np.array(opened, dtype=np.bool_),
    )


@dataclass(frozen=True)
class _Near:
    query: Int64s
    peers: Names
    weights: npt.NDArray[np.float64]
    tied: npt.NDArray[np.float64]


def _near(past: Past, queries: Queries) -> _Near:
    """Those near, as serving finds them: who refuses holds a place among the nearest."""
    around, willing = past.around(queries)
    users = [queries.users[i] for i in around.query]
    keys = {c.USER: users, c.PEER: list(around.peers)}
    names = ("pair.together_90", "pair.together_by_90")
    values = past.points.values(Key.PAIR, keys, queries.at_us[around.query], names)
    weights = frame.TIED * around.tied + values[names[0]] + values[names[1]]
    order = np.lexsort((around.peers.astype(str), -weights, around.query))
    query = around.query[order]
    starts = np.searchsorted(query, query)
    kept = order[np.arange(len(query)) - starts < NEAREST]
    kept = kept[willing[kept]]
    return _Near(around.query[kept], around.peers[kept], weights[kept], around.tied[kept])


def _together(past: Past, asked: Shares, near: _Near, others: Sequence[Found]) -> frame.Examples:
    """One row for each person of a share: near before far before suited, by id within each."""
    query = np.concatenate([near.query, *(one.query for one in others)])
    peers = np.concatenate([near.peers, *(one.peers for one in others)])
    kind = np.repeat(np.arange(1 + len(others)), [len(near.query), *map(_size, others)])
    tied = np.concatenate([near.tied, np.zeros(len(query) - len(near.tied))])
    reach, ways = (
        np.concatenate([np.zeros(len(near.query)), *(getattr(one, name) for one in others)])
        for name in ("reach", "ways")
    )
    users = np.array(asked.queries.users, dtype=object)
    order = np.lexsort((kind, peers.astype(str), query))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (query[order][1:] != query[order][:-1]) | (peers[order][1:] != peers[order][:-1])
    order = order[first & (peers[order] != users[query[order]])]
    strangers = order[kind[order] > 0]
    asks = np.array([social(one) for one in past.say(asked.queries)], dtype=np.bool_)
    at_us = asked.queries.at_us[query[strangers]]
    said = past.say(Queries(peers[strangers].tolist(), at_us))
    gives = np.ones(len(query), dtype=np.bool_)
    gives[strangers] = [social(one) for one in said]
    order = order[gives[order] & asks[query[order]]]
    order = order[np.lexsort((peers[order].astype(str), kind[order], query[order]))]
    return frame.Examples(
        asked.queries.users, asked.items, asked.queries.at_us, query[order],
        peers[order].tolist(), tied[order], reach[order], ways[order],
    )  # fmt: skip


def _size(found: Found) -> int:
    return len(found.query)


def groups(found: Candidates) -> Groups:
    """Training rows; shares whose openers were no candidates teach nothing and are left out."""
    hit = np.bincount(found.query, found.opened, minlength=int(found.query.max(initial=0)) + 1) > 0
    kept = hit[found.query]
    return Groups(
        found.rows[kept],
        found.opened[kept].astype(np.int64),
        np.unique(found.query[kept], return_counts=True)[1].astype(np.int64),
    )


def taught(circles: Circles, items: Items, asked: Shares) -> Groups:
    """Training rows of many shares, made some thousands at a time."""
    size = len(asked.queries)
    parts = [
        groups(candidates(circles, items, asked.part(start, start + AT_ONCE)))
        for start in range(0, size, AT_ONCE)
    ]
    return Groups(
        np.concatenate([one.rows for one in parts]),
        np.concatenate([one.labels for one in parts]),
        np.concatenate([one.sizes for one in parts]),
    )
