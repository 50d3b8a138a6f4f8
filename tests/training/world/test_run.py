import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features import tables
from features.clock import DAY_US, HOUR_US, parse_instant
from features.errors import InputError
from features.events import KINDS
from training.world import PRESETS, Summary, World, simulate

END = parse_instant("2026-06-01T15:30:00+08:00")
TINY = World(users=40, items=30, days=4)


def digest(out: Path) -> str:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    whole = b"".join(
        path.relative_to(out).as_posix().encode() + path.read_bytes() for path in files
    )
    return hashlib.sha256(whole).hexdigest()


def events_of(out: Path) -> pa.Table:
    return pq.read_table(out / "events")


def test_same_seed_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        simulate(TINY, tmp_path / name, 9, end_us=END)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")


def test_another_seed_gives_another_world(tmp_path: Path) -> None:
    for seed in (9, 10):
        simulate(TINY, tmp_path / str(seed), seed, end_us=END)
    assert digest(tmp_path / "9") != digest(tmp_path / "10")


def test_ids_of_two_worlds_do_not_collide(tmp_path: Path) -> None:
    for seed in (9, 10):
        simulate(TINY, tmp_path / str(seed), seed, end_us=END)
    one, other = (set(events_of(tmp_path / s)["message_id"].to_pylist()) for s in ("9", "10"))
    assert one
    assert not one & other


@pytest.mark.parametrize(
    ("users", "items", "days"), [(10, 10, 2), (1, 10, 3), (10, 1, 3), (1, 1, 1), (60, 5, 20)]
)
def test_tiny_worlds_come_to_their_end(tmp_path: Path, users: int, items: int, days: int) -> None:
    simulate(World(users=users, items=items, days=days), tmp_path / "w", 1, end_us=END)
    assert pq.read_table(tmp_path / "w" / "users.parquet").num_rows == users
    assert events_of(tmp_path / "w").schema == tables.EVENTS.schema


@pytest.mark.parametrize("wrong", [{"users": 0}, {"items": 0}, {"days": -3}, {"zone": "Mars/Base"}])
def test_impossible_worlds_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        World(**wrong)  # type: ignore[arg-type]


def test_what_is_no_world_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="is taken"):
        simulate(TINY, tmp_path, 1, end_us=END)
    assert (tmp_path / "thesis.txt").exists()


def test_an_earlier_world_is_replaced(tmp_path: Path) -> None:
    simulate(TINY, tmp_path / "w", 1, end_us=END)
    simulate(replace(TINY, users=7), tmp_path / "w", 1, end_us=END)
    assert pq.read_table(tmp_path / "w" / "users.parquet").num_rows == 7


def test_tables_have_the_canonical_schemas(world: Path) -> None:
    for name in ("users", "items", "ties", "events"):
        place = world / name if name == "events" else world / f"{name}.parquet"
        table = pq.read_table(place)
        assert table.schema == tables.table(name).schema
        assert all(table[column].null_count == 0 for column in tables.table(name).required)


def test_keys_are_unique(world: Path) -> None:
    for name in ("users", "items", "ties", "events"):
        place = world / name if name == "events" else world / f"{name}.parquet"
        table = pq.read_table(place, columns=list(tables.table(name).key))
        assert table.group_by(table.column_names).aggregate([]).num_rows == table.num_rows


def test_each_event_carries_what_it_must(world: Path) -> None:
    events = events_of(world)
    names = np.array(events["event"].to_pylist())
    assert len(set(names)) >= 16
    for name in set(names):
        rows = events.filter(names == name)
        assert all(rows[column].null_count == 0 for column in KINDS[name].required), name


def test_the_truth_lies_where_nothing_reads_data(world: Path) -> None:
    assert {path.name for path in world.iterdir()} == {
        "users.parquet", "items.parquet", "ties.parquet", "events", "truth",
    }  # fmt: skip
    assert all(path.name.startswith("_") for path in (world / "truth").iterdir())


def test_the_last_event_is_an_hour_before_the_end(world: Path) -> None:
    last = max(events_of(world)["at_us"].to_pylist())
    assert END - HOUR_US - 10 * 60 * 1_000_000 < last <= END - HOUR_US


def test_the_oracle_is_far_above_popularity_and_below_certainty(summary: Summary) -> None:
    assert 2 * summary.popular_ndcg < summary.oracle_ndcg < 0.7
    assert 0.5 < summary.explained < 0.9


def test_another_zone_moves_the_hours_with_it(tmp_path: Path) -> None:
    zone = World(users=300, items=60, days=12, zone="America/New_York")
    # The clocks of New York go forward on 2026-03-08.
    end = parse_instant("2026-03-14T12:00:00-04:00")
    told = simulate(zone, tmp_path / "w", 2, end_us=end)
    events = events_of(tmp_path / "w")
    shown = np.array(events["event"].to_pylist()) == "Recommendation Shown"
    at = np.array(events["at_us"].to_pylist())[shown]
    local = np.where(
        at < parse_instant("2026-03-08T02:00:00-05:00"), at - 5 * HOUR_US, at - 4 * HOUR_US
    )
    hour = local % DAY_US // HOUR_US
    assert told.start == "2026-03-03T05:00:00Z"
    assert (hour == 21).sum() > 4 * (hour == 4).sum()


def test_presets_are_what_figures_are_quoted_on() -> None:
    sizes = {name: (w.users, w.items, w.days) for name, w in PRESETS.items()}
    assert sizes == {
        "demo": (3_000, 1_500, 45),
        "bench": (100_000, 20_000, 30),
        "fraud": (3_000, 1_500, 45),
    }
