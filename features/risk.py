"""Fakes: who brushes orders, farms coupons or helps oneself, found by rules and graph signals.

What is found is kept out of what models learn from and out of the graph of ties. Nobody is served
otherwise because of it, nothing is deleted, and each flag says why. Flags are computed anew as of
every instant, so that one that no longer holds is gone; whom ``trusted.txt`` names has none.

Every rule compares with the population itself: an account is flagged where its acts would be next
to impossible (``ALPHA`` over the number of those compared, after Bonferroni) for an account of the
usual rate. So a shop that logs no views, or sends no devices, flags nobody by them.

===========  =====================================================================================
brush        orders without a look at the product: far too many of them, or a dense block of
             accounts and shops (``features.blocks``)
coupon_farm  three accounts or more on one device whose orders nearly all carry a discount
fake_help    links of one sharer opened within seconds, time and again; or by accounts that share
             the sharer's device, time and again
same_device  a pair, not a person: two accounts on one device. What they do with each other is
             help within a household at best and teaches nothing about ties
===========  =====================================================================================
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features import columns as c
from features import events as e
from features.blocks import blocks
from features.clock import SECOND_US
from features.home import Home
from features.lookups import Lookup

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

NAME = "risk"
"""Name of the lookup by person."""

COLUMNS = ("brush", "coupon_farm", "fake_help", "on_device")
"""Columns of the lookup: 1 where flagged; accounts that share the person's devices, oneself too."""

UNFLAGGED = (0.0, 0.0, 0.0, 1.0)
"""What a lookup answers for everybody else."""

TRUSTED = "trusted.txt"
"""File in a home that names people who are never flagged, one a line."""

ALPHA = 0.01
"""Chance of flagging anybody at all by one rule where everybody acts alike."""

QUICK_US = 120 * SECOND_US
"""A link opened sooner than this after it was sent was opened at once."""

PUBLIC = 30
"""A device with more accounts is a public one, and says nothing."""

CROWD = 3
"""Accounts on one device that are more than a couple."""


@dataclass(frozen=True)
class Flag:
    """Why somebody is kept out.

    Parameters
    ----------
    user_id : str
        Who.
    flag : str
        One of ``COLUMNS``, or ``same_device``.
    reason : str
        The evidence in words.
    peer_id : str, optional
        Of a pair: with whom.
    """

    user_id: str
    flag: str
    reason: str
    peer_id: str | None = None


@dataclass(frozen=True)
class Risk:
    """Everything that was found as of an instant.

    Parameters
    ----------
    flags : tuple of Flag
        Sorted.
    on_device : mapping of str to int
        Accounts on the devices of those who share one.

    Examples
    --------
    >>> found = Risk((Flag("a", "brush", "9 of 9 orders without a look"),), {"b": 2})
    >>> sorted(found.people), found.lookup().read(["a", "b", "c"], UNFLAGGED).tolist()
    (['a'], [[1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 2.0], [0.0, 0.0, 0.0, 1.0]])
    """

    flags: tuple[Flag, ...] = ()
    on_device: dict[str, int] = field(default_factory=dict)

    @property
    def people(self) -> frozenset[str]:
        """Who is flagged by oneself."""
        return frozenset(one.user_id for one in self.flags if one.peer_id is None)

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Pairs that teach nothing, both ways."""
        found = [(one.user_id, one.peer_id) for one in self.flags if one.peer_id is not None]
        return frozenset([*found, *((peer, user) for user, peer in found)])

    def lookup(self) -> Lookup:
        """``COLUMNS`` of everybody who is flagged or shares a device."""
        places: dict[str, list[float]] = {}
        for user, accounts in self.on_device.items():
            places[user] = [*UNFLAGGED[:-1], float(accounts)]
        for one in self.flags:
            if one.peer_id is None:
                places.setdefault(one.user_id, [*UNFLAGGED])[COLUMNS.index(one.flag)] = 1.0
        return Lookup.of(places, np.array([*places.values()]).reshape(-1, len(COLUMNS)))

    def table(self) -> "pa.Table":
        """``user_id``, ``peer_id`` (null: the person), ``flag``, ``reason``; a row for each."""
        import pyarrow as pa

        names = (c.USER, c.PEER, "flag", "reason")
        return pa.table({
            name: pa.array([getattr(one, name) for one in self.flags], pa.string())
            for name in names
        })

    def clean(self, edges: "pa.Table") -> "pa.Table":
        """Rows of ``user_id``, ``peer_id``, … of whom neither is flagged, alone or as a pair."""
        import pyarrow as pa

        if not self.flags:
            return edges
        ends = zip(edges[c.USER].to_pylist(), edges[c.PEER].to_pylist(), strict=True)
        people, pairs = self.people, self.pairs
        kept = [not ({*pair} & people) and pair not in pairs for pair in ends]
        return edges.filter(pa.array(kept, pa.bool_()))


NOTHING = Risk()
"""Nobody is flagged."""


def trusted(home: Home) -> list[str]:
    """People who are never flagged: the lines of ``trusted.txt`` in a home, if it is there.

    Examples
    --------
    >>> from pathlib import Path
    >>> trusted(Home(Path("nowhere")))
    []
    """
    path = home.root / TRUSTED
    return path.read_text(encoding="utf-8").split("\n") if path.exists() else []


def find(connection: "duckdb.DuckDBPyConnection", at_us: int, trusted: Iterable[str] = ()) -> Risk:
    """Look for fakes in what happened before an instant.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the views ``events`` and ``items``.
    at_us : int
        T.
    trusted : iterable of str
        People who are never flagged.
    """
    connection.execute(_SEEN.format(at=int(at_us)))
    shared = _shared_devices(connection)
    flags = [
        *_brush(connection),
        *_coupon_farms(connection),
        *_quick_help(connection),
        *_own_help(connection),
        *(Flag(user, "same_device", "two accounts on one device", peer) for user, peer in shared),
    ]
    for name in ("looked", "on_device"):
        connection.execute(f"DROP TABLE IF EXISTS risk_{name}")
    known = {*trusted}
    kept = {
        (one.user_id, one.flag, one.peer_id or ""): one
        for one in flags
        if one.user_id not in known and one.peer_id not in known
    }
    near: dict[str, set[str]] = {}
    for user, peer in shared:
        near.setdefault(user, {user}).add(peer)
        near.setdefault(peer, {peer}).add(user)
    accounts = {user: len(others) for user, others in sorted(near.items())}
    return Risk(tuple(kept[key] for key in sorted(kept)), accounts)


_DEVICE = f"""coalesce(json_extract_string({c.EXTRA}, '$.device_id'),
    json_extract_string({c.EXTRA}, '$.context.device.id'),
    json_extract_string({c.EXTRA}, '$.device.id'))"""

_SEEN = f"""
    CREATE OR REPLACE TEMP TABLE risk_on_device AS
    WITH seen AS (
        SELECT DISTINCT {c.USER}, {_DEVICE} AS device FROM events
        WHERE {c.AT} < {{at}} AND {c.EXTRA} IS NOT NULL AND contains({c.EXTRA}, 'device')
    )
    SELECT {c.USER}, device FROM seen WHERE device IS NOT NULL
    QUALIFY count(*) OVER (PARTITION BY device) BETWEEN 2 AND {PUBLIC};
    CREATE OR REPLACE TEMP TABLE risk_looked AS
    SELECT {c.USER}, {c.ITEM}, min({c.AT}) AS since FROM events
    WHERE {c.ITEM} IS NOT NULL AND {c.AT} < {{at}} AND {c.EVENT} IN
        ('{e.VIEWED}', '{e.ADDED}', '{e.CLICKED}', '{e.GROUP_VIEWED}', '{e.OPENED}') GROUP BY ALL;
    CREATE OR REPLACE TEMP VIEW risk_orders AS
    SELECT o.{c.USER}, o.{c.ITEM}, o.{c.LINE}, o.{c.ORDER}, coalesce(o.{c.DISCOUNT}, 0) > 0 AS off,
        l.since IS NULL OR l.since > o.{c.AT} AS cold
    FROM events o LEFT JOIN risk_looked l USING ({c.USER}, {c.ITEM})
    WHERE o.{c.EVENT} = '{e.ORDERED}' AND o.{c.AT} < {{at}} AND o.{c.GROUP_BUY} IS NULL;
    CREATE OR REPLACE TEMP VIEW risk_opens AS
    SELECT o.{c.USER}, o.{c.PEER}, o.{c.SHARE},
        min(o.{c.AT}) - min(s.{c.AT}) < {QUICK_US} AS quick
    FROM events o JOIN events s
    ON s.{c.EVENT} = '{e.SHARED}' AND s.{c.SHARE} = o.{c.SHARE} AND s.{c.USER} = o.{c.PEER}
    WHERE o.{c.EVENT} = '{e.OPENED}' AND o.{c.AT} < {{at}} AND o.{c.PEER} <> o.{c.USER}
        AND s.{c.AT} <= o.{c.AT} GROUP BY ALL
"""


def _shared_devices(connection: "duckdb.DuckDBPyConnection") -> list[tuple[str, str]]:
    return connection.execute(
        f"SELECT DISTINCT a.{c.USER}, b.{c.USER} FROM risk_on_device a JOIN risk_on_device b "
        f"ON a.device = b.device AND a.{c.USER} < b.{c.USER} ORDER BY ALL"
    ).fetchall()


def _brush(connection: "duckdb.DuckDBPyConnection") -> list[Flag]:
    rows = connection.execute(
        f"SELECT {c.USER}, count(*) FILTER (cold), count(*) FROM risk_orders GROUP BY ALL "
        f"ORDER BY {c.USER}"
    ).fetchall()
    found = [
        Flag(user, "brush", f"{k} of {n} orders without a look at the product")
        for user, k, n in _far_above(rows)
    ]
    return [*found, *_dense(connection)]


def _dense(connection: "duckdb.DuckDBPyConnection") -> list[Flag]:
    """Accounts that order without a look from the same shops, in blocks denser than chance."""
    whole, cold = connection.execute(
        "SELECT count(*), count(*) FILTER (cold) FROM risk_orders"
    ).fetchall()[0]
    if cold > whole / 2:  # looks are not logged here
        return []
    rows = connection.execute(
        f"WITH shops AS (SELECT {c.ITEM}, any_value({c.SHOP}) AS shop FROM items GROUP BY ALL) "
        f"SELECT {c.USER}, shop FROM risk_orders JOIN shops USING ({c.ITEM}) "
        "WHERE cold AND shop IS NOT NULL ORDER BY ALL"
    ).fetchall()
    if not rows:
        return []
    users, who = np.unique(np.array([row[0] for row in rows]), return_inverse=True)
    _, where = np.unique(np.array([row[1] for row in rows]), return_inverse=True)
    flags = []
    for block in blocks(who, where, np.random.default_rng(0)):
        said = (
            f"one of {len(block.rows)} accounts that order from {len(block.columns)} shops without "
            f"a look, {block.density / max(block.chance, 1e-9):.1f} times as densely as by chance"
        )
        if len(block.rows) >= CROWD:
            flags += [Flag(str(users[place]), "brush", said) for place in block.rows]
    return flags


def _coupon_farms(connection: "duckdb.DuckDBPyConnection") -> list[Flag]:
    rows = connection.execute(
        f"SELECT device, count(*) FILTER (off), count(*), list(DISTINCT {c.USER} ORDER BY {c.USER})"
        f" FROM risk_orders JOIN risk_on_device USING ({c.USER}) WHERE {c.LINE} = 0 "
        f"GROUP BY ALL HAVING count(DISTINCT {c.USER}) >= {CROWD} ORDER BY device"
    ).fetchall()
    usual = connection.execute(
        f"SELECT avg(off::INT) FROM risk_orders WHERE {c.LINE} = 0"
    ).fetchall()[0][0]
    people = {row[0]: row[3] for row in rows}
    return [
        Flag(
            user, "coupon_farm",
            f"{k} of {n} orders with a discount, of {len(people[device])} accounts on one device",
        )
        for device, k, n in _far_above([row[:3] for row in rows], usual)
        for user in people[device]
    ]  # fmt: skip


def _quick_help(connection: "duckdb.DuckDBPyConnection") -> list[Flag]:
    rows = connection.execute(
        f"SELECT {{'user': {c.USER}, 'peer': {c.PEER}}}, count(*) FILTER (quick), count(*) "
        f"FROM risk_opens GROUP BY {c.USER}, {c.PEER} ORDER BY {c.USER}, {c.PEER}"
    ).fetchall()
    flags = []
    for pair, k, n in _far_above(rows):
        said = f"{k} of {n} links opened within {QUICK_US // SECOND_US} seconds"
        flags += [Flag(pair[end], "fake_help", said) for end in ("user", "peer")]
    return flags


def _own_help(connection: "duckdb.DuckDBPyConnection") -> list[Flag]:
    """Accounts that mostly open links sent from their own device."""
    rows = connection.execute(
        f"""
        WITH own AS (
            SELECT DISTINCT a.{c.USER}, b.{c.USER} AS {c.PEER}, true AS own
            FROM risk_on_device a JOIN risk_on_device b USING (device)
        )
        SELECT {c.USER}, count(own), count(*) FROM risk_opens LEFT JOIN own
        USING ({c.USER}, {c.PEER}) GROUP BY ALL ORDER BY {c.USER}
        """
    ).fetchall()
    crowded = {
        row[0]
        for row in connection.execute(
            f"SELECT {c.USER} FROM risk_on_device "
            f"QUALIFY count(*) OVER (PARTITION BY device) >= {CROWD}"
        ).fetchall()
    }
    return [
        Flag(user, "fake_help", f"{k} of {n} opened links were sent from the own device")
        for user, k, n in _far_above(rows)
        if user in crowded
    ]


def _far_above(
    rows: Sequence[tuple[Any, int, int]], usual: float | None = None
) -> list[tuple[Any, int, int]]:
    """Those of (who, k, n) whose k of n is next to impossible at the usual rate.

    Unless given, the usual rate is that of everybody else, so that no account speaks for itself.

    Examples
    --------
    >>> _far_above([("ring", 9, 9), *((f"u{i}", 1, 20) for i in range(500))])
    [('ring', 9, 9)]
    >>> _far_above([("a", 3, 3), ("b", 4, 4)])  # everybody does it
    []
    """
    from scipy import stats

    if not rows:
        return []
    k, n = (np.array([row[i] for row in rows], dtype=np.int64) for i in (1, 2))
    whole = np.full(len(rows), usual) if usual is not None else _others(k, n)
    chance = stats.binom.sf(k - 1, n, np.clip(whole, 1e-6, 1.0))
    found = np.flatnonzero((chance < ALPHA / len(rows)) & (2 * k > n))
    return [rows[place] for place in found.tolist()]


def _others(k: npt.NDArray[np.int64], n: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Rate of everybody else, add-one smoothed."""
    return np.asarray((k.sum() - k + 1.0) / (n.sum() - n + 2.0), dtype=np.float64)
