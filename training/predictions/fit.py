"""One trainer for every goal: cohort, window, trees, calibration, back-test.

Labels of a window are known only when it has ended. So the trees learn at instants whole windows
ago, and are judged on the last window that has ended, at which they were not fitted; then they are
fitted once more with it, for the scores of today.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.clock import DAY_US
from recsys.boosting import Trees, TreesConfig
from training import persons
from training.calibration import Platt
from training.past import Past
from training.predictions import gates, hazard
from training.predictions.cohort import Asked, cohort, outcomes
from training.predictions.goals import Goal

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

TREES = TreesConfig(
    "binary", rounds=100, num_leaves=15, min_data_in_leaf=40, learning_rate=0.07,
    feature_fraction=0.7, bagging_fraction=0.8, lambda_l2=5.0,
)  # fmt: skip

INSTANTS = 3
"""Windows that the trees learn from at most."""

FOLDS = 5


@dataclass(frozen=True)
class Rows:
    """People at an instant with what they did after it.

    Parameters
    ----------
    asked : Asked
    rows : ndarray, float64, shape (n, columns)
    did : ndarray, bool, shape (n,)
    """

    asked: Asked
    rows: Floats
    did: Bools

    @classmethod
    def at(cls, past: Past, goal: Goal, at_us: int) -> "Rows":
        """Read them."""
        asked = cohort(past, goal, at_us)
        return cls(asked, described(past, goal, asked), outcomes(past, goal, asked))


def columns(goal: Goal) -> tuple[str, ...]:
    """Names of what is known of people for a goal."""
    return (*persons.columns(), *(hazard.COLUMNS if goal.category else ()))


def described(past: Past, goal: Goal, asked: Asked) -> Floats:
    """What is known of a cohort; float64, shape (people, len(columns(goal)))."""
    rows = persons.rows(past, asked.users, asked.instants)
    if not goal.category:
        return rows
    return np.hstack([rows, hazard.rows(past, goal.category, asked)])


@dataclass(frozen=True)
class Calibrated:
    """Trees whose probabilities come true as often as they say.

    Parameters
    ----------
    trees : Trees
    slope, shift : float
        Of the log-odds (Platt, 1999), fitted on people the trees did not see, at the latest
        instant alone, because rates change with the weeks.
    """

    trees: Trees
    slope: float
    shift: float

    @classmethod
    def fit(
        cls,
        rows: Floats,
        did: Bools,
        people: Sequence[str],
        fresh: Bools,
        seed: int = 0,
        names: Sequence[str] = (),
    ) -> "Calibrated":
        """Fit trees, and their calibration on folds of people among the ``fresh`` rows."""
        names = tuple(names) or persons.columns()
        folds = _folds(people, seed)
        outside = np.zeros(len(did))
        for fold in range(FOLDS):
            held = folds == fold
            if held.any() and did[~held].any() and not did[~held].all():
                outside[held] = Trees.fit(
                    rows[~held], did[~held], names, TREES, seed
                ).score(rows[held])  # fmt: skip
        platt = Platt.fit(_log_odds(outside[fresh]), did[fresh])
        return cls(Trees.fit(rows, did, names, TREES, seed), platt.slope, platt.shift)

    def probability(self, rows: Floats) -> Floats:
        """Calibrated; float64, shape (n,)."""
        odds = self.slope * _log_odds(self.trees.score(rows)) + self.shift
        return np.asarray(1.0 / (1.0 + np.exp(-odds)))


@dataclass(frozen=True)
class Fitted:
    """A goal with its model, its back-test and the scores of today.

    Parameters
    ----------
    goal : Goal
    model : Calibrated
        Fitted with every window that has ended.
    backtest : Rows
        The last window that has ended.
    foretold : ndarray, float64
        Probabilities for the back-test, by a model that knew nothing of that window.
    asked : Asked
        The cohort of today.
    rows : ndarray, float64
        Their rows.
    probability : ndarray, float64
        Their probabilities.
    gates : list of Gate
    """

    goal: Goal
    model: Calibrated
    backtest: Rows
    foretold: Floats
    asked: Asked
    rows: Floats
    probability: Floats
    gates: list[gates.Gate]


def fit(
    past: Past, goal: Goal, at_us: int, seed: int = 0, step: Callable[[], Any] = lambda: None
) -> Fitted:
    """Learn a goal and score its cohort.

    Parameters
    ----------
    past : Past
        The history before ``at_us``.
    goal : Goal
    at_us : int
        Now.
    seed : int
    step : callable
        Called after each of ``steps()`` steps.

    Raises
    ------
    GateRefused
        When the history is too short, or too few did it, or nearly everybody did.
    """
    window = round(goal.days * DAY_US)
    first = past.connection.execute("SELECT min(at_us) FROM facts").fetchall()[0][0]
    history = (at_us - int(first)) / DAY_US
    recent = Rows.at(past, goal, at_us - window)
    step()
    counts = int(recent.did.sum()), int((~recent.did).sum())
    found = gates.gates(goal.days, history, *counts)
    gates.require(goal.name, found)
    earlier: list[Rows] = []
    for back in range(2, 2 + INSTANTS):
        then = at_us - back * window
        if then - int(first) < window and earlier:
            break
        earlier.append(Rows.at(past, goal, then))
        step()
    before = gates.gates(goal.days, history, *_counts(earlier))
    gates.require(goal.name, before)
    foretold = _fitted(earlier, seed, columns(goal)).probability(recent.rows)
    step()
    model = _fitted([recent, *earlier], seed, columns(goal))
    asked = cohort(past, goal, at_us)
    rows = described(past, goal, asked)
    step()
    return Fitted(
        goal, model, recent, foretold, asked, rows, model.probability(rows), found
    )  # fmt: skip


def steps() -> int:
    """How often ``fit`` tells that it got on, at most."""
    return 3 + INSTANTS


def _counts(parts: Sequence[Rows]) -> tuple[int, int]:
    did = sum(int(part.did.sum()) for part in parts)
    return did, sum(len(part.did) for part in parts) - did


def _fitted(parts: Sequence[Rows], seed: int, names: Sequence[str]) -> Calibrated:
    """Fit on windows, the latest first."""
    return Calibrated.fit(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.did for part in parts]),
        [user for part in parts for user in part.asked.users],
        np.repeat([i == 0 for i in range(len(parts))], [len(part.did) for part in parts]),
        seed,
        names,
    )


def _folds(people: Sequence[str], seed: int) -> npt.NDArray[np.int64]:
    """One fold for each person, whatever the instant."""
    number = np.unique(np.asarray(people, dtype=str), return_inverse=True)[1]
    dealt = np.random.default_rng(seed).integers(FOLDS, size=int(number.max(initial=0)) + 1)
    return np.asarray(dealt[number], dtype=np.int64)


def _log_odds(probability: Floats) -> Floats:
    inside = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)))
