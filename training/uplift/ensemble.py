"""Many learners of an effect, each on many parts of the trial, as one order of people.

A single learner's top changes with the seed: effects are small beside the noise of outcomes. So
each learner is fitted on many random parts and averaged (Breiman, "Bagging predictors", 1996), and
the learners, which err in different ways, are averaged in their turn: those of small trees among
themselves, then with the one of large trees and the line. People outside a part are scored by it,
which tells, without another trial, whether the order holds and how large effects are; and how much
each of the three counts, as far as the data can tell (stacking: Wolpert, 1992; for effects Han &
Wu, 2022), half of it even.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from recsys.boosting import TreesConfig
from training.uplift import learners
from training.uplift.metrics import bootstrapped, qini
from training.uplift.trial import Bools, Floats, Trial

SMALL = TreesConfig(
    objective="regression", rounds=60, num_leaves=6, learning_rate=0.05, feature_fraction=0.7,
    lambda_l2=20.0,
)  # fmt: skip
"""Few small trees: effects are weak, and what a large tree finds in them is mostly chance."""

NO_EVIDENCE = "no evidence to target; send at random or stop"
EVIDENCE = "the order holds on people it was not learned from"


@dataclass(frozen=True)
class EnsembleConfig:
    """What is averaged.

    Parameters
    ----------
    families : tuple of tuple of str
        Learners that are averaged with even weights, and then with the other families.
    bags : int
        Parts that each learner is fitted on.
    share : float
        Size of a part, of the people.
    most : int
        People of a part at most.
    trees : TreesConfig
        Inside every learner.
    leaf : float
        Least share of a part's people that a leaf holds, whatever the size of the trial.
    """

    families: tuple[tuple[str, ...], ...] = (
        learners.LEARNERS, (learners.LARGE,), (learners.LINE,),
    )  # fmt: skip
    bags: int = 10
    share: float = 0.6
    most: int = 50_000
    trees: TreesConfig = SMALL
    leaf: float = 0.02

    @property
    def learners(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(name for family in self.families for name in family)


DEFAULT = EnsembleConfig()


@dataclass(frozen=True)
class Ensemble:
    """A fitted ensemble.

    Parameters
    ----------
    members : mapping of str to tuple of Effect
        Fitted learners by name.
    scale : mapping of str to tuple of two floats
        Mean and standard deviation of each learner's effects.
    weights : mapping of str to float
        How much each learner counts; together 1.
    average : float
        Average effect of the trial.
    slope : float
        Effect of a score one higher; 0 when nothing holds out of the parts.
    evidence : tuple of three floats
        Qini with its interval, of scores from outside the parts.
    outside : ndarray, float64, shape (n,)
        Those scores.
    """

    members: Mapping[str, tuple[learners.Effect, ...]]
    scale: Mapping[str, tuple[float, float]]
    weights: Mapping[str, float]
    average: float
    slope: float
    evidence: tuple[float, float, float]
    outside: Floats

    @classmethod
    def fit(cls, trial: Trial, config: EnsembleConfig = DEFAULT, seed: int = 0) -> Self:
        """Fit all members.

        Parameters
        ----------
        trial : Trial
            People to learn from.
        config : EnsembleConfig
        seed : int
            Of the parts and of the trees.
        """
        rng = np.random.default_rng(seed)
        parts = [_part(trial, config, rng) for _ in range(config.bags)]
        fewest = max(20, round(config.leaf * parts[0].sum()))
        trees = replace(config.trees, min_data_in_leaf=fewest)
        members: dict[str, tuple[learners.Effect, ...]] = {}
        scale: dict[str, tuple[float, float]] = {}
        beyond: dict[str, Floats] = {}
        for name in config.learners:
            fitted = [
                learners.fit(name, trial.take(np.flatnonzero(part)), trees, seed + bag)
                for bag, part in enumerate(parts)
            ]
            members[name] = tuple(fitted)
            scale[name], found = _outside(trial, parts, fitted)
            beyond[name] = _standard(found, scale[name])
        weights = _weights(beyond, trial, config)
        outside = np.asarray(sum(weights[name] * beyond[name] for name in beyond))
        rng = np.random.default_rng(seed)
        return cls(
            members, scale, weights, _average(trial), _slope(outside, trial),
            bootstrapped(qini, outside, trial, rng, 200), outside,
        )  # fmt: skip

    def member(self, name: str, rows: Floats) -> Floats:
        """Effect by one learner, averaged over its parts; float64, shape (n,)."""
        return np.asarray(np.mean([effect(rows) for effect in self.members[name]], axis=0))

    def score(self, rows: Floats) -> Floats:
        """Order of people, the most changed first; mean of the members' standardised effects."""
        return np.asarray(sum(
            self.weights[name] * _standard(self.member(name, rows), self.scale[name])
            for name in self.members
        ))  # fmt: skip

    def effect(self, rows: Floats) -> Floats:
        """Expected effect, shrunk to the average as far as the order does not hold."""
        return np.asarray(self.average + self.slope * self.score(rows))

    @property
    def holds(self) -> bool:
        """Whether the Qini's interval lies above 0."""
        return self.evidence[1] > 0

    @property
    def verdict(self) -> str:
        """What to do, in one sentence."""
        return EVIDENCE if self.holds else NO_EVIDENCE


def _part(trial: Trial, config: EnsembleConfig, rng: np.random.Generator) -> Bools:
    """Who is in a part: so many of each arm."""
    chosen = np.zeros(len(trial), dtype=np.bool_)
    share = min(config.share, config.most / len(trial))
    for arm in (trial.treated, ~trial.treated):
        who = np.flatnonzero(arm)
        chosen[rng.choice(who, max(round(share * len(who)), 2), replace=False)] = True
    return chosen


def _outside(
    trial: Trial, parts: list[Bools], fitted: list[learners.Effect]
) -> tuple[tuple[float, float], Floats]:
    """Scale of a learner's averaged effects, and each person's effect by parts without them."""
    total, count, whole = np.zeros(len(trial)), np.zeros(len(trial)), np.zeros(len(trial))
    for part, effect in zip(parts, fitted, strict=True):
        found = effect(trial.rows)
        whole += found / len(fitted)
        total[~part] += found[~part]
        count[~part] += 1
    mean, spread = float(whole.mean()), float(whole.std())
    beyond = np.divide(total, count, out=np.full(len(trial), mean), where=count > 0)
    return (mean, spread or 1.0), beyond


def _weights(
    beyond: Mapping[str, Floats], trial: Trial, config: EnsembleConfig
) -> dict[str, float]:
    """How much each learner counts: half evenly by family, half by what fits the outcomes best.

    Least squares, no weight below 0, of outcomes on arm × score of people outside the parts.
    """
    from scipy.optimize import nnls

    families = [np.mean([beyond[name] for name in family], axis=0) for family in config.families]
    lot = (trial.treated - trial.propensity)[:, None]
    root = np.sqrt(trial.weights)[:, None]
    plain = np.hstack([np.ones_like(lot), lot, np.column_stack(families)]) * root
    crossed = lot * (np.column_stack(families) - np.mean(families, axis=1)) * root
    both = np.column_stack([crossed, trial.outcome * root[:, 0]])
    both -= plain @ np.linalg.lstsq(plain, both, rcond=None)[0]
    found = nnls(both[:, :-1], both[:, -1])[0]
    even = np.full(len(families), 1.0 / len(families))
    share = (found / found.sum() + even) / 2 if found.sum() > 0 else even
    return {
        name: float(part / len(family))
        for part, family in zip(share, config.families, strict=True)
        for name in family
    }


def _standard(effect: Floats, scale: tuple[float, float]) -> Floats:
    return (effect - scale[0]) / scale[1]


def _average(trial: Trial) -> float:
    def mean(arm: Bools) -> float:
        return float(np.average(trial.outcome[arm], weights=trial.weights[arm]))

    return mean(trial.treated) - mean(~trial.treated)


def _slope(score: Floats, trial: Trial) -> float:
    """Least squares of outcomes on arm × score: the best linear predictor, 0 and up.

    Chernozhukov, Demirer, Duflo & Fernández-Val, 2018, section 3.
    """
    centred = score - score.mean()
    lot = trial.treated - trial.propensity
    design = np.column_stack([np.ones(len(score)), centred, lot, lot * centred])
    root = np.sqrt(trial.weights)[:, None]
    found = np.linalg.lstsq(design * root, trial.outcome * root[:, 0], rcond=None)[0]
    return max(float(found[3]), 0.0)
