"""Share examples: who shared what when, and who of the people around opened it.

A query is one share; its candidates are the people around the sharer just before it. Those who
opened that share within ``LATEST_DAYS`` make the labels; nothing of the share itself is a feature,
so that several who opened one share cannot betray each other.
"""

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
from recsys.ranking.lambdamart import Groups
from recsys.sharing import CANDIDATES
from training.past import Companions, Past, Queries, social
from training.split import Window

LATEST_DAYS = 7
"""An opening later than this is no answer to the share."""


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

    def newest(self, most: int) -> "Shares":
        """The latest ``most`` of them."""
        size = len(self.queries)
        return self.part(max(0, size - most), size)


def shares(past: Past, window: Window, known_us: int = NEVER_US) -> Shares:
    """Shares of a window that somebody opened before ``known_us``, oldest first.

    People who refuse that their acts are used for friends neither share nor open here: they could
    never be asked or proposed.
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
    pairs = [(i, opener) for i, row in enumerate(rows) for opener in row[3] if social(asks[i])]
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
    """Rows of the people around each share.

    Parameters
    ----------
    companions : Companions
        Who; at most ``recsys.sharing.CANDIDATES`` a share.
    raw : mapping of str to ndarray, float64, shape (n,)
        Their counters by name, as of the share.
    rows : ndarray, float32, shape (n, columns)
        What the ranker sees.
    opened : ndarray, bool, shape (n,)
        Whether they opened the share.
    """

    companions: Companions
    raw: Raw
    rows: npt.NDArray[np.float32]
    opened: npt.NDArray[np.bool_]

    @property
    def sizes(self) -> Int64s:
        """Candidates of each share that has any."""
        return np.unique(self.companions.query, return_counts=True)[1].astype(np.int64)


def candidates(past: Past, items: Items, asked: Shares) -> Candidates:
    """People around every share, with their rows."""
    around = _nearest(past, asked.queries)
    examples = frame.Examples(
        asked.queries.users, asked.items, asked.queries.at_us, around.query, list(around.peers),
        around.tied,
    )  # fmt: skip
    raw = frame.offline(past.points, items, examples)
    peers = Queries(examples.peers, asked.queries.at_us[around.query])
    frame.hide(raw, past.say(peers), np.arange(len(around.query)))
    opened = [
        peer in asked.opened_by[i] for i, peer in zip(around.query, around.peers, strict=True)
    ]
    rows = frame.assemble(raw, len(around.query))
    return Candidates(around, raw, rows, np.array(opened, dtype=np.bool_))


def _nearest(past: Past, queries: Queries) -> Companions:
    """Those whom serving considers: with whom most was done lately."""
    around = past.companions(queries)
    if np.bincount(around.query).max(initial=0) <= CANDIDATES:
        return around
    users = [queries.users[i] for i in around.query]
    keys = {c.USER: users, c.PEER: list(around.peers)}
    values = past.points.values(Key.PAIR, keys, queries.at_us[around.query])
    together = values["pair.together_90"] + values["pair.together_by_90"]
    order = np.lexsort((around.peers.astype(str), -together, around.query))
    query = around.query[order]
    starts = np.searchsorted(query, query)
    kept = np.sort(order[np.arange(len(query)) - starts < CANDIDATES])
    return Companions(around.query[kept], around.peers[kept], around.tied[kept])


def groups(found: Candidates) -> Groups:
    """Training rows; shares whose openers were no candidates teach nothing and are left out."""
    query = found.companions.query
    hit = np.bincount(query, found.opened, minlength=int(query.max(initial=0)) + 1) > 0
    kept = hit[query]
    return Groups(
        found.rows[kept],
        found.opened[kept].astype(np.int64),
        np.unique(query[kept], return_counts=True)[1].astype(np.int64),
    )
