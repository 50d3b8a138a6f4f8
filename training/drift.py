"""How far the data have moved: population stability of each column of the ranker's rows.

Bins that held a tenth of the rows each when the champion learned, and one for missing values; the
index is that of ``features.portraits.drift``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from features.portraits import drift

MOVED = drift.LARGE
"""PSI from which a column has moved."""

BINS = 10

Rows = npt.NDArray[np.float32]
Profile = Mapping[str, Mapping[str, list[float]]]


def profile(rows: Rows, columns: Sequence[str]) -> dict[str, dict[str, list[float]]]:
    """Edges and counts of the bins of each column; the first count is of missing values.

    Parameters
    ----------
    rows : ndarray, float32, shape (n, columns)
    columns : sequence of str

    Examples
    --------
    >>> profile(np.array([[1], [2], [3], [np.nan]], dtype=np.float32), ["x"])["x"]
    {'edges': [1.0, 2.0], 'counts': [1, 0, 1, 2]}
    """
    found = {}
    for i, name in enumerate(columns):
        values = np.asarray(rows[:, i], dtype=np.float64)
        known = values[~np.isnan(values)]
        parts = np.linspace(0, 1, BINS + 1)[1:-1]
        edges = np.unique(np.quantile(known, parts, method="lower")) if len(known) else np.zeros(0)
        found[name] = {"edges": edges.tolist(), "counts": _counts(values, edges).tolist()}
    return found


def psi(rows: Rows, columns: Sequence[str], before: Profile) -> dict[str, float]:
    """PSI of each column that was there before, largest first.

    Examples
    --------
    >>> before = profile(np.arange(100, dtype=np.float32)[:, None], ["x"])
    >>> psi(np.arange(100, dtype=np.float32)[:, None], ["x"], before)
    {'x': 0.0}
    >>> psi(np.full((100, 1), 99, dtype=np.float32), ["x"], before)["x"] > MOVED
    True
    """
    found = {}
    for i, name in enumerate(columns):
        if name in before:
            edges = np.array(before[name]["edges"])
            now = _counts(np.asarray(rows[:, i], dtype=np.float64), edges)
            found[name] = drift.psi(_named(before[name]["counts"]), _named(now.tolist()))
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _counts(values: npt.NDArray[np.float64], edges: npt.NDArray[np.float64]) -> Any:
    missing = np.isnan(values)
    place = np.searchsorted(edges, values[~missing], side="right")
    return np.concatenate([[missing.sum()], np.bincount(place, minlength=len(edges) + 1)])


def _named(counts: Sequence[float]) -> dict[str, float]:
    return {str(place): count for place, count in enumerate(counts)}
