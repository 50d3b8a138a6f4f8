"""From effects to a plan: who is persuadable, and whom a budget reaches."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from features.errors import InputError
from training.uplift.trial import Floats, Ints


class Quadrant(StrEnum):
    """What a message does to a person."""

    PERSUADABLE = "persuadable"
    """Acts because of it."""
    SURE = "sure"
    """Acts anyway."""
    LOST = "lost"
    """Acts in no case."""
    DISTURBED = "disturbed"
    """Acts less because of it: do not disturb."""


ORDER = tuple(Quadrant)
"""Quadrants by code."""


def quadrants(baseline: Floats, effect: Floats, slack: float) -> npt.NDArray[np.int8]:
    """Quadrant of each person, as a place in ``ORDER``.

    Parameters
    ----------
    baseline : ndarray, float64, shape (n,)
        Expected outcome without the treatment.
    effect : ndarray, float64, shape (n,)
        Expected change by the treatment.
    slack : float
        Effects within ± slack count as none, in the unit of the outcome.

    Examples
    --------
    >>> effect = np.array([0.1, 0.0, 0.0, -0.1])
    >>> [ORDER[i].value for i in quadrants(np.array([0.2, 0.9, 0.1, 0.5]), effect, 0.01)]
    ['persuadable', 'sure', 'lost', 'disturbed']
    """
    likely = baseline >= np.mean(baseline)
    still = np.where(likely, ORDER.index(Quadrant.SURE), ORDER.index(Quadrant.LOST))
    moved = np.where(effect > 0, ORDER.index(Quadrant.PERSUADABLE), ORDER.index(Quadrant.DISTURBED))
    return np.where(np.abs(effect) > slack, moved, still).astype(np.int8)


@dataclass(frozen=True)
class Plan:
    """Whom to treat with a budget.

    Parameters
    ----------
    people : ndarray, int64
        Places of those treated, the largest effect per cost first.
    cost : float
        In the budget's unit.
    gained : float
        Expected outcomes more than without treating anybody.
    random : float
        Expected outcomes more if as much were spent on people drawn by lot.
    """

    people: Ints
    cost: float
    gained: float
    random: float

    @property
    def told(self) -> Mapping[str, float]:
        """The figures of the plan."""
        return {
            "people": len(self.people),
            "cost": self.cost,
            "gained": self.gained,
            "random": self.random,
            "cost_per_gained": self.cost / self.gained if self.gained > 0 else float("nan"),
        }


def spend(effect: Floats, cost: Floats, budget: float) -> Plan:
    """Treat by effect per cost until the budget is spent; nobody with an effect of 0 or less.

    The greedy answer to the knapsack, at most one person's effect below the best (Dantzig, 1957).

    Raises
    ------
    InputError
        When the budget is negative, or a cost is not positive.

    Examples
    --------
    >>> plan = spend(np.array([0.1, 0.3, -0.2]), np.full(3, 2.0), budget=4.0)
    >>> plan.people, plan.cost, round(plan.gained, 6)
    (array([1, 0]), 4.0, 0.4)
    >>> spend(np.ones(1), np.ones(1), -5)
    Traceback (most recent call last):
    features.errors.InputError: a budget below nothing (expected budget >= 0; got -5)
    """
    if not budget >= 0 or not np.isfinite(budget):
        raise InputError("a budget below nothing", expected="budget >= 0", got=f"{budget:g}")
    if not np.all(cost > 0):
        raise InputError(
            "a treatment that costs nothing", expected="cost > 0", got=f"{np.min(cost):g}",
            next_step="treat everybody whose effect is above 0",
        )  # fmt: skip
    order = np.argsort(-effect / cost, kind="stable")
    order = order[effect[order] > 0]
    kept = order[np.cumsum(cost[order]) <= budget * (1 + 1e-12)]
    spent = float(cost[kept].sum())
    reached = spent / float(cost.mean()) if len(cost) else 0.0
    mean = float(effect.mean()) if len(effect) else 0.0
    return Plan(kept, spent, float(effect[kept].sum()), reached * mean)
