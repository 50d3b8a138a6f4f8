"""What all methods of a run share: who learns, who is tested, and how lists become a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from features.errors import InputError
from recsys.candidates.matrix.recommender import Lists
from training import metrics
from training.retrieval import blend, split
from training.retrieval.pool import unite
from training.retrieval.search import Found
from training.retrieval.space import Family
from training.retrieval.split import Split

CUTS = (10, 20, 40)
LENGTH = 400
"""Items of every source that the blend looks at."""

POOL = 250
"""Candidates that the blend orders."""

BLENDED = 6_000
"""People that the blend learns from at most."""


@dataclass
class Fitted:
    """A family with its best configuration, and what it recommends.

    Parameters
    ----------
    family : Family
        Which.
    found : Found
        By the search.
    chooses, tests : Lists
        For the people of validation, fitted without what was held back; for those of the test.
    seconds : float
        Search, both fits, both lists.
    near : pair of scipy.sparse.csr_matrix, optional
        Its item–item matrix as serving would read it, from both fits; None where it has none.
    """

    family: Family
    found: Found
    chooses: Lists
    tests: Lists
    seconds: float
    near: tuple[sparse.csr_matrix, sparse.csr_matrix] | None = None


@dataclass
class Ground:
    """What all methods share.

    Parameters
    ----------
    data : Split
        Train, test, links.
    known, held : scipy.sparse.csr_matrix
        What choosing fits on; what chooses.
    learners, testers : ndarray, int64
        People that the blend learns from; people of the test.
    rng : numpy.random.Generator
        Of all draws.
    cuts : sequence of int
        Depths of the measures.
    again : bool
        Whether the test is asked of models fitted again, on what chose as well.
    """

    data: Split
    known: sparse.csr_matrix
    held: sparse.csr_matrix
    learners: npt.NDArray[np.int64]
    testers: npt.NDArray[np.int64]
    rng: np.random.Generator
    cuts: Sequence[int] = CUTS
    again: bool = True

    @classmethod
    def of(cls, data: Split, rng: np.random.Generator, cuts: Sequence[int] = CUTS) -> "Ground":
        """Hold part back."""
        known, held = data.choosing(rng)
        learners = split.askers(held)
        if not len(learners):
            raise InputError(
                "nothing to choose by",
                expected="people with two interactions or more in train",
                got=f"{known.nnz} interactions of {known.shape[0]} people",
                next_step="give --valid, or more of train",
            )
        if len(learners) > BLENDED:
            learners = np.sort(rng.choice(learners, BLENDED, replace=False))
        testers = split.askers(data.test)
        return cls(data, known, held, learners, testers, rng, cuts, data.valid is None)

    def people(self, users: npt.NDArray[np.int64], matrix: sparse.csr_matrix) -> blend.People:
        """How much some people did, and how many they know."""
        links = self.data.links
        ties = np.zeros(matrix.shape[0], np.int64) if links is None else np.diff(links.indptr)
        return blend.People(np.diff(matrix.indptr)[users], ties[users])

    def row(self, method: str, ranked: npt.NDArray[np.int32], **more: Any) -> dict[str, Any]:
        """Measures of lists for the people of the test."""
        return measures(self.data, self.testers, method, ranked, self.cuts) | more


def measures(
    data: Split, testers: npt.NDArray[np.int64], method: str, ranked: npt.NDArray[np.int32],
    cuts: Sequence[int],
) -> dict[str, Any]:  # fmt: skip
    """Recall and NDCG of lists for people of the test, as a row."""
    relevant = split.relevant(data.test, testers)
    found: dict[str, Any] = {"method": method}
    for k in cuts:
        ndcg = metrics.ndcg_at_k(ranked, relevant, k)
        recall = metrics.recall_at_k(ranked, relevant, k)
        found[f"recall@{k}"] = round(float(np.nanmean(recall)), 5)
        found[f"ndcg@{k}"] = round(float(np.nanmean(ndcg)), 5)
        low, high = metrics.bootstrap_interval(ndcg, np.random.default_rng(0))
        found[f"ndcg@{k}_low"], found[f"ndcg@{k}_high"] = round(low, 5), round(high, 5)
    return found


def blended(
    ground: Ground, chooses: Mapping[str, Lists], tests: Mapping[str, Lists],
    social: tuple[bool, ...],
) -> tuple[blend.Blend, npt.NDArray[np.int32]]:  # fmt: skip
    """Fit a blend on the lists of validation, and rank those of the test."""
    popular = _popularity(ground.known)
    people = ground.people(ground.learners, ground.known)
    relevant = split.relevant(ground.held, ground.learners)
    pool = unite(chooses, POOL)
    found = blend.fit(pool, people, relevant, popular, social, ground.rng)
    del pool
    popular = _popularity(ground.data.train)
    parts = []
    for at in np.array_split(np.arange(len(ground.testers)), 1 + len(ground.testers) // 5_000):
        pool = unite({name: one.take(at) for name, one in tests.items()}, POOL)
        asking = ground.people(ground.testers[at], ground.data.train)
        parts.append(pool.ranked(found.score(pool, asking, popular), max(ground.cuts)))
    return found, np.concatenate(parts)


def _popularity(matrix: sparse.csr_matrix) -> npt.NDArray[np.int64]:
    return np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.int64)
