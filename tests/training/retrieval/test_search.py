import numpy as np
import pytest
from scipy import sparse

from recsys.candidates.matrix import inverse
from recsys.candidates.matrix.neighbours import KnnConfig
from recsys.candidates.matrix.recommender import Recommender
from tests.recsys.candidates.matrix.test_models import world
from training.retrieval import space
from training.retrieval.search import Judge, search
from training.retrieval.space import Family
from training.retrieval.split import cut


class Peak(Recommender):
    """A model whose worth is how near its number is to 7, and its shrinkage to 5."""

    name = "peak"
    free = ("shrink",)
    fits = 0

    def __init__(self, config):
        self.config = config
        self.number = config.neighbours

    def fit(self, known, links=None):
        Peak.fits += 1
        return self

    def scores(self, users):
        return np.zeros((len(users), 1), dtype=np.float32)


NUMBERS = {"neighbours": (1, 3, 5, 7, 9, 20)}
FAMILY = Family("peak", Peak, KnnConfig(neighbours=1, shrink=5.0), NUMBERS)


class Ruler(Judge):
    def worth(self, model):
        return -abs(model.number - 7) - abs(model.config.shrink - 5)


def ruler() -> Ruler:
    nothing = sparse.csr_matrix((3, 3))
    return Ruler(nothing, nothing, None, np.arange(3))


def test_a_search_climbs_to_the_top():
    found = search(FAMILY, ruler(), 10.0, np.random.default_rng(0))
    assert (found.config.neighbours, found.worth) == (7, 0)
    assert len(found.tried) == 5
    assert found.model.number == 7


def test_without_time_the_first_is_tried_all_the_same():
    found = search(FAMILY, ruler(), 0.0, np.random.default_rng(0))
    assert (found.config.neighbours, len(found.tried)) == (1, 1)


def test_a_parameter_that_is_free_costs_no_fit():
    before = Peak.fits
    wide = {"shrink": (0.0, 1.0, 5.0, 9.0), **NUMBERS}
    found = search(
        Family("peak", Peak, KnnConfig(neighbours=1), wide), ruler(), 10.0, np.random.default_rng(0)
    )
    assert (found.config.neighbours, found.config.shrink, found.worth) == (7, 5.0, 0)
    assert found.model.config == found.config
    assert Peak.fits - before < len(found.tried) - 1


@pytest.mark.parametrize("family", [*space.PLAIN, *space.SOCIAL], ids=lambda one: one.name)
def test_every_family_starts_inside_its_space(family):
    for parameter in family.steps:
        assert list(family.around(family.start, parameter))


def test_few_people_go_first_and_the_best_are_compared_on_all(monkeypatch):
    monkeypatch.setattr("training.retrieval.search.FEW", 24)
    rng = np.random.default_rng(0)
    known, held = cut(world(), 0.1, rng)
    family = next(one for one in space.PLAIN if one.name == "item_knn")
    found = search(family, Judge.of(known, held, None, rng), 5.0, rng)
    assert found.worth > 0.6  # two are missing of each person's ten, of which one was held back
    assert (found.config, found.worth) in found.tried
    assert found.model.config == found.config


def test_a_sparse_inverse_stands_in_where_a_dense_one_does_not_fit(monkeypatch):
    train, links = sparse.csr_matrix((50, 60)), sparse.eye(50, format="csr")
    names = {one.name for one in space.families(train, links)}
    assert {"ease", "edlae", "ease_friends"} <= names
    assert "sparse_ease" not in names
    monkeypatch.setattr(inverse, "LARGEST", 10)
    names = {one.name for one in space.families(train, links)}
    assert not {"ease", "edlae", "ease_friends"} & names
    assert "sparse_ease" in names
