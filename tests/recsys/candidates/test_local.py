"""Items 0 and 1 are tea, 2 and 3 cups; 0 is the most popular everywhere."""

import numpy as np
import pytest

from features.clock import BusinessZone, parse_instant
from features.ids import IdMap
from recsys.candidates.local import Lift, Local
from recsys.candidates.popular import Popular
from recsys.visitor import Person
from tests.recsys.moments import acts, moment
from tests.serving import shops

MORNING, NIGHT = (parse_instant(f"2026-06-18T{hour}:00:00+08:00") for hour in ("08", "22"))


@pytest.fixture
def local():
    items = shops.parts().items
    items.names = {**items.names, "category": IdMap.of(["tea", "cups"])}
    tea, cups = items.names["category"].codes(["tea", "cups"])
    items.coded["category"][:4] = [tea, tea, cups, cups]
    in_tier = np.full((2, 10), 50.0)
    in_tier[1, 3] = 900.0
    at_hour = np.full((24, 2), 100.0)
    at_hour[8, tea] = at_hour[22, cups] = 2_000.0
    popular = Popular(np.arange(4, dtype=np.int32), np.array([4.0, 3.5, 3.0, 2.5]))
    return Local(popular, Lift.fit(("1", "5"), in_tier, at_hour), items, BusinessZone())


def first(local, **who):
    return int(local.propose(moment(at_us=who.pop("at_us", MORNING), **who), 4).codes[0])


def test_the_hour_changes_what_is_on_top(local):
    assert (first(local), first(local, at_us=NIGHT)) == (0, 2)


def test_the_tier_changes_what_is_on_top(local):
    assert first(local, at_us=NIGHT, person=Person(tier="5")) == 3
    assert first(local, at_us=NIGHT, person=Person(tier="unheard of")) == 2


def test_what_one_cares_for_changes_it_too(local):
    assert first(local, own=acts((3, 8.0, 1.0))) == 2


def test_it_comes_back_from_files(local, tmp_path):
    local.lift.save(tmp_path)
    found = Lift.open(tmp_path)
    assert found.tiers == ("1", "5")
    assert np.array_equal(found.by_hour, local.lift.by_hour)
    assert Lift.open(tmp_path / "none") is None
