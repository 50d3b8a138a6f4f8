"""Examples of ties: who was around whom at an instant, and whether they met within the week after.

Every row is a pair with what was known just before the instant; the label lies in the days that
follow and is the same from both ends: one opened the other's link or joined the other's group buy.
Instants are a horizon apart, so that no two labels share an event.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features import columns as c
from features import consent, strength
from features.catalogue import CATALOGUE
from features.counters import Days, Key
from training.eras import under
from training.past import Companions, Past, Queries

Floats = npt.NDArray[np.float64]

HORIZON = Days(7)
"""How long after the instant a meeting counts."""

MEETINGS = tuple(sorted(CATALOGUE["pair.together_90"].events))
"""Events that make two people meet."""


@dataclass(frozen=True)
class Ties:
    """Pairs at one instant or several.

    Parameters
    ----------
    users, peers : ndarray of str, shape (n,)
        Both ends.
    at_us : ndarray, int64, shape (n,)
        The instant.
    tied : ndarray, float64, shape (n,)
        1 where a tie is declared.
    values : mapping of str to ndarray, float64, shape (n,)
        Counters of the pair.
    ends : ndarray, float64, shape (2, n, len(strength.PERSON))
        What both people do with others at all; NaN for who refuses to be described.
    met : ndarray, bool, shape (n,)
        The label.
    """

    users: npt.NDArray[np.object_]
    peers: npt.NDArray[np.object_]
    at_us: npt.NDArray[np.int64]
    tied: Floats
    values: dict[str, Floats]
    ends: Floats
    met: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.met)

    def where(self, kept: npt.NDArray[np.bool_]) -> "Ties":
        """Some of the rows."""
        return Ties(
            self.users[kept], self.peers[kept], self.at_us[kept], self.tied[kept],
            {name: one[kept] for name, one in self.values.items()}, self.ends[:, kept],
            self.met[kept],
        )  # fmt: skip

    @property
    def pair(self) -> Floats:
        """Columns ``strength.PAIR``; shape (n, len(strength.PAIR))."""
        return strength.pair_columns(self.tied, self.values, self.at_us)


def around(
    past: Past, at_us: int, most: int, rng: np.random.Generator, horizon: Days = HORIZON
) -> Ties:
    """Pairs at one instant, of at most ``most`` source users drawn by chance."""
    users = _people(past, at_us)
    if len(users) > most:
        users = [users[i] for i in np.sort(rng.choice(len(users), most, replace=False))]
    near = _honest(
        past, users, past.companions(Queries(users, np.full(len(users), at_us, dtype=np.int64)))
    )
    sources, peers = np.array(users, dtype=np.object_)[near.query], near.peers
    moments = np.full(len(peers), at_us, dtype=np.int64)
    keys = {c.USER: sources.tolist(), c.PEER: peers.tolist()}
    values = past.points.values(Key.PAIR, keys, moments)
    met = _met(past, keys, at_us, at_us + int(horizon.us))
    return Ties(sources, peers, moments, near.tied, values, _ends(past, keys, at_us), met)


def joined(parts: Sequence[Ties]) -> Ties:
    """Rows of several instants, one after the other."""
    return Ties(
        np.concatenate([one.users for one in parts]),
        np.concatenate([one.peers for one in parts]),
        np.concatenate([one.at_us for one in parts]),
        np.concatenate([one.tied for one in parts]),
        {name: np.concatenate([one.values[name] for one in parts]) for name in parts[0].values},
        np.concatenate([one.ends for one in parts], axis=1),
        np.concatenate([one.met for one in parts]),
    )


def first_us(past: Past) -> int | None:
    """When anybody met for the first time."""
    (found,) = past.connection.execute(
        f"SELECT min({c.AT}) FROM facts WHERE {c.PEER} IS NOT NULL "
        f"AND {c.EVENT} IN (SELECT unnest($events))",
        {"events": list(MEETINGS)},
    ).fetchall()[0]
    return None if found is None else int(found)


def _honest(past: Past, users: Sequence[str], near: Companions) -> Companions:
    pairs = zip(near.query.tolist(), near.peers, strict=True)
    kept = np.array([past.honest(users[i], peer) for i, peer in pairs], dtype=np.bool_)
    return Companions(near.query[kept], near.peers[kept], near.tied[kept])


def _people(past: Past, at_us: int) -> list[str]:
    """Everybody who may have somebody around."""
    rows = past.connection.execute(
        f"""
        SELECT DISTINCT unnest([{c.USER}, {c.PEER}]) AS person FROM facts
        WHERE {c.PEER} IS NOT NULL AND {c.AT} < $at
        UNION SELECT unnest([{c.USER}, {c.PEER}]) FROM ties ORDER BY person
        """,
        {"at": at_us},
    ).fetchall()
    return [row[0] for row in rows]


def _met(
    past: Past, keys: dict[str, list[str]], start_us: int, end_us: int
) -> npt.NDArray[np.bool_]:
    """Which pairs met, either way, within a span."""
    mains = {name: under(past.mains, one) for name, one in keys.items()}
    asked = pa.table({name: pa.array(one, pa.string()) for name, one in mains.items()})
    past.connection.register("asked", asked.append_column("row", pa.array(range(len(asked)))))
    rows = past.connection.execute(
        f"""
        WITH met AS (
            SELECT {c.USER}, {c.PEER} FROM facts
            WHERE {c.EVENT} IN (SELECT unnest($events)) AND {c.AT} >= $start AND {c.AT} < $end
        )
        SELECT row FROM asked SEMI JOIN (
            SELECT {c.USER}, {c.PEER} FROM met UNION ALL SELECT {c.PEER}, {c.USER} FROM met
        ) USING ({c.USER}, {c.PEER})
        """,
        {"events": list(MEETINGS), "start": start_us, "end": end_us},
    ).fetchnumpy()["row"]
    past.connection.unregister("asked")
    found = np.zeros(len(asked), dtype=np.bool_)
    found[np.asarray(rows, dtype=np.int64)] = True
    return found


def _ends(past: Past, keys: dict[str, list[str]], at_us: int) -> Floats:
    people, place = np.unique(
        np.array([*keys[c.USER], *keys[c.PEER]], dtype=np.str_), return_inverse=True
    )
    names = people.tolist()
    moments = np.full(len(names), at_us, dtype=np.int64)
    values = past.points.values(Key.USER, {c.USER: names}, moments)
    columns = strength.person_columns(values, moments)
    said = past.say(Queries(names, moments))
    silent = [not all(consent.gives(one, scope) for scope in strength.NEEDED) for one in said]
    columns[np.array(silent, dtype=np.bool_)] = np.nan
    return np.asarray(columns[place].reshape(2, len(keys[c.USER]), -1), dtype=np.float64)
