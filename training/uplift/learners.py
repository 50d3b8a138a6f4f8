"""S, T, X and DR learners of an effect, by econml, with LightGBM inside.

Künzel et al., "Metalearners for estimating heterogeneous treatment effects using machine learning",
PNAS 2019; Kennedy, "Towards optimal doubly robust estimation of heterogeneous causal effects",
2023. The only importer of econml.
"""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from features.errors import UnknownName
from recsys.boosting import Trees, TreesConfig
from training.uplift.trial import Floats, Trial

LEARNERS = ("s", "t", "x", "dr")
"""Names of the learners."""

PLAIN = TreesConfig(objective="regression")
"""LightGBM as it comes."""

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


class Lots(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A chance of treatment that is known: the last column, or the same for everyone."""

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
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
        One of ``LEARNERS``.
    trial : Trial
        People to learn from.
    config : TreesConfig
        How every tree inside is grown.
    seed : int

    Raises
    ------
    UnknownName
        When there is no such learner.
    """
    from econml.dr import DRLearner
    from econml.metalearners import SLearner, TLearner, XLearner

    grown = Grown(config, seed)
    low = _below(trial.rows)
    given: dict[str, Any] = {"X": _filled(trial.rows, low)}
    learner: Any
    match name:
        case "s":
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
        case _:
            raise UnknownName.among("learner", name, LEARNERS)
    learner.fit(trial.outcome, trial.treated.astype(int), **given)
    return lambda rows: np.asarray(learner.effect(_filled(rows, low)), dtype=np.float64).ravel()


def _below(rows: Floats) -> Floats:
    """A value below all known ones of each column, which trees can tell apart; shape (columns,)."""
    known = np.where(np.isnan(rows), np.inf, rows).min(axis=0)
    return np.where(np.isfinite(known), known - 1.0, 0.0)


def _filled(rows: Floats, low: Floats) -> Floats:
    return np.where(np.isnan(rows), low, rows)


def _evenly() -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")
