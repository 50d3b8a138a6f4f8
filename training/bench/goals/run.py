"""``huoren bench goals``: who does something within a window, by a model and by simple orders.

The model is judged on the last window that has ended, of which it knew nothing; so are the orders
that anybody can sort by: who came latest, who came most often; turned round for a goal that nothing
comes.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from features.catalogue import of_key
from features.clock import BusinessZone, now_us
from features.counters import Key
from features.home import Home
from features.ingest.run import ingest_table
from training import calibration, loaders, persons
from training.bench.report import Row
from training.past import opened
from training.predictions import goals, hazard, quality
from training.predictions.fit import Fitted, fit
from training.score import end

Floats = npt.NDArray[np.float64]

TOP = 0.1
"""Part of the people that a target takes."""

COUPON = goals.Goal(
    "coupon", "核销优惠券", "redeems a coupon within 30 days", ("Coupon Applied",), 30,
    ("Order Completed",), 90,
)  # fmt: skip
"""What the sets with coupons are asked besides the presets."""


def rows(source: str, path: Path, names: tuple[str, ...]) -> Iterator[Row]:
    """Measure.

    Parameters
    ----------
    source : str
        A set that ``huoren load`` knows.
    path : Path
        Its folder.
    names : tuple of str
        Goals: presets, or ``coupon``.

    Yields
    ------
    mapping
        ``goal``, ``method``, ``people``, ``rate``; ``auc`` with its interval; ``top10`` (part of
        those who did it among the highest tenth), ``lift10``; of the model also ``foretold_rate``,
        ``calibration_error`` and ``points`` of its calibration.
    """
    zone = BusinessZone("UTC")
    with TemporaryDirectory(prefix="huoren-bench-") as place:
        home = Home(Path(place))
        for name, table in loaders.load(source, path).items():
            ingest_table(table, name, home, source=source)
        past, _ = opened(home, now_us(), zone, clean=False)
        with past.connection:
            at_us = end(past.connection)
            for name in names:
                goal = COUPON if name == COUPON.name else goals.named(name)
                yield from judged(fit(past, goal, at_us))


def judged(fitted: Fitted) -> Iterator[Row]:
    """The model and the simple orders on one back-test."""
    did = fitted.backtest.did
    p = fitted.foretold
    predicted, observed, count = _bins(p, did)
    yield {
        "goal": fitted.goal.name, "method": "huoren", **_measured(p, did),
        "foretold_rate": float(p.mean()),
        "calibration_error": calibration.error(p, did),
        "points": {"predicted": predicted, "observed": observed, "people": count},
    }  # fmt: skip
    columns = list(persons.columns())
    known = {counter.name for counter in of_key(Key.USER)}
    simple = [("most_orders", "user.orders_180", 1.0), ("latest_order", "user.last_order", -1.0)]
    if fitted.goal.absent:
        simple = [("fewest_orders", "user.orders_180", -1.0), ("oldest_order", simple[1][1], 1.0)]
    if fitted.goal.category:
        columns += hazard.COLUMNS
        simple = [("most_days", "category.days_90", 1.0), ("least_due", "category.due", -1.0)]
    for method, column, sign in simple:
        if column in {*known, *hazard.COLUMNS}:
            values = fitted.backtest.rows[:, columns.index(column)]
            score = np.where(np.isnan(values), -np.inf, sign * values)
            yield {"goal": fitted.goal.name, "method": method, **_measured(score, did)}


def _measured(score: Floats, did: npt.NDArray[np.bool_]) -> dict[str, float | int]:
    finite = np.where(np.isfinite(score), score, -1e18)
    low, high = quality.auc_interval(finite, did)
    cut = quality.cuts_of(finite, did, (TOP,))[0]
    return {
        "people": len(did), "rate": float(did.mean()), "auc": quality.auc(finite, did),
        "auc_low": low, "auc_high": high, "top10": cut.caught, "lift10": cut.lift,
    }  # fmt: skip


def _bins(p: Floats, did: npt.NDArray[np.bool_]) -> tuple[list[float], list[float], list[int]]:
    """Tenths of the people by chance, so that every point stands on as many."""
    parts = np.array_split(np.argsort(p, kind="stable"), 10)
    parts = [part for part in parts if len(part)]
    return (
        [float(p[part].mean()) for part in parts],
        [float(did[part].mean()) for part in parts],
        [len(part) for part in parts],
    )
