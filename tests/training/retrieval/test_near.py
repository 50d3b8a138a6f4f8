import numpy as np
import pytest
from scipy import sparse

from recsys.candidates.matrix import inverse
from tests.recsys.candidates.matrix.test_models import missing, world
from tests.recsys.candidates.test_similar import moment
from training.retrieval import near
from training.retrieval.near import Choice


def wanted(similar) -> float:
    """How often the item that a person's club has comes first."""
    found = [similar.propose(moment(*world()[p].indices), 1).codes[0] for p in range(8)]
    return float(np.mean(found == missing()[:8]))


@pytest.mark.parametrize("name", near.MODELS)
def test_every_model_makes_a_matrix_that_serves(name):
    assert wanted(near.fit(world(), Choice(name, 30.0))) == 1.0


def test_the_best_for_the_purpose_is_chosen(caplog, monkeypatch):
    caplog.set_level("INFO")
    monkeypatch.setattr(near.voters, "PEOPLE", 0)
    chosen = near.choose(world(), lambda one: -abs(one.half_life_days - 30), ["rp3_beta 0.6"])
    assert chosen == Choice("rp3_beta 0.6", 30.0)
    assert "48 users × 40 items" in caplog.text


def test_a_large_catalogue_is_not_inverted(monkeypatch):
    monkeypatch.setattr(inverse, "LARGEST", 1_000)
    assert not [name for name in near.affordable(5_000, 3_000) if name.startswith("ease")]


def test_an_addict_is_no_crowd():
    weights = near.damped(sparse.csr_matrix(np.array([[0.5, 50.0]])))
    assert weights.toarray()[0] == pytest.approx([1.0, np.log(51) / np.log(1.5)])
    assert near.damped(sparse.csr_matrix((2, 3))).nnz == 0
