"""``huoren features --engine spark`` on ``local[2]`` gives DuckDB's numbers on a million events."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from features.clock import parse_instant
from features.counters import Key
from features.home import Home
from features.ingest.run import ingest
from training.world import PRESETS, simulate

END = "2026-06-18T20:00:00+08:00"
AT = "2026-06-18T19:30:00+08:00"


def features(home: Home, engine: str) -> dict:
    called = [str(Path(sys.executable).with_name("huoren")), "features", "--data", str(home.root),
              "--engine", engine, "--at", AT, "--json"]  # fmt: skip
    done = subprocess.run(called, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2_000:]
    return json.loads(done.stdout)


@pytest.mark.spark
def test_spark_gives_the_numbers_of_duckdb(tmp_path: Path) -> None:
    world = replace(PRESETS["demo"], users=10_000, items=3_000)
    simulate(world, tmp_path / "world", 1, end_us=parse_instant(END))
    home = Home(tmp_path / "home")
    ingest(tmp_path / "world", home)
    told = features(home, "duckdb")
    assert told["events"] >= 1_000_000
    shutil.move(told["folder"], tmp_path / "duckdb")
    spark = Path(features(home, "spark")["folder"])
    for key in Key:
        one, other = (place / f"{key.word}.parquet" for place in (tmp_path / "duckdb", spark))
        assert different(one, other, key) == {}, key


def different(one: Path, other: Path, key: Key) -> dict[str, int]:
    """Rows that differ by more than 1e-9 relative or absolute, by column; keys count too."""
    with duckdb.connect() as connection:
        columns = [row[0] for row in connection.sql(f"DESCRIBE FROM '{one}'").fetchall()]
        values = [name for name in columns if name not in key.columns]
        near = "abs(a.{0} - b.{0}) <= 1e-9 * greatest(1, abs(a.{0}), abs(b.{0}))"
        tests = ", ".join(
            f"count(*) FILTER (NOT coalesce({near.format(name)}, "
            f"a.{name} IS NULL AND b.{name} IS NULL)) AS {name}"
            for name in values
        )
        missing = " OR ".join(f"{side}.{key.columns[0]} IS NULL" for side in "ab")
        same = " AND ".join(f"a.{name} = b.{name}" for name in key.columns)
        query = (
            f"SELECT count(*) FILTER ({missing}) AS missing, {tests} "
            f"FROM '{one}' a FULL JOIN '{other}' b ON {same}"
        )
        found = connection.sql(query)
        counts = dict(zip(found.columns, found.fetchall()[0], strict=True))
    return {name: count for name, count in counts.items() if count}
