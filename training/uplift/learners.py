"""S, T, X and DR learners of an effect, and a line, by econml, with LightGBM inside.

The line is an R-learner (Nie & Wager, "Quasi-oracle estimation of heterogeneous treatment effects",
2021) with a ridge regression at its end, in which people count as much as their outcomes are sure:
the orders of who buys every week say little of a message, those of who hardly buys much.

Künzel et al., "Metalearners for estimating heterogeneous treatment effects using machine learning",
PNAS 2019; Kennedy, "Towards optimal doubly robust estimation of heterogeneous causal effects",
2023. The only importer of econml.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from features.errors import UnknownName
from recsys.boosting import Trees, TreesConfig
from training.uplift.trial import Floats, Trial

LEARNERS = ("s", "t", "x", "dr")
"""Names of the learners that are trees from end to end."""

LARGE = "large"
"""An S learner with trees of LightGBM's own size: it finds how columns act together, and is still
cautious, since it cuts by the treatment only where that tells much."""

LINE = "line"
"""The one that ends in a straight line."""

PLAIN = TreesConfig(objective="regression")
"""LightGBM as it comes."""

PENALTIES = np.logspace(-4, 1, 11)
"""Of the line, for each person."""

FOLDS = 5

FAR = 4.0

LEAST = 0.05
"""Part of the mean variance below which nobody's outcome is held to be known."""

Effect = Callable[[Floats], Floats]
"""Rows to the expected effect of the treatment on each."""


class Grown(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Trees in the shape that scikit-learn's estimators have.

    Parameters
    ----------
    config : TreesConfig
    seed : int
    """

    def __init__(self, config: TreesConfig = PLAIN, seed: int = 0) -> None:
        self.config = config
        self.seed = seed

    def fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Grow."""
        self.trees_ = Trees.fit(
            X, np.ravel(y), config=self.config, seed=self.seed, weights=sample_weight
        )
        return self

    def predict(self, X: npt.ArrayLike) -> Floats:
        """Predictions; float64, shape (n,)."""
        return self.trees_.score(X)


class Line(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A ridge regression on standardised columns; the penalty is chosen by cross-validation.

    A column counts up to ``FAR`` standard deviations from its mean, so that few people with large
    numbers do not turn the line.
    """

    def fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Find the penalty and the line."""
        from sklearn.linear_model import RidgeCV

        rows = np.asarray(X, dtype=np.float64)
        self.mean_, self.spread_ = rows.mean(axis=0), rows.std(axis=0)
        weights = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight)
        weights = weights / weights.mean()
        self.ridge_ = RidgeCV(PENALTIES * len(rows), cv=FOLDS)
        self.ridge_.fit(self._standard(rows), np.ravel(y), sample_weight=weights)
        return self

    def predict(self, X: npt.ArrayLike) -> Floats:
        """Predictions; float64, shape (n,)."""
        return np.asarray(self.ridge_.predict(self._standard(np.asarray(X, dtype=np.float64))))

    def _standard(self, rows: Floats) -> Floats:
        spread = np.where(self.spread_ > 0, self.spread_, 1.0)
        return np.asarray(np.clip((rows - self.mean_) / spread, -FAR, FAR))


class Lots(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A chance of treatment that is known: the last column, or the same for everyone."""

    def fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Learn nothing but what the arms are called."""
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Chance of each arm; float64, shape (n, 2)."""
        treated = np.asarray(X, dtype=np.float64)[:, -1]
        return np.column_stack([1.0 - treated, treated])

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.generic]:
        """The likelier arm; shape (n,)."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])


def fit(name: str, trial: Trial, config: TreesConfig = PLAIN, seed: int = 0) -> Effect:
    """Fit one learner.

    Parameters
    ----------
    name : str
        One of ``LEARNERS``, ``LARGE`` or ``LINE``.
    trial : Trial
        People to learn from.
    config : TreesConfig
        How every tree inside is grown, but those of ``LARGE``.
    seed : int

    Raises
    ------
    UnknownName
        When there is no such learner.
    """
    from econml.dml import NonParamDML
    from econml.dr import DRLearner
    from econml.metalearners import SLearner, TLearner, XLearner

    grown = Grown(PLAIN if name == LARGE else config, seed)
    whole = _Straight.of(trial.rows) if name == LINE else _Below.of(trial.rows)
    given: dict[str, Any] = {"X": whole(trial.rows)}
    learner: Any
    match name:
        case _ if name in ("s", LARGE):
            learner = SLearner(overall_model=grown)
        case "t":
            learner = TLearner(models=grown)
        case "x":
            learner = XLearner(models=grown, propensity_model=_evenly())
        case "dr":
            learner = DRLearner(
                model_propensity=Lots(), model_regression=grown, model_final=grown, cv=2,
                random_state=seed,
            )  # fmt: skip
            given["W"] = trial.propensity[:, None]
        case _ if name == LINE:
            learner = NonParamDML(
                model_y=grown, model_t=Lots(), model_final=Line(), discrete_treatment=True, cv=2,
                random_state=seed,
            )  # fmt: skip
            given |= {"W": trial.propensity[:, None], "sample_weight": _sureness(trial, grown)}
        case _:
            raise UnknownName.among("learner", name, (*LEARNERS, LARGE, LINE))
    learner.fit(trial.outcome, trial.treated.astype(int), **given)
    return lambda rows: np.asarray(learner.effect(whole(rows)), dtype=np.float64).ravel()


def _sureness(trial: Trial, grown: Grown) -> Floats:
    """Inverse variance of each person's outcome, told by trees that did not see it; shape (n,)."""
    half = np.random.default_rng(grown.seed).permutation(len(trial)) % 2
    squares, variance = np.empty(len(trial)), np.empty(len(trial))
    for told in (squares, variance):
        for side in (0, 1):
            own, other = half == side, half != side
            goal = trial.outcome if told is squares else squares
            model = Grown(grown.config, grown.seed).fit(trial.rows[other], goal[other])
            told[own] = model.predict(trial.rows[own])
            if told is squares:
                told[own] = (trial.outcome[own] - told[own]) ** 2
    return np.asarray(1.0 / np.maximum(variance, LEAST * squares.mean()))


@dataclass(frozen=True)
class _Below:
    """Rows without gaps: unknown is below all that is known, which trees can tell apart."""

    low: Floats

    @classmethod
    def of(cls, rows: Floats) -> Self:
        known = np.where(np.isnan(rows), np.inf, rows).min(axis=0)
        return cls(np.where(np.isfinite(known), known - 1.0, 0.0))

    def __call__(self, rows: Floats) -> Floats:
        return np.where(np.isnan(rows), self.low, rows)


@dataclass(frozen=True)
class _Straight:
    """Rows without gaps: unknown is the mean, and a column of its own says so."""

    mean: Floats
    gaps: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Floats) -> Self:
        unknown = np.isnan(rows)
        count = np.maximum((~unknown).sum(axis=0), 1)
        share = unknown.mean(axis=0)
        return cls(np.where(unknown, 0.0, rows).sum(axis=0) / count, (share > 0) & (share < 1))

    def __call__(self, rows: Floats) -> Floats:
        unknown = np.isnan(rows)
        return np.column_stack([np.where(unknown, self.mean, rows), unknown[:, self.gaps]])


def _evenly() -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")
