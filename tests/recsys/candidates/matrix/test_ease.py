"""EASE against its formula, in both spaces."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from features.errors import InputError
from recsys.candidates.matrix import inverse
from recsys.candidates.matrix.ease import Ease, EaseConfig

RNG = np.random.default_rng(0)


def random(users: int, items: int) -> sparse.csr_matrix:
    return sparse.csr_matrix((RNG.random((users, items)) < 0.2).astype(np.float32))


def by_formula(columns: np.ndarray, config: EaseConfig) -> np.ndarray:
    """Steck 2019, equation 8, with the penalty of Steck 2020."""
    gram = columns.T @ columns
    inverted = np.linalg.inv(gram + np.diag(config.l2 + config.dropout * np.diag(gram)))
    weights = -inverted / np.diag(inverted)
    np.fill_diagonal(weights, 0)
    return weights


@pytest.mark.parametrize("users", [25, 60], ids=["in user space", "in item space"])
def test_scores_are_those_of_the_formula(users: int) -> None:
    known, config = random(users, 40), EaseConfig(l2=3.0, dropout=0.4)
    model = Ease(config).fit(known)
    assert (model.weights_ is not None) is (users > 40)
    weights = by_formula(known.toarray(), config)
    assert model.scores(np.arange(users)) == pytest.approx(known @ weights, abs=1e-5)
    assert model.item_item(40).toarray() == pytest.approx(np.maximum(weights, 0), abs=1e-5)


def test_friends_are_columns() -> None:
    known, config = random(30, 40), EaseConfig(l2=3.0, dropout=0.4, social=0.5)
    links = random(30, 30)
    links = sparse.csr_matrix(((links + links.T) > 0).astype(np.float32))
    both = np.hstack([known.toarray(), np.sqrt(0.5) * links.toarray()])
    weights = by_formula(both, config)[:, :40]
    model = Ease(config).fit(known, links)
    assert model.scores(np.arange(30)) == pytest.approx(both @ weights, abs=1e-5)
    cut = model.tuned(replace(config, neighbours=70))
    assert cut is not None
    positive = np.maximum(weights, 0)
    assert cut.scores(np.arange(30)) == pytest.approx(both @ positive, abs=1e-4)


@pytest.mark.parametrize("users", [25, 60])
def test_the_taste_of_a_friend_is_added(users: int) -> None:
    known = random(users, 40)
    links = sparse.csr_matrix(([1.0], ([0], [1])), shape=(users, users), dtype=np.float32)
    alone = Ease(EaseConfig(l2=3.0)).fit(known).scores(np.arange(users))
    mixed = Ease(EaseConfig(l2=3.0, taste=0.5)).fit(known, links).scores(np.arange(users))
    assert mixed[0] == pytest.approx(alone[0] + 0.5 * alone[1], abs=1e-4)
    assert mixed[1:] == pytest.approx(alone[1:], abs=1e-5)


def test_what_does_not_fit_is_refused_before_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inverse, "LARGEST", 20)
    with pytest.raises(InputError, match=r"25 × 25 is too large.*at most 20 rows.*SparseEase"):
        Ease().fit(random(25, 40))


def test_the_inverse_by_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inverse, "STRIP", 7)
    known = random(40, 60).toarray()
    matrix = known @ known.T + np.eye(40, dtype=np.float32)
    expected = np.linalg.inv(matrix)
    given = np.tril(matrix).copy()
    assert inverse.invert(given) is given
    assert given == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("people", [25, 90], ids=["in user space", "in item space"])
def test_what_is_cut_keeps_the_strongest_weights_on_every_item(people: int) -> None:
    rng = np.random.default_rng(people)
    known = sparse.csr_matrix((rng.random((people, 40)) < 0.3).astype(np.float32))
    whole = Ease(EaseConfig(l2=2.0, popularity=0.2)).fit(known)
    every = np.maximum(whole.item_item(40).toarray(), 0)
    cut = Ease(EaseConfig(l2=2.0, popularity=0.2, neighbours=5)).fit(known)
    least = np.sort(every, axis=0)[-5]
    wanted = np.where(every >= least, every, 0)
    np.testing.assert_allclose(cut.item_item(40).toarray(), wanted, rtol=1e-4)
    users = np.arange(people)
    np.testing.assert_allclose(cut.scores(users), known @ wanted, rtol=1e-3, atol=1e-5)
    short = cut.tuned(EaseConfig(l2=2.0, popularity=0.2, neighbours=5, reach=2))
    assert short is not None
    assert np.diff(short.item_item(40).indptr).max() <= 2
    np.testing.assert_allclose(
        short.scores(users), known @ short.item_item(40).toarray(), rtol=1e-3, atol=1e-5
    )
