from pathlib import Path

import pytest

from training.world.statistics import MEASURES, REAL, compare, measure

TWO_SHARES = (
    "select * from (values ('ann', 'bob', 's1', 1), ('ann', 'cid', 's1', 2),"
    " ('ann', 'bob', 's2', 3)) as v(sharer, opener, share, moment)"
)


def test_measures_of_a_world_one_can_count(tmp_path: Path) -> None:
    found = measure(
        {
            "opens": TWO_SHARES,
            "links": "select unnest(['ann', 'ann', 'bob']) who",
            "acts": "select unnest(['ann', 'bob']) who",
            "groups": "select unnest([true, true, false, false]) filled",
        },
        tmp_path,
    )
    assert found["openers of a link opened"] == 1.5
    assert found["opens by who opened from the sharer before"] == pytest.approx(1 / 3)
    assert found["degree, mean"] == 1.5
    assert found["skew of activity (Gini)"] == 0
    assert found["group buys that fill"] == 0.5
    assert "buyers who buy on a second day" not in found


def test_sets_that_are_not_there_have_no_measures(world: Path, tmp_path: Path) -> None:
    found = compare(world, tmp_path)
    assert set(found["this world"]) == set(MEASURES)
    assert [found[name] for name in REAL] == [{}] * len(REAL)


def test_the_world_is_of_the_order_of_the_real_sets(world: Path, bench_data: Path) -> None:
    found = compare(world, bench_data)
    for name in MEASURES:
        real = [measures[name] for measures in found.values() if name in measures][1:]
        if real:
            assert min(real) / 4 < found["this world"][name] < max(real) * 4, name
