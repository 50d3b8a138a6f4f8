from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.clock import DAY_US
from features.history import History
from features.home import Home
from features.tables import EVENTS, ITEMS, TIES


def write(path: Path, schema: pa.Schema, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def view(at_us: int) -> dict[str, object]:
    return {
        "message_id": f"m{at_us}",
        "line": 0,
        "event": "Product Viewed",
        "at_us": at_us,
        "user_id": "u",
    }


@pytest.fixture
def history(tmp_path: Path) -> History:
    home = Home(tmp_path)
    for day, times in {"1970-01-01": [5, 7], "1970-01-02": [DAY_US, DAY_US + 1]}.items():
        write(home.events / f"day={day}" / "a.parquet", EVENTS.schema, [view(t) for t in times])
    rows = [{"item_id": "i", "valid_from_us": t, "price_fen": t} for t in (0, 10, 20)]
    write(home.table("items") / "a.parquet", ITEMS.schema, rows)
    return History(home)


def test_the_end_is_strict_and_the_start_is_not(history: History) -> None:
    assert history.events(["at_us"], 7, DAY_US + 1)["at_us"].to_pylist() == [7, DAY_US]


def test_a_range_opens_only_its_days(history: History) -> None:
    (history.home.events / "day=1970-01-02" / "a.parquet").write_bytes(b"broken")
    assert history.events(["at_us"], end_us=DAY_US).num_rows == 2


@pytest.mark.parametrize(("at", "price"), [(0, 0), (10, 10), (19, 10), (20, 20), (None, 20)])
def test_the_version_in_force(history: History, at: int | None, price: int) -> None:
    assert history.items(at, ["price_fen"])["price_fen"].to_pylist() == [price]


def test_no_version_before_the_first(history: History) -> None:
    assert history.items(-1).num_rows == 0


def test_missing_tables_are_empty_views_with_canonical_columns(history: History) -> None:
    assert history.users().num_rows == 0
    assert history.ties().schema.names == TIES.schema.names


def test_ties_of_the_future_are_left_out_and_undated_ones_kept(tmp_path: Path) -> None:
    rows = [
        {"user_id": "u", "peer_id": p, "tie_type": "friend", "since_us": t}
        for p, t in (("a", None), ("b", 5), ("c", 6))
    ]
    write(tmp_path / "tables" / "ties" / "a.parquet", TIES.schema, rows)
    assert History(Home(tmp_path)).ties(at_us=5)["peer_id"].to_pylist() == ["a", "b"]


def test_sql_sees_every_table(history: History) -> None:
    counts = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM items)"
    with history.connect(end_us=DAY_US) as connection:
        assert connection.sql(counts).fetchall() == [(2, 3)]


def test_a_query_that_needs_more_memory_spills_and_leaves_nothing(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.history.MEMORY", "64MB")
    monkeypatch.setattr("features.history.gettempdir", lambda: str(tmp_path / "spilt"))
    (tmp_path / "spilt").mkdir()
    with history.connect() as connection:
        connection.execute("CREATE TABLE big AS SELECT range, hash(range) FROM range(6_000_000)")
        assert list((tmp_path / "spilt").glob("huoren-spill-*/*"))
        assert connection.sql("SELECT count(*) FROM big").fetchall() == [(6_000_000,)]
    assert list((tmp_path / "spilt").iterdir()) == []
