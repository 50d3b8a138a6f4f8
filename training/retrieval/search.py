"""Coordinate search for the parameters of one family, on part of the people first.

Successive halving in its plainest form (Jamieson & Talwalkar, "Non-stochastic best arm
identification and hyperparameter optimization", AISTATS 2016): many configurations on few people,
the best few on all.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.candidates.matrix.recommender import Recommender
from training import metrics
from training.retrieval import split
from training.retrieval.space import Family

log = logging.getLogger(__name__)

K = 20
"""Depth of the NDCG that chooses."""

ASKED = 3_000
"""People asked to choose parameters."""

FEW = 8_000
"""People whose interactions the first round fits on where there are many more."""

MORE = 1.2
"""Of the time that was spent: parameters that cost no fit are settled even when it is up."""

FINALISTS = 2
"""Configurations that are compared on all."""


@dataclass
class Judge:
    """Fits on what is known, asks about what was held back.

    Parameters
    ----------
    known, held : scipy.sparse.csr_matrix, shape (users, items)
        What models fit on; what they should find.
    links : scipy.sparse.csr_matrix, optional
        Of the same users.
    users : ndarray, int64
        Who is asked.
    """

    known: sparse.csr_matrix
    held: sparse.csr_matrix
    links: sparse.csr_matrix | None
    users: npt.NDArray[np.int64]

    @classmethod
    def of(
        cls, known: sparse.csr_matrix, held: sparse.csr_matrix, links: sparse.csr_matrix | None,
        rng: np.random.Generator, most: int = ASKED,
    ) -> "Judge":  # fmt: skip
        """Ask some of those with anything held back."""
        users = split.askers(held)
        if len(users) > most:
            users = np.sort(rng.choice(users, most, replace=False))
        return cls(known, held, links, users)

    def fewer(self, most: int, rng: np.random.Generator) -> "Judge":
        """The same with part of the people, interactions and ties of the others left out."""
        if self.known.shape[0] <= most:
            return self
        kept = np.sort(rng.choice(self.known.shape[0], most, replace=False))
        links = None if self.links is None else sparse.csr_matrix(self.links[kept][:, kept])
        return Judge.of(
            sparse.csr_matrix(self.known[kept]), sparse.csr_matrix(self.held[kept]), links, rng
        )

    def fit(self, model: Recommender) -> Recommender:
        """Fit on what is known."""
        return model.fit(self.known, self.links)

    def worth(self, model: Recommender) -> float:
        """NDCG@20 of a fitted model."""
        lists = model.recommend(self.users, K)
        found = metrics.ndcg_at_k(lists.codes, split.relevant(self.held, self.users), K)
        return float(np.nanmean(found))


@dataclass
class Found:
    """What a search came to.

    Parameters
    ----------
    config : object
        The best configuration.
    worth : float
        Its NDCG@20 on validation.
    seconds : float
        The search took.
    tried : list of (object, float)
        Every configuration with its worth on the people of its round.
    model : Recommender, optional
        The best configuration as fitted for all people: nothing need be fitted twice.
    """

    config: Any
    worth: float
    seconds: float
    tried: list[tuple[Any, float]] = field(default_factory=list)
    model: Recommender | None = field(default=None, repr=False, compare=False)


class _Asking:
    """Fits and asks for one family; keeps the best model of a round, and no other."""

    def __init__(self, family: Family, whole: Judge) -> None:
        self.family = family
        self.whole = whole
        self.judge = whole
        self.model: Recommender | None = None
        self.most = -np.inf

    def __call__(self, judge: Judge, config: Any) -> float:
        if judge is not self.judge:
            self.judge, self.model, self.most = judge, None, -np.inf
        model = None if self.model is None else self.model.tuned(config)
        if model is None:
            model = judge.fit(self.family.make(config))
        worth = judge.worth(model)
        log.info("%s %s: %.4f", self.family.name, config, worth)
        if worth > self.most:
            self.model, self.most = model, worth
        return worth


def search(family: Family, whole: Judge, seconds: float, rng: np.random.Generator) -> Found:
    """Best configuration of a family within a time, and never less than one."""
    start = perf_counter()
    asking = _Asking(family, whole)
    few = whole.fewer(FEW, rng)
    ahead = seconds if few is whole else seconds / 2
    first = _climb(asking, few, family.start, _after(start + ahead))
    if few is whole or not family.steps:
        if few is not whole:
            first = [(family.start, asking(whole, family.start))]
        config, worth = max(first, key=lambda pair: pair[1])
        return Found(config, worth, perf_counter() - start, first, asking.model)
    known: dict[Any, float] = {}
    for config, _ in sorted(first, key=lambda pair: -pair[1])[:FINALISTS]:
        if known and perf_counter() - start > seconds:
            break
        known[config] = asking(whole, config)
    free = [name for name in family.steps if name in family.make(family.start).free]
    spent = perf_counter() - start
    each = spent / len(known)
    rounds = [(free, max(seconds, spent * MORE))]
    if spent + each / 2 < seconds:
        others = [name for name in family.steps if name not in free]
        rounds.append(([*free, *others[:2]], seconds))
    for parameters, until in rounds:
        best = max(known, key=lambda config: known[config])
        _climb(asking, whole, best, _after(start + until), parameters, known)
    config = max(known, key=lambda config: known[config])
    tried = [*first, *known.items()]
    return Found(config, known[config], perf_counter() - start, tried, asking.model)


def _after(moment: float) -> Callable[[], bool]:
    return lambda: perf_counter() > moment


def _climb(
    asking: _Asking, judge: Judge, start: Any, over: Callable[[], bool],
    parameters: Sequence[str] | None = None, known: dict[Any, float] | None = None,
) -> list[tuple[Any, float]]:  # fmt: skip
    """Move one parameter at a time while it helps; ``known`` are worths, and gets more."""
    family = asking.family
    known = {} if known is None else known
    parameters = list(family.steps) if parameters is None else parameters

    def value(config: Any) -> float:
        if config not in known:
            known[config] = asking(judge, config)
        return known[config]

    best = start
    value(best)
    moved = True
    while moved and not over():
        moved = False
        for parameter in parameters:
            climbing = True
            while climbing and not over():
                climbing = False
                for near in family.around(best, parameter):
                    if over():
                        break
                    if near not in known and value(near) > known[best]:
                        best, moved, climbing = near, True, True
                        break
    return list(known.items())
