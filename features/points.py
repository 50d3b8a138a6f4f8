"""Counters at each example's own time: training rows that know what serving would have known.

For every example (a key and an instant) each counter is read as of ``floor(instant, refresh)``,
strictly before it. The events of the wanted keys are fetched once, sorted by key and time; examples
are sorted the same way; one compiled scan over both gives all values. The scan carries the decayed
sum from event to event, so that spans of thousands of half-lives do not overflow as a rescaled
cumulative sum would.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features import columns as c
from features import scans
from features.catalogue import of_key
from features.clock import BusinessZone, Int64s, Refresh
from features.counters import VALUES, Counter, Key

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Points:
    """Reads counters of a history at many (key, instant) examples.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Holds a table or view ``facts`` with the rows of ``features.facts``.
    zone : BusinessZone
        For hours, days and windows.
    """

    connection: duckdb.DuckDBPyConnection
    zone: BusinessZone

    def values(
        self,
        key: Key,
        keys: Mapping[str, Sequence[str]],
        at_us: Int64s,
        names: Collection[str] | None = None,
    ) -> dict[str, Floats]:
        """Values of the counters of one kind of key.

        Parameters
        ----------
        key : Key
            Which counters.
        keys : mapping of str to sequence of str, each of length n
            The key's columns, row by row; a missing key counts nothing.
        at_us : ndarray, int64, shape (n,)
            Instants of the examples.
        names : collection of str, optional
            Which counters; all of the key when left out.

        Returns
        -------
        dict of str to ndarray, float64, shape (n,)
            By counter name; 0 where nothing matched, NaN for absent first or last values.
        """
        codes = self._codes(key, keys)
        found: dict[str, Floats] = {}
        wanted = [one for one in of_key(key) if names is None or one.name in names]
        for mirror in (False, True):
            counters = [one for one in wanted if one.mirror is mirror]
            if counters:
                rows = self._rows(key, counters, mirror)
                found |= self._scan(counters, rows, codes, at_us)
        return {counter.name: found[counter.name] for counter in wanted}

    def _codes(self, key: Key, keys: Mapping[str, Sequence[str]]) -> Int64s:
        """Number the distinct keys in a temporary table; the number of each row's key."""
        asked = pa.table({
            "row": np.arange(len(keys[key.columns[0]])),
            **{name: pa.array(keys[name], pa.string()) for name in key.columns},
        })
        names = ", ".join(key.columns)
        self.connection.register("asked", asked)
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE wanted AS SELECT {names}, row_number() OVER () - 1 AS "
            f"code FROM (SELECT DISTINCT {names} FROM asked)"
        )
        same = " AND ".join(f"a.{name} IS NOT DISTINCT FROM w.{name}" for name in key.columns)
        codes = self.connection.execute(
            f"SELECT w.code FROM asked a JOIN wanted w ON {same} ORDER BY a.row"
        ).fetchnumpy()["code"]
        self.connection.unregister("asked")
        return np.asarray(codes, dtype=np.int64)

    def _rows(self, key: Key, counters: Sequence[Counter], mirror: bool) -> dict[str, Any]:
        swap = {c.USER: c.PEER, c.PEER: c.USER} if mirror else {}
        events = sorted({event for counter in counters for event in counter.events})
        same = " AND ".join(f"f.{swap.get(name, name)} = w.{name}" for name in key.columns)
        wanted = sorted({name for counter in counters if (name := _named(counter))})
        extra = "".join(f", f.{swap.get(name, name)} AS {name}" for name in wanted)
        others = "AND f.peer_id <> f.user_id" if mirror else ""
        rows = self.connection.sql(
            f"SELECT w.code, f.{c.AT} AS moment, f.day AS bucket, f.{c.LINE}, "
            f"list_position($events, f.{c.EVENT}) - 1 AS kind{extra} "
            f"FROM facts f JOIN wanted w ON {same} "
            f"WHERE f.{c.EVENT} IN (SELECT unnest($events)) {others} ORDER BY w.code, f.{c.AT}",
            params={"events": events},
        ).to_arrow_table()
        return {
            "names": np.array(events),
            **{name: _plain(rows[name]) for name in rows.column_names},
        }

    def _scan(
        self,
        counters: Sequence[Counter],
        rows: Mapping[str, Any],
        codes: Int64s,
        at_us: Int64s,
    ) -> dict[str, Floats]:
        found = {}
        for refresh in Refresh:
            group = [counter for counter in counters if counter.refresh is refresh]
            if not group:
                continue
            as_of = self.zone.floor(at_us, refresh)
            order = np.lexsort((as_of, codes))
            asked = _Asked(codes[order], as_of[order], self.zone.day(as_of[order]))
            for counter in group:
                values = np.empty(len(codes), dtype=np.float64)
                values[order] = _read(counter, rows, asked)
                found[counter.name] = values
        return found


@dataclass(frozen=True)
class _Asked:
    codes: Int64s
    as_of: Int64s
    days: Int64s


def _read(counter: Counter, rows: Mapping[str, Any], asked: _Asked) -> Floats:
    weights = np.array([counter.events.get(str(name), np.nan) for name in rows["names"]])
    amounts = weights[rows["kind"].astype(np.int64)]
    kept = ~np.isnan(amounts)
    if counter.once:
        kept &= rows[c.LINE] == 0
    named = _named(counter)
    column = None
    if named:
        column = rows[named]
        kept &= ~_missing(column)
        column = column[kept]
    codes, moments = (rows[name][kept].astype(np.int64) for name in ("code", "moment"))
    if counter.last or counter.first:
        numbers = _numbers(named, column)
        scan = scans.latest if counter.last else scans.earliest
        return scan(codes, moments, numbers, asked.codes, asked.as_of)
    span = int(counter.window.days) if counter.window else 2**31
    buckets = rows["bucket"][kept].astype(np.int64)
    if counter.distinct:
        pairs = _pairs(codes, column)
        return scans.distinct(
            codes, moments, buckets, pairs, asked.codes, asked.as_of, asked.days, span
        )
    amounts = amounts[kept] * (_numbers(named, column) if counter.value else 1.0)
    if counter.window:
        return scans.window(
            codes, moments, buckets, amounts, asked.codes, asked.as_of, asked.days, span
        )
    half_life_us = counter.half_life.us if counter.half_life else np.inf
    return scans.decayed(codes, moments, amounts, asked.codes, asked.as_of, half_life_us)


def _named(counter: Counter) -> str | None:
    return counter.distinct or counter.last or counter.first or counter.value


def _plain(column: pa.ChunkedArray) -> npt.NDArray[np.generic]:
    """Numbers as float64 with NaN for null, or as they are; texts as codes with -1 for null."""
    whole = column.combine_chunks()
    if pa.types.is_string(whole.type):
        return np.asarray(whole.dictionary_encode().indices.fill_null(-1), dtype=np.int64)
    return np.asarray(whole.to_numpy(zero_copy_only=False))


def _missing(column: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    if column.dtype.kind == "f":
        return np.asarray(np.isnan(column), dtype=np.bool_)
    return np.asarray(column == -1, dtype=np.bool_)


def _numbers(name: str | None, column: Any) -> Floats:
    numeric = name in {*VALUES, c.AT, "day"}
    return np.asarray(column, dtype=np.float64) if numeric else np.full(len(column), np.nan)


def _pairs(codes: Int64s, column: Any) -> Int64s:
    """Number the distinct (key, value) pairs."""
    values = np.unique(np.asarray(column), return_inverse=True)[1].astype(np.int64)
    mixed = codes * (int(values.max(initial=0)) + 1) + values
    pairs: Int64s = np.unique(mixed, return_inverse=True)[1].astype(np.int64)
    return pairs
