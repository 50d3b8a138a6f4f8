"""Every model in one small world: four clubs, whose people like what their club likes."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from features.errors import InputError
from recsys.candidates.als import AlsConfig
from recsys.candidates.matrix.diffusion import Diffusion, DiffusionConfig
from recsys.candidates.matrix.ease import Ease, EaseConfig
from recsys.candidates.matrix.factors import Factors
from recsys.candidates.matrix.filters import ChebyCf, ChebyCfConfig, GfCf, GfCfConfig
from recsys.candidates.matrix.neighbours import ItemKnn, KnnConfig, UserKnn, UserKnnConfig
from recsys.candidates.matrix.popularity import Popularity
from recsys.candidates.matrix.recommender import Recommender
from recsys.candidates.matrix.sparse_ease import SparseEase, SparseEaseConfig
from recsys.candidates.matrix.walks import LinkProp, Rp3Beta

CLUBS, PEOPLE, ITEMS = 4, 12, 10

MODELS = [
    Ease(EaseConfig(l2=1.0)),
    Ease(EaseConfig(l2=1.0, user_power=0.3, popularity=0.1)),
    SparseEase(SparseEaseConfig(l2=1.0)),
    GfCf(GfCfConfig(vectors=CLUBS)),
    ChebyCf(ChebyCfConfig(vectors=CLUBS)),
    ItemKnn(KnnConfig(neighbours=12)),
    ItemKnn(KnnConfig(neighbours=12, weighting="bm25")),
    UserKnn(UserKnnConfig(neighbours=12, popularity=0.3)),
    Rp3Beta(),
    LinkProp(),
    Factors(AlsConfig(factors=CLUBS, regularization=0.1, alpha=2.0)),
]

LINEAR = [model for model in MODELS if not isinstance(model, (UserKnn, Factors))]


def world() -> sparse.csr_matrix:
    """Person p of a club has its items but p mod ITEMS."""
    club = np.kron(np.eye(CLUBS), np.ones((PEOPLE, ITEMS)))
    for person in range(CLUBS * PEOPLE):
        club[person, person // PEOPLE * ITEMS + person % PEOPLE % ITEMS] = 0
    return sparse.csr_matrix(club, dtype=np.float32)


def missing() -> np.ndarray:
    people = np.arange(CLUBS * PEOPLE)
    return people // PEOPLE * ITEMS + people % PEOPLE % ITEMS


def name(model: Recommender) -> str:
    return f"{model.name}-{MODELS.index(model)}"


@pytest.mark.parametrize("model", MODELS, ids=name)
def test_what_the_club_has_and_the_person_lacks_comes_first(model: Recommender) -> None:
    assert model.fit(world()) is model
    lists = model.recommend(np.arange(CLUBS * PEOPLE), 3)
    assert lists.codes[:, 0].tolist() == missing().tolist()
    assert lists.codes.shape == lists.scores.shape == (CLUBS * PEOPLE, 3)


@pytest.mark.parametrize("model", MODELS, ids=name)
def test_somebody_without_anything_gets_nothing_and_nothing_breaks(model: Recommender) -> None:
    known = sparse.csr_matrix(sparse.vstack([world(), sparse.csr_matrix((1, 40))]), dtype="f4")
    lists = model.fit(known).recommend(np.array([CLUBS * PEOPLE]), 5)
    assert (lists.codes == -1).all()


@pytest.mark.parametrize("model", LINEAR, ids=name)
def test_the_item_item_matrix_says_the_same(model: Recommender) -> None:
    model.fit(world())
    weights = model.item_item(ITEMS)
    assert np.diff(weights.indptr).max() <= ITEMS
    assert weights.diagonal().max() == 0
    scores = (world() @ weights).toarray()
    scores[world().toarray() > 0] = -1
    assert scores.argmax(axis=1).tolist() == missing().tolist()


@pytest.mark.parametrize("model", [UserKnn(), Factors(), Popularity()], ids=lambda one: one.name)
def test_what_is_no_sum_over_items_says_so(model: Recommender) -> None:
    with pytest.raises(InputError, match="no item–item matrix"):
        model.fit(world()).item_item(5)


def test_popularity_is_the_same_for_all() -> None:
    known = sparse.csr_matrix(np.array([[0, 1, 1], [0, 0, 1.0]]), dtype=np.float32)
    assert Popularity().fit(known).recommend(np.array([0, 1]), 2).codes.tolist() == [
        [0, -1],
        [1, 0],
    ]


def friends(*pairs: tuple[int, int], people: int = 4) -> sparse.csr_matrix:
    found = np.zeros((people, people), dtype=np.float32)
    for left, right in pairs:
        found[left, right] = found[right, left] = 1
    return sparse.csr_matrix(found)


@pytest.mark.parametrize(("hops", "first"), [(1, 1), (2, 2)])
def test_taste_flows_along_ties(hops: int, first: int) -> None:
    """0 – 1 – 2, and 3 knows nobody; each has the item of the same number."""
    has = sparse.csr_matrix(np.eye(4), dtype=np.float32)
    model = Diffusion(DiffusionConfig(hops=hops)).fit(has, friends((0, 1), (1, 2)))
    lists = model.recommend(np.array([0, 3]), 2)
    assert lists.codes.tolist() == [[first, -1], [-1, -1]]


def test_without_ties_nobody_has_friends() -> None:
    has = sparse.csr_matrix(np.eye(4), dtype=np.float32)
    assert (Diffusion().fit(has).recommend(np.arange(4), 2).codes == -1).all()


def test_friends_are_neighbours_of_somebody_without_history() -> None:
    has = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0.0]]), dtype="f4")
    model = UserKnn(UserKnnConfig(friends=0.5)).fit(has, friends((2, 3)))
    assert model.recommend(np.array([3]), 1).codes.tolist() == [[2]]


@pytest.mark.parametrize("model", [Ease(), ChebyCf(), UserKnn(), Diffusion()], ids=lambda m: m.name)
@pytest.mark.parametrize("people", [CLUBS * PEOPLE, 3 * ITEMS])
def test_a_tuned_model_is_one_that_was_fitted_so(model: Recommender, people: int) -> None:
    known = sparse.csr_matrix(world()[:people])
    ties = friends((0, 1), (1, 13), (2, 14), (3, 5), people=people)
    model.fit(known, ties)
    everybody = np.arange(people)
    for parameter in model.free:
        config = replace(model.config, **{parameter: getattr(model.config, parameter) + 1})
        tuned, fitted = model.tuned(config), type(model)(config).fit(known, ties)
        assert tuned is not None
        assert tuned.config == config
        np.testing.assert_allclose(tuned.scores(everybody), fitted.scores(everybody), atol=1e-5)
    other = {"l2": 7.0, "vectors": 3, "neighbours": 3, "hops": 2}
    (fixed,) = other.keys() & vars(model.config).keys() - {*model.free}
    assert model.tuned(replace(model.config, **{fixed: other[fixed]})) is None
