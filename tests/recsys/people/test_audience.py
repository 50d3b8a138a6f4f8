import numpy as np

from features.ids import IdMap
from recsys.people.audience import Audience
from tests.serving import shops


def test_an_audience_is_read_back(tmp_path):
    items = shops.parts().items
    tea = items.names["category"].code("tea")
    members = np.full((2, 3), -1)
    people = IdMap.of(["a", "b"])
    members[tea, :2] = people.codes(["b", "a"])
    Audience(people, {"category": members}).save(tmp_path)
    found = Audience.open(tmp_path)
    assert found.of(items, "i0") == ["a", "b"]  # tea
    assert found.of(items, "i1") == []  # cups
    assert Audience.empty().of(items, "i0") == []
