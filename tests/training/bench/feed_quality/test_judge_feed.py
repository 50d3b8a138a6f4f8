"""Two people: one bought i1 three times and i2 once, the other nothing; three sources propose."""

import numpy as np
import pytest

from features.errors import InputError, UnknownName
from recsys.slate import Slate, merge
from tests.recsys.moments import moment, purchases
from tests.serving import shops
from training.bench.feed_quality import judge, sets
from training.bench.feed_quality.ground import Asked
from training.examples.feed import Asked as Queries
from training.examples.feed import Proposed
from training.metrics import Relevant
from training.queries import Queries as Who


@pytest.fixture
def asked() -> Asked:
    slate = merge([Slate.of([1, 2, 3], [3.0, 2.0, 1.0], "als"), Slate.of([3], [1.0], "popular")])
    regular = moment(bought=(1, 2), purchased=purchases((1, 3.0, 5.0), (2, 1.0, 1.0)))
    who = Who(["u", "v"], np.zeros(2, dtype=np.int64))
    relevant = Relevant(np.array([0, 1, 2]), np.array([1, 3], dtype=np.int32))
    queries = Queries(who, relevant, np.array([4, 0]))
    rows = np.zeros((2 * len(slate), 1), dtype=np.float32)
    return Asked(queries, [Proposed(regular, slate), Proposed(moment(), slate)], rows)


def test_each_source_stands_alone(asked):
    found = judge.of_sources(asked)
    assert found["als"][0, :4].tolist() == [1, 2, 3, -1]
    assert found["popularity"][1, :2].tolist() == [3, -1]


def test_a_blend_follows_the_source_that_did_well_before(asked):
    weight = judge.weights(asked)
    assert weight["als"] == pytest.approx(0.75)
    assert weight["popularity"] == pytest.approx(0.5)
    assert judge.blended(asked, {"als": 1.0, "popularity": 0.0})[0, :3].tolist() == [1, 2, 3]
    assert judge.blended(asked, {"als": 0.0, "popularity": 1.0})[0, 0] == 3


def test_the_oracle_knows_only_whom_it_was_asked_about(asked):
    items = shops.parts().items
    pages = judge.of_oracle(asked, items, {"u": ["i7", "ghost", "i2"]})
    assert items.ids.names(pages[0, :2]) == ["i7", "i2"]
    assert (pages[1] == -1).all()


def test_sets_have_one_name_each():
    assert sets.named("Alibaba-E-Commerce") == sets.named("alibaba") == "alibaba"
    with pytest.raises(UnknownName, match="ciao"):
        sets.named("ciaoo")


def test_a_public_set_needs_its_folder(tmp_path):
    with pytest.raises(InputError, match="--path DIR"):
        sets.opened("ciao", None, tmp_path, None)
