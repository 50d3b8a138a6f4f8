"""Likeness where the answer is visible: the seed is half of those who like tea."""

import numpy as np
import pytest

from features.errors import GateRefused
from training.lookalike.fit import fit
from training.lookalike.people import FACTORS, People

N = 4_000
USERS = [f"u{n:04d}" for n in range(N)]
TEA = np.arange(N) < 800
"""A fifth likes tea; it shows in a tag, and in what they took, both with noise."""


@pytest.fixture(scope="module")
def people() -> People:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(N, 6)).astype(np.float32)
    rows[:, 0] += 2.0 * TEA
    vectors = rng.normal(size=(N, FACTORS)).astype(np.float32)
    vectors[:, 0] += 4.0 * TEA
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    columns = tuple(f"tag{n}" for n in range(6))
    return People(USERS, rows, columns, vectors, rng.random(N).astype(np.float32))


def test_the_other_tea_drinkers_are_found(people):
    seed = set(USERS[:800:2])
    found = fit(people, seed, least=100)
    best = np.argsort(-np.where(found.inside, -1, found.similarity))[:400]
    assert TEA[best].mean() > 0.8
    lift = found.told["lift"]
    assert lift["ensemble"]["0.05"] > 4.0
    assert lift["ensemble"]["0.1"] >= 0.95 * max(
        lift["classifier"]["0.1"], lift["embedding"]["0.1"]
    )
    assert lift["most_active"]["0.1"] < 2.0
    assert found.told["placebo_lift"]["0.1"] == pytest.approx(1.0, abs=0.5)
    recalls = [one["recall"] for one in found.told["curve"]]
    assert recalls == sorted(recalls)


def test_a_seed_that_is_a_rule_is_told(people):
    seed = {USERS[at] for at in np.argsort(-people.rows[:, 3])[:300]}
    warnings = fit(people, seed, least=100).told["warnings"]
    assert [one.partition(" ")[0] for one in warnings] == ["tag3"]


@pytest.mark.parametrize(
    ("seed", "words"),
    [(set(USERS[:99]), "too small"), ({f"x{n}" for n in range(500)}, "mostly strangers"),
     (set(USERS[:3950]), "hardly anybody is left")],
)  # fmt: skip
def test_seeds_that_cannot_be(people, seed, words):
    with pytest.raises(GateRefused, match=words):
        fit(people, seed, least=100)
