"""The counts of the bench are those of SQL written by hand; its world is what it says."""

from features.clock import DAY_US
from features.history import History
from recsys.segments.desk import open_desk
from training.bench.segments import world
from training.bench.segments.run import SEGMENTS, rows


def test_counts_and_times():
    made = list(rows(3_000, 9_000))
    found = {row["segment"]: row for row in made if "segment" in row}
    assert found.keys() == SEGMENTS.keys()
    assert all(row["ms"] > 0 for row in found.values())
    assert found["one tag"]["count"] > 1_000
    works = [row for row in made if "work" in row]
    assert (len(works), works[-1]["people"]) == (5, 2_970)
    assert {name for name, row in found.items() if "hand_ms" in row} == {"five tags", "one event"}


def test_the_world(tmp_path):
    home = world.write(tmp_path, 500, 1_800)
    events = History(home).events(["at_us", "user_id"])
    assert events.num_rows == 1_800
    first, last = (f(events["at_us"].to_pylist()) for f in (min, max))
    assert world.AT - 90 * DAY_US <= first < last < world.AT
    with open_desk(home) as desk:
        assert desk.base == 495  # one in a hundred refuses
