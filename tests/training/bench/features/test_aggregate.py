"""Both methods write the same counters, those that the rival knows."""

from pathlib import Path

import duckdb
import pytest

from features.counters import Key
from training.bench import history
from training.bench.features.aggregate import measure


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("bench")
    home = history.write(place / "home", 30_000)
    methods = ("huoren", "hand_written_sql")
    rows = [measure(name, home.root, history.END_US, place / name, 1) for name in methods]
    assert all(one.seconds > 0 and one.peak_mb > 0 for (one,) in rows)
    ours, rival = (place / name for name in methods)
    return ours, rival


@pytest.mark.parametrize("key", Key)
def test_values_are_the_same(written, key):
    ours, rival = (str(folder / f"{key.word}.parquet") for folder in written)
    with duckdb.connect() as connection:
        names = connection.read_parquet(rival).columns
        assert set(names) <= set(connection.read_parquet(ours).columns)
        assert set(names) > set(key.columns)
        near = " AND ".join(
            f"(a.{n} IS NOT DISTINCT FROM b.{n} OR abs(a.{n} - b.{n}) <= 1e-9 * abs(b.{n}) + 1e-9)"
            for n in names
            if n not in key.columns
        )
        both, alike, alone = connection.sql(
            f"SELECT count(*), count(*) FILTER ({near}), (SELECT count(*) FROM '{ours}') FROM "
            f"'{ours}' a JOIN '{rival}' b USING ({', '.join(key.columns)})"
        ).fetchall()[0]
        assert both == alike == alone
        assert both > 0 or key is Key.COMMUNITY  # the history of the bench knows none
        assert connection.sql(f"SELECT count(*) FROM '{rival}'").fetchall() == [(both,)]
