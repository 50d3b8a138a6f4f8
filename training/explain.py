"""What a ranker makes of its columns: contributions of each to the scores of a sample.

The contributions are SHAP values of trees (Lundberg et al., "From local explanations to global
understanding with explainable AI for trees", Nature Machine Intelligence 2020), as LightGBM
computes them.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.ranking.lambdamart import LambdaMart

ROWS = 1_000
"""Rows that are explained."""

DOTS = 120
"""Rows that are drawn for each column."""

SHOWN = 15
"""Columns that are drawn."""


def summary(
    ranker: LambdaMart, rows: npt.NDArray[np.float32], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Columns by the mean size of their contributions, largest first.

    Returns
    -------
    list of mapping
        ``column``, ``mean`` (of absolute contributions), and for some rows ``moved`` (the
        contribution) and ``level`` (rank of the value among them, 0 to 1; None where missing).
    """
    if not len(rows):
        return []
    drawn = rows[np.sort(rng.choice(len(rows), min(ROWS, len(rows)), replace=False))]
    moved = ranker.contributions(np.asarray(drawn))
    size = np.abs(moved).mean(axis=0)
    dots = slice(0, DOTS)
    return [
        {
            "column": ranker.columns[i],
            "mean": float(size[i]),
            "moved": [round(float(one), 5) for one in moved[dots, i]],
            "level": _levels(drawn[dots, i]),
        }
        for i in np.argsort(-size, kind="stable")[:SHOWN].tolist()
    ]


def _levels(values: npt.NDArray[np.float32]) -> list[float | None]:
    known = ~np.isnan(values)
    order = np.searchsorted(np.sort(values[known]), values)
    most = max(int(known.sum()) - 1, 1)
    return [
        round(min(float(place) / most, 1.0), 3) if there else None
        for place, there in zip(order, known, strict=True)
    ]
