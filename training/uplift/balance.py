"""Whether two arms were alike before the treatment, as lots would make them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from training.uplift.trial import Bools, Floats, Trial

LEVEL = 0.05
"""Chance of a false alarm among all columns together."""

CERTAIN = 1e-12
"""Less likely than this is no coincidence."""

FEW = 12
"""Values of a column that are looked at one by one."""


@dataclass(frozen=True)
class Difference:
    """A column on which the arms differ more than lots explain.

    Parameters
    ----------
    column : str
    treated, control : float
        Means of the arms; shares of unknown values where ``of_unknown``.
    smd : float
        Their difference in standard deviations (Austin, 2009).
    p : float
        Chance of such a difference by lot.
    of_unknown : bool
        Whether it is the share of unknown values that differs.
    """

    column: str
    treated: float
    control: float
    smd: float
    p: float
    of_unknown: bool = False

    def __str__(self) -> str:
        what = "known less often in one arm" if self.of_unknown else "not alike in both arms"
        return (
            f"{self.column} is {what}: {self.treated:.4g} treated, {self.control:.4g} control "
            f"({self.smd:+.3f} standard deviations, p {self.p:.1g}); it may have come after the "
            "assignment, or the assignment was not by lot"
        )


def differences(trial: Trial, level: float = LEVEL) -> list[Difference]:
    """Columns on which the arms differ, worst first.

    Welch's test of each column, and of its unknown values, weighted by the chance of each arm;
    Bonferroni over all of them.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> treated = np.arange(2000) % 2 == 0
    >>> rows = np.column_stack([rng.normal(size=2000), rng.normal(size=2000) + treated])
    >>> trial = Trial(rows, ("before", "after"), treated, rng.random(2000))
    >>> [one.column for one in differences(trial)]
    ['after']
    """
    found = []
    for column, values in zip(trial.columns, trial.rows.T, strict=True):
        unknown = np.isnan(values)
        if unknown.any():
            found.append(_compare(trial, column, unknown.astype(np.float64), of_unknown=True))
        if not unknown.all():
            found.append(_compare(trial, column, values))
    kept = [one for one in found if one.p * len(found) < level]
    return sorted(kept, key=lambda one: -abs(one.smd))


def foretelling(trial: Trial) -> list[str]:
    """Columns of which a value makes the outcome certain, as only what came after it can.

    Looked at are people above and below the commonest value, and each value of few. Everyone among
    them having the outcome must be less likely than ``CERTAIN`` at the rate of the whole trial.

    Examples
    --------
    >>> bought = np.arange(1000) % 20 == 0
    >>> visited = bought | (np.arange(1000) % 4 == 1)
    >>> rows = np.column_stack([bought, np.arange(1000) % 7])
    >>> arms = np.arange(1000) % 3 == 0
    >>> foretelling(Trial(rows, ("bought", "weekday"), arms, visited.astype(float)))
    ['bought']
    """
    had = trial.outcome > 0
    rate = float(np.clip(had.mean(), 1e-9, 1 - 1e-9))
    found = []
    for column, values in zip(trial.columns, trial.rows.T, strict=True):
        for some in _parts(values):
            if some.any() and had[some].all() and some.sum() * np.log(rate) < np.log(CERTAIN):
                found.append(column)
                break
    return found


def _parts(values: Floats) -> Iterator[Bools]:
    levels, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    if not len(levels):
        return
    mode = levels[counts.argmax()]
    yield values > mode
    yield values < mode
    if len(levels) <= FEW:
        yield from (values == level for level in levels)


def _compare(trial: Trial, column: str, values: Floats, *, of_unknown: bool = False) -> Difference:
    means, errors, spreads = [], [], []
    for arm in (trial.treated, ~trial.treated):
        known = arm & ~np.isnan(values)
        x, w = values[known], trial.weights[known]
        if not len(x):
            return Difference(column, np.nan, np.nan, np.inf, 0.0, of_unknown)
        mean = float(np.average(x, weights=w))
        means.append(mean)
        errors.append(float(np.sum((w * (x - mean)) ** 2) / np.sum(w) ** 2))
        spreads.append(float(np.average((x - mean) ** 2, weights=w)))
    gap, error, spread = means[0] - means[1], sum(errors) ** 0.5, np.mean(spreads) ** 0.5
    if error == 0:
        p = 1.0 if gap == 0 else 0.0
        smd = 0.0 if gap == 0 else np.sign(gap) * np.inf
    else:
        p, smd = float(2 * stats.norm.sf(abs(gap) / error)), gap / spread
    return Difference(column, means[0], means[1], float(smd), p, of_unknown)
