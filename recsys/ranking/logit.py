"""Logistic regression that says how sure it is: a chance, its interval, and what drives it.

Newton's method with a little shrinkage. Rows of one cluster, such as several looks at one group
buy, are no independent witnesses: the covariance of the weights sums scores by cluster (Liang and
Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 1986).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STEPS = 50
NEAR = 1e-9
WIDTH = 1.959963984540054
"""Standard deviations on each side of a 95 % interval."""


@dataclass(frozen=True)
class Chances:
    """Chances with 95 % intervals.

    Parameters
    ----------
    p, low, high : ndarray, float64, shape (n,)
        Of the chance itself; a single outcome is 0 or 1 whatever the interval.
    """

    p: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Logit:
    """A fitted regression.

    Parameters
    ----------
    columns : tuple of str
        Names of the d columns.
    mean, scale : ndarray, float64, shape (d,)
        Of the columns as they taught; unknown values stand at the mean.
    weights : ndarray, float64, shape (d + 1,)
        Of the standardised columns; the constant comes first.
    spread : ndarray, float64, shape (d + 1, d + 1)
        Covariance of the weights.
    rate : float
        Part of the rows that taught that were positive.
    """

    columns: tuple[str, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    spread: Floats
    rate: float

    @classmethod
    def fit(
        cls,
        rows: npt.ArrayLike,
        labels: npt.ArrayLike,
        clusters: npt.ArrayLike,
        columns: Sequence[str],
        l2: float = 1.0,
    ) -> Self:
        """Learn from rows.

        Parameters
        ----------
        rows : ndarray, float, shape (n, d)
            NaN where something is unknown.
        labels : ndarray, bool or 0/1, shape (n,)
            What happened.
        clusters : ndarray, int, shape (n,)
            Which rows belong together.
        columns : sequence of str, length d
            Their names.
        l2 : float
            Half the weight of the squared weights beside the log-likelihood.

        Examples
        --------
        >>> rows, labels = [[0.0]] * 4 + [[1.0]] * 4, [0, 0, 0, 1, 0, 1, 1, 1]
        >>> found = Logit.fit(rows, labels, range(8), ["x"], l2=1e-9).chances([[0.0], [1.0]])
        >>> found.p.round(3).tolist()
        [0.25, 0.75]
        """
        told = np.asarray(rows, dtype=np.float64).reshape(-1, len(columns))
        happened = np.asarray(labels, dtype=np.float64)
        known = np.isfinite(told)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, told, 0.0).sum(axis=0) / count
        apart = np.where(known, told - mean, 0.0)
        scale = np.sqrt((apart**2).sum(axis=0) / count)
        scale = np.where(scale > NEAR, scale, 1.0)
        design = _design(told, mean, scale)
        shrink = np.full(len(columns) + 1, l2)
        shrink[0] = NEAR
        weights = _newton(design, happened, shrink)
        return cls(
            tuple(columns), mean, scale, weights,
            _spread(design, happened, np.asarray(clusters), weights, shrink),
            float(happened.mean()),
        )  # fmt: skip

    def chances(self, rows: npt.ArrayLike) -> Chances:
        """Chances of rows, shape (n, d), with intervals."""
        design = _design(np.asarray(rows, dtype=np.float64), self.mean, self.scale)
        middle = design @ self.weights
        around = WIDTH * np.sqrt(np.einsum("ij,jk,ik->i", design, self.spread, design).clip(0.0))
        return Chances(*(_sigmoid(one) for one in (middle, middle - around, middle + around)))

    def drivers(self, row: npt.ArrayLike) -> list[tuple[str, float]]:
        """What moves one row's log-odds away from those of a mean row, the strongest first."""
        design = _design(np.asarray(row, dtype=np.float64).reshape(1, -1), self.mean, self.scale)
        effects = (design[0] * self.weights)[1:].tolist()
        pairs = zip(self.columns, effects, strict=True)
        return sorted(pairs, key=lambda pair: (-abs(pair[1]), pair[0]))

    def save(self, path: Path) -> None:
        """Write as JSON; numbers are kept exactly."""
        told = {
            "columns": self.columns,
            "rate": self.rate,
            **{name: getattr(self, name).tolist() for name in _ARRAYS},
        }
        path.write_text(json.dumps(told))

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read what ``save`` wrote."""
        told = json.loads(path.read_text())
        arrays = {name: np.array(told[name], dtype=np.float64) for name in _ARRAYS}
        return cls(tuple(told["columns"]), rate=float(told["rate"]), **arrays)


_ARRAYS = ("mean", "scale", "weights", "spread")


def _design(rows: Floats, mean: Floats, scale: Floats) -> Floats:
    standard = np.where(np.isfinite(rows), (rows - mean) / scale, 0.0)
    return np.concatenate([np.ones((len(rows), 1)), standard], axis=1)


def _sigmoid(odds: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * odds)))


def _newton(design: Floats, happened: Floats, shrink: Floats) -> Floats:
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        step = np.linalg.solve(
            _curve(design, weights, shrink),
            design.T @ (happened - _sigmoid(design @ weights)) - shrink * weights,
        )
        weights += step * min(1.0, 5.0 / max(float(np.abs(step).max()), NEAR))
        if np.abs(step).max() < NEAR:
            break
    return weights


def _curve(design: Floats, weights: Floats, shrink: Floats) -> Floats:
    p = _sigmoid(design @ weights)
    return np.asarray(design.T @ (design * (p * (1 - p))[:, None]) + np.diag(shrink))


def _spread(
    design: Floats,
    happened: Floats,
    clusters: npt.NDArray[np.integer],
    weights: Floats,
    shrink: Floats,
) -> Floats:
    scores = design * (happened - _sigmoid(design @ weights))[:, None]
    which = np.unique(clusters, return_inverse=True)[1]
    summed = np.zeros((int(which.max(initial=-1)) + 1, design.shape[1]))
    np.add.at(summed, which, scores)
    bread = np.linalg.inv(_curve(design, weights, shrink))
    return np.asarray(bread @ (summed.T @ summed) @ bread)
