"""The made-up history is a home like any other."""

import pyarrow.compute as pc
import pytest

from features.clock import DAY_US
from features.history import History
from features.home import Home
from training.bench import history


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return history.write(tmp_path_factory.mktemp("made") / "home", 20_000)


def test_as_many_rows_as_asked_over_ninety_days_that_end_at_the_instant(home):
    events = History(home).events()
    assert events.num_rows == 20_000
    assert len(pc.unique(events["message_id"])) == 20_000
    low, high = (pc.min_max(events["at_us"])[name].as_py() for name in ("min", "max"))
    assert history.END_US - 90 * DAY_US <= low < high < history.END_US
    assert len(History(home).files("events")) == 90


def test_kinds_have_their_shares(home):
    counts = History(home).events(["event"])["event"].value_counts().to_pylist()
    shares = {row["values"]: row["counts"] / 20_000 for row in counts}
    assert shares == pytest.approx(history.MIX, abs=0.02)


def test_only_orders_and_refunds_carry_what_was_paid(home):
    paid = History(home).events(["event", "total_fen"])
    kinds = set(paid.filter(pc.is_valid(paid["total_fen"]))["event"].to_pylist())
    assert kinds == {"Order Completed", "Order Refunded"}


def test_some_items_and_people_change_within_the_span(home):
    with History(home).connect() as connection:
        for table, key in (("items", "item_id"), ("users", "user_id")):
            query = f"SELECT count(*), count(DISTINCT {key}) FROM {table}"
            versions, things = connection.sql(query).fetchall()[0]
            assert versions > things


def test_the_same_seed_makes_the_same_history(home, tmp_path):
    again = History(history.write(tmp_path / "again", 20_000)).events()
    assert again.equals(History(home).events())
    assert not again.equals(History(history.write(tmp_path / "other", 20_000, seed=2)).events())
