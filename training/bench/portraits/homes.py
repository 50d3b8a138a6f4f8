"""Homes made of canonical tables, for measuring: no ingest, no log, a snapshot and its tags."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features import columns as c
from features import snapshot
from features.clock import BusinessZone
from features.history import utc_day
from features.home import Home
from features.snapshot import Snapshot
from features.tables import TABLES

UTC = BusinessZone("UTC")
BEIJING = BusinessZone("Asia/Shanghai")


def settle(root: Path, tables: Mapping[str, pa.Table]) -> Home:
    """Write canonical tables as a home.

    Parameters
    ----------
    root : Path
        A new directory.
    tables : mapping of str to pyarrow.Table
        By name; a missing one is empty.
    """
    home = Home(root)
    for name, kind in TABLES.items():
        rows = tables.get(name, kind.schema.empty_table())
        if name == "events":
            _put_events(home, rows)
        else:
            _put(home.table(name) / "all.parquet", rows)
    return home


def world(root: Path) -> Mapping[str, pa.Table]:
    """Tables of a simulated world."""
    names = [name for name in TABLES if name != "events"]
    found = {name: pq.read_table(root / f"{name}.parquet") for name in names}
    chunks = [pq.read_table(path) for path in sorted((root / "events").glob("*.parquet"))]
    return {**found, "events": pa.concat_tables(chunks)}


def publish(home: Home, at_us: int, zone: BusinessZone) -> Snapshot:
    """Snapshot with references and portraits as of an instant."""
    return snapshot.publish(home, at_us, zone)


def end_of(events: pa.Table) -> int:
    """The instant after the last event."""
    return int(pc.max(events[c.AT]).as_py()) + 1


def between(events: pa.Table, low_us: int, high_us: int) -> pa.Table:
    """Events from one instant to before another."""
    inside = pc.and_(pc.greater_equal(events[c.AT], low_us), pc.less(events[c.AT], high_us))
    return events.filter(inside)


def _put_events(home: Home, rows: pa.Table) -> None:
    rows = rows.sort_by(c.AT)
    at_us = rows[c.AT].to_numpy()
    days, starts = np.unique(at_us // 86_400_000_000, return_index=True)
    ends = np.append(starts[1:], len(at_us))
    for day, low, high in zip(days.tolist(), starts.tolist(), ends.tolist(), strict=True):
        folder = home.events / f"day={utc_day(day * 86_400_000_000)}"
        _put(folder / "all.parquet", rows.slice(low, high - low))


def _put(path: Path, rows: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path, compression="zstd")
