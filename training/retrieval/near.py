"""The item–item matrix that a bundle serves: which models make it, and how fast acts fade."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from recsys.candidates.matrix import inverse
from recsys.candidates.matrix.ease import Ease, EaseConfig
from recsys.candidates.matrix.neighbours import ItemKnn, KnnConfig
from recsys.candidates.matrix.recommender import Recommender
from recsys.candidates.matrix.sparse_ease import SparseEase, SparseEaseConfig
from recsys.candidates.matrix.walks import Rp3Beta, Rp3BetaConfig
from recsys.candidates.similar import TOP, Similar
from recsys.component import Source
from training.retrieval import mixture, voters

log = logging.getLogger(__name__)

DENSE = 5_000
"""Items up to which a dense regression is fitted for every window of a training run: seconds each,
and 100 MB."""

SPARSE = 150_000
"""Items up to which a regression on the nearest neighbours is: a tenth of a millisecond an item on
two cores, as measured on 100,000."""

HALF_LIVES = (7.0, 90.0)
"""Days that are tried, beside the usual ones, for acts to lose half of their say."""

Make = Callable[[], Recommender]


def _ease(config: EaseConfig) -> Make:
    return lambda: Ease(config)


_REGRESSIONS: dict[str, Make] = {
    **{f"ease {l2:g}": _ease(EaseConfig(l2=l2, dropout=0.5)) for l2 in (10.0, 100.0, 1_000.0)},
    "ease fair": _ease(EaseConfig(l2=50.0, dropout=2.0, user_power=0.15, popularity=-0.2)),
}
_SPARSE: dict[str, Make] = {
    "sparse_ease 30": lambda: SparseEase(SparseEaseConfig(l2=30.0, neighbours=60)),
}
_COUNTS: dict[str, Make] = {
    "rp3_beta 0.3": lambda: Rp3Beta(Rp3BetaConfig(beta=0.3)),
    "rp3_beta 0.6": lambda: Rp3Beta(Rp3BetaConfig(beta=0.6)),
    "item_knn bm25": lambda: ItemKnn(KnnConfig(neighbours=TOP, weighting="bm25")),
}

MODELS: Mapping[str, Make] = _REGRESSIONS | _SPARSE | _COUNTS
"""Models by name."""


@dataclass(frozen=True)
class Choice:
    """What was found to foretell best.

    Parameters
    ----------
    model : str
        One of ``MODELS``.
    half_life_days : float
        How fast an act loses its say.
    beside : mapping of str to float
        Models whose weights are added, and how much of them (``training.retrieval.mixture``).
    alike : int
        People alike who vote beside the matrix (``training.retrieval.voters``); 0 for none.
    """

    model: str = "rp3_beta 0.3"
    half_life_days: float = 30.0
    beside: Mapping[str, float] = field(default_factory=dict)
    alike: int = 0


def affordable(users: int, items: int) -> list[str]:
    """Names of the models for data of this size.

    Examples
    --------
    >>> affordable(100_000, 5_000)[0], affordable(7_000, 20_000)[0], affordable(10**6, 10**6)[0]
    ('ease 10', 'sparse_ease 30', 'rp3_beta 0.3')
    """
    if items <= DENSE and inverse.fits(Ease.size(users, items)):
        return [*_REGRESSIONS, *_COUNTS]
    return [*_SPARSE, *_COUNTS] if items <= SPARSE else [*_COUNTS]


def fit(interactions: sparse.csr_matrix, choice: Choice) -> Similar:
    """The truncated matrix of the chosen models.

    Parameters
    ----------
    interactions : scipy.sparse.csr_matrix, float32, shape (users, items)
        Positive weights of what people did; their logarithm counts.
    choice : Choice
        Of the models.
    """
    weights = {choice.model: 1.0} | dict(choice.beside)
    matrices = {name: _matrix(interactions, name) for name in weights}
    return Similar.of(mixture.mixed(matrices, weights, TOP), choice.half_life_days)


def _matrix(interactions: sparse.csr_matrix, name: str) -> sparse.csr_matrix:
    return MODELS[name]().fit(damped(interactions)).item_item(TOP)


def damped(interactions: sparse.csr_matrix) -> sparse.csr_matrix:
    """Weights by their logarithm, 1 for the least of them, so that one addict is no crowd."""
    found = sparse.csr_matrix(interactions, dtype=np.float32, copy=True)
    if found.nnz:
        found.data = np.log1p(found.data) / np.log1p(found.data.min())
    return found


def choose(
    interactions: sparse.csr_matrix, worth: Callable[[Source], float], names: Sequence[str] = ()
) -> Choice:
    """The mixture of models of most worth at the usual half-life, and its best half-life.

    Parameters
    ----------
    interactions : scipy.sparse.csr_matrix, shape (users, items)
        What came before a window.
    worth : callable
        How well a source foretells the window.
    names : sequence of str, optional
        Models; those that can be afforded when left out.
    """
    names = names or affordable(*interactions.shape)
    log.info(
        "%d users × %d items: item–item matrix by one of %s", *interactions.shape, ", ".join(names)
    )
    usual = Choice().half_life_days
    matrices = {name: _matrix(interactions, name) for name in names}
    weights = mixture.choose(matrices, lambda one: worth(Similar.of(one, usual)), TOP)
    first, *others = weights
    beside = {name: weights[name] for name in others}
    near = Similar.of(mixture.mixed(matrices, weights, TOP), usual)
    found = {}
    for days in (near.half_life_days, *HALF_LIVES):
        near.half_life_days = days
        found[days] = worth(near)
    best = Choice(first, max(found, key=lambda one: found[one]), beside)
    log.info(
        "chosen: %s, half-life %g days, NDCG@20 %.4f",
        " + ".join(f"{weight:g} {name}" for name, weight in weights.items()),
        best.half_life_days, found[best.half_life_days],
    )  # fmt: skip
    near.half_life_days = best.half_life_days
    return replace(best, alike=voters.choose(interactions, near, worth))
