from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow.parquet as pq
import pytest

from features.clock import parse_instant
from training.world import World, run, simulate
from training.world.mechanism import Mechanism, Today, Visits

END = parse_instant("2026-06-01T15:30:00+08:00")
SMALL = World(users=80, items=40, days=3)


class Broadcast(Mechanism):
    """Sends everybody who is registered to the first item at noon."""

    name: ClassVar[str] = "broadcast"

    def propose(self, today: Today) -> Visits:
        user = np.flatnonzero(today.present)
        at = np.full(user.size, today.start_us + 12 * 3_600_000_000)
        item = np.zeros(user.size, dtype=np.int64)
        sessions = today.new_sessions(user.size)
        return Visits.of(today.rng(self.name), user, item, at, sessions, "broadcast")


def rows_of(out: Path, event: str) -> set[tuple[object, ...]]:
    table = pq.read_table(out / "events" / "part-0000.parquet").to_pylist()
    return {
        (r["user_id"], r["item_id"], r["at_us"], r["entry"]) for r in table if r["event"] == event
    }


def test_one_more_mechanism_leaves_the_draws_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate(SMALL, tmp_path / "before", 4, end_us=END)
    more = (*run.MECHANISMS, lambda world, stage: Broadcast())
    monkeypatch.setattr(run, "MECHANISMS", more)
    simulate(SMALL, tmp_path / "after", 4, end_us=END)
    for event in ("Recommendation Shown", "Recommendation Clicked", "Products Searched"):
        assert rows_of(tmp_path / "before", event) == rows_of(tmp_path / "after", event)
    doors = ("feed", "search", "campaign")
    before, after = (
        {row for row in rows_of(tmp_path / name, "Product Added") if row[3] in doors}
        for name in ("before", "after")
    )
    assert before == after
    assert len(rows_of(tmp_path / "after", "Product Viewed")) > 60
