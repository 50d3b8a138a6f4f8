"""Group-buy examples: groups as they stood and whether they filled, looks and whether they joined.

Each group is looked at again and again at fixed parts of the time it has, as long as it is open
(landmarks: van Houwelingen, "Dynamic prediction by landmarking", Scandinavian Journal of Statistics
2007): moments drawn between its beginning and its end would tell how long it lived. Groups that
never filled teach too, as what did not happen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
from scipy import sparse

from features import columns as c
from features import events as e
from features.clock import DAY_US, Int64s
from features.counters import Key
from features.events import Event
from features.frames import groups as frame
from features.frames.sharing import TIED
from features.groupbuys import EVENTS, SUCCEEDED, GroupBuy
from features.items import Items
from features.online import DEED_EVENTS
from training.past import Past, Queries
from training.split import Window

LANDMARKS = (0.0, 0.0625, 0.125, 0.25, 0.5, 0.75)
"""Parts of the time a group has at which it is looked at."""

USUAL_US = DAY_US
"""The time of a group that does not say when it ends."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Taught:
    """Rows of a model.

    Parameters
    ----------
    rows : ndarray, float64, shape (n, d)
        As ``features.frames.groups`` makes them.
    labels : ndarray, bool, shape (n,)
        Whether the group filled, or the person joined.
    clusters : ndarray, int64, shape (n,)
        Number of the group.
    """

    rows: Floats
    labels: Bools
    clusters: Int64s


@dataclass(frozen=True)
class Look:
    """Somebody looked at a group that could be joined.

    Parameters
    ----------
    group : GroupBuy
        As it stood.
    number : int
        Of the group.
    user_id, at_us : str, int
        Who looked when.
    joined : bool
        Whether they joined.
    """

    group: GroupBuy
    number: int
    user_id: str
    at_us: int
    joined: bool


def stories(past: Past, window: Window, known_us: int) -> list[list[Event]]:
    """All that was told before ``known_us`` of each group that began in a window, by time."""
    names = ", ".join(_COLUMNS)
    kinds = ", ".join(f"'{name}'" for name in (*EVENTS, e.GROUP_VIEWED))
    rows = past.connection.execute(
        f"SELECT {names} FROM facts WHERE {c.GROUP_BUY} IS NOT NULL AND {c.EVENT} IN ({kinds}) "
        f"AND {c.LINE} = 0 AND {c.AT} < {int(known_us)} "
        f"ORDER BY {c.GROUP_BUY}, {c.AT}, {c.MESSAGE}"
    ).fetchall()
    events = (Event(**dict(zip(_COLUMNS, row, strict=True))) for row in rows)
    found = [list(told) for _, told in groupby(events, key=lambda event: event.group_buy_id)]
    return [
        told for told in found
        if window.start_us <= told[0].at_us < window.end_us
    ]  # fmt: skip


_COLUMNS = (
    c.MESSAGE, c.EVENT, c.AT, c.USER, c.PEER, c.GROUP_BUY, c.ITEM, "size", c.PRICE, "expires_us",
    c.QUANTITY, "reason",
)  # fmt: skip


def fillings(past: Past, told: Sequence[Sequence[Event]], known_us: int) -> Taught:
    """Groups at their landmarks, and whether they filled; those still open teach nothing."""
    found: list[tuple[GroupBuy, int, bool, int]] = []
    for number, events in enumerate(told):
        filled = outcome(events, known_us)
        if filled is not None:
            found += [(*stood, filled, number) for stood in landmarks(events)]
    standings = frame.Standings.of([one[0] for one in found], [one[1] for one in found])
    raw = frame.filling_offline(past.points, standings)
    return Taught(
        frame.assemble(frame.FILLING, raw, len(found)),
        np.array([one[2] for one in found], dtype=np.bool_),
        np.array([one[3] for one in found], dtype=np.int64),
    )


def outcome(told: Sequence[Event], known_us: int) -> bool | None:
    """Whether a group filled; None: that is not known yet."""
    group = GroupBuy(told[0].group_buy_id or "")
    for event in told:
        if event.event in EVENTS:
            group.learn(event)
    if group.status == SUCCEEDED or group.missing == 0:
        return True
    return None if group.open(known_us) else False


def landmarks(told: Sequence[Event]) -> Iterator[tuple[GroupBuy, int]]:
    """A group as it stood at each landmark at which it was open."""
    later = [one for one in told if one.event in EVENTS]
    group = GroupBuy(told[0].group_buy_id or "")
    if not later:
        return
    group.learn(later.pop(0))
    start = group.started_us
    span = (group.expires_us or start + USUAL_US) - start
    for part in LANDMARKS:
        at_us = start + int(part * span) + 1
        while later and later[0].at_us < at_us:
            group.learn(later.pop(0))
        if group.open(at_us):
            yield _copy(group), at_us


def looks(told: Sequence[Sequence[Event]]) -> Iterator[Look]:
    """First looks of people at groups they could join; a join without one is a look too."""
    for number, events in enumerate(told):
        joins = {one.user_id for one in events if one.event == e.GROUP_JOINED}
        group, seen = GroupBuy(events[0].group_buy_id or ""), set()
        for event in events:
            looked = event.event in {e.GROUP_VIEWED, e.GROUP_JOINED}
            new = event.user_id not in seen and event.user_id not in group.joined
            if looked and new and group.joined and group.open(event.at_us):
                seen.add(event.user_id)
                stood = _copy(group)
                yield Look(stood, number, event.user_id, event.at_us, event.user_id in joins)
            if event.event in EVENTS:
                group.learn(event)


def joinings(past: Past, asked: Sequence[Look], items: Items) -> Taught:
    """Looks, and whether they ended in joining."""
    standings = frame.Standings.of([one.group for one in asked], [one.at_us for one in asked])
    users = [one.user_id for one in asked]
    near, friends = _near(past, asked)
    raw = frame.joining_offline(past.points, users, standings, items, near, friends)
    return Taught(
        frame.assemble(frame.JOINING, raw, len(asked)),
        np.array([one.joined for one in asked], dtype=np.bool_),
        np.array([one.number for one in asked], dtype=np.int64),
    )


def _near(past: Past, asked: Sequence[Look]) -> tuple[Floats, Floats]:
    """How near the nearest member is to who looks, and how many members are near."""
    queries = Queries(
        [one.user_id for one in asked], np.array([one.at_us for one in asked], dtype=np.int64)
    )
    around = past.companions(queries)
    inside = np.array(
        [
            peer in asked[i].group.joined
            for i, peer in zip(around.query.tolist(), around.peers.tolist(), strict=True)
        ],
        dtype=np.bool_,
    )
    query, peers = around.query[inside], around.peers[inside].tolist()
    names = ("pair.together_90", "pair.together_by_90")
    users = [queries.users[i] for i in query]
    values = past.points.values(
        Key.PAIR, {c.USER: users, c.PEER: peers}, queries.at_us[query], names
    )
    weights = TIED * around.tied[inside] + values[names[0]] + values[names[1]]
    near = np.zeros(len(asked))
    np.maximum.at(near, query, weights)
    return near, np.bincount(query, weights > 0, minlength=len(asked)).astype(np.float64)


def matrices(
    past: Past, items: Items, at_us: int
) -> tuple[sparse.csr_matrix, sparse.csr_matrix, sparse.csr_matrix]:
    """What people filled groups for, failed with, and did something with, before an instant.

    Returns
    -------
    filled, failed, touched : scipy.sparse.csr_matrix, float32, shape (people, items)
        1 where it was so.
    """
    deeds = ", ".join(f"'{name}'" for name in sorted(DEED_EVENTS - {e.GROUP_STARTED}))
    rows = past.connection.sql(
        f"""
        SELECT DISTINCT dense_rank() OVER (ORDER BY {c.USER}) - 1 AS person, {c.ITEM},
            CASE {c.EVENT} WHEN '{e.GROUP_SUCCEEDED}' THEN 0 WHEN '{e.GROUP_FAILED}' THEN 1 ELSE 2
            END AS kind
        FROM facts WHERE {c.ITEM} IS NOT NULL AND {c.AT} < {int(at_us)}
            AND {c.EVENT} IN ('{e.GROUP_SUCCEEDED}', '{e.GROUP_FAILED}', {deeds})
        ORDER BY ALL
        """
    ).to_arrow_table()
    people, kinds = rows["person"].to_numpy(), rows["kind"].to_numpy()
    names = rows[c.ITEM].combine_chunks().dictionary_encode()
    codes = items.ids.codes(names.dictionary.to_pylist())[names.indices.to_numpy()]
    shape = (int(people.max(initial=-1)) + 1, len(items))
    filled, failed, touched = (
        sparse.csr_matrix((np.ones(one.sum(), dtype=np.float32), (people[one], codes[one])), shape)
        for one in (kinds == kind for kind in range(3))
    )
    return filled, failed, touched


def _copy(group: GroupBuy) -> GroupBuy:
    return GroupBuy(group.group_buy_id, dict(group.told), dict(group.joined), group.heard_us)
