"""On Complete Journey: tags of the first half of the year against the second half.

The second half is described by the same tags, computed from its own events alone. A line is fitted
on every other household and judged on the rest, against the mean of everybody: its share of the
variance explained is above 0 when a tag foretells anything. Households' demographics, which no tag
reads, are foretold by a logistic regression on all tags of the first half, five-fold.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from features.clock import parse_instant
from features.portraits import TAGS, Kind
from training.bench.portraits import homes
from training.bench.portraits.truth import column
from training.bench.report import Row
from training.loaders import load

Floats = npt.NDArray[np.float64]

MIDDLE = parse_instant("2017-07-01T00:00:00Z")

KEPT = (
    "price.band", "price.band_by_cat", "promo.sensitivity", "promo.saved_share",
    "promo.redeem_rate", "life.f_365", "life.m_365", "life.aov_180", "aff.breadth",
    "aff.brand_loyalty", "time.weekday_bias", "time.best_send_hour",
)  # fmt: skip
"""Tags that should last."""

FOLDS = 5
DRAWS = 500
STRENGTHS = tuple(10.0**power for power in (-5, -4.5, -4, -3.5, -3, -2.5, -2))
"""Inverse strengths of the penalty that each fold chooses from, on its own training rows."""

FEW = 50
"""Households with both values below which a tag is not judged."""

FAVOURITES = 10
COMMON = 60
"""Categories whose scores are inputs when demographics are foretold."""

ASKED: Mapping[str, tuple[str, Callable[[str | None], bool]]] = {
    "children": ("kids_count", lambda told: told not in {"0", None}),
    "income of 75,000 or more": (
        "income",
        lambda told: told in {"75-99K", "100-124K", "125-149K", "150-174K", "175-199K", "200-249K",
                              "250K+"},
    ),
    "older than 54": ("age", lambda told: told in {"55-64", "65+"}),
    "married": ("marital_status", lambda told: told == "Married"),
}  # fmt: skip
"""Questions about households: the column, and when the answer is yes."""


def rows(data: Path) -> Iterator[Row]:
    """Measure; ``data`` is the data set's folder.

    Yields
    ------
    mapping
        ``method`` "second half": ``tag``, ``r2`` on households held out with its 95 % interval,
        ``rank_correlation``; for categories ``recall@10`` of the second half's favourites beside
        that of everybody's favourites. ``method`` "demographics": ``asked``, ``auc``,
        ``log_loss`` beside that of the ``mean``.
    """
    tables = load("complete-journey", data)
    with TemporaryDirectory(prefix="huoren-bench-") as folder:
        first = _portraits(Path(folder) / "first", tables, 0, MIDDLE)
        last = homes.end_of(tables["events"])
        second = _portraits(Path(folder) / "second", tables, MIDDLE, last)
    ids = sorted(set(first["user_id"].to_pylist()) & set(second["user_id"].to_pylist()))
    before, after = _of(first, ids), _of(second, ids)
    for tag in KEPT:
        values = column(before, tag), column(after, tag)
        if np.isfinite(values).all(axis=0).sum() >= FEW:
            yield _kept(tag, *values)
    yield _favourites(before, after)
    yield from _demographics(first, pq.read_table(data / "demographics.parquet"))


def _portraits(root: Path, tables: Mapping[str, pa.Table], low_us: int, high_us: int) -> pa.Table:
    inside = homes.between(tables["events"], low_us, high_us)
    home = homes.settle(root, {**tables, "events": inside})
    return homes.publish(home, high_us, homes.UTC).portraits


def _of(people: pa.Table, ids: list[str]) -> pa.Table:
    place = {one: i for i, one in enumerate(people["user_id"].to_pylist())}
    return people.take([place[one] for one in ids])


def _kept(tag: str, before: Floats, after: Floats) -> Row:
    from scipy.stats import spearmanr

    known = np.isfinite(before) & np.isfinite(after)
    x, y = before[known], after[known]
    fitted = np.arange(len(x)) % 2 == 0
    slope, level = np.polyfit(x[fitted], y[fitted], 1)
    told = level + slope * x[~fitted]
    base = np.full(len(told), y[fitted].mean())
    ours, theirs = (y[~fitted] - told) ** 2, (y[~fitted] - base) ** 2
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(told), size=(DRAWS, len(told)))
    spread = 1.0 - ours[drawn].sum(axis=1) / np.maximum(theirs[drawn].sum(axis=1), 1e-12)
    low, high = np.percentile(spread, (2.5, 97.5))
    return {
        "method": "second half", "tag": tag,
        "r2": round(float(1.0 - ours.sum() / max(theirs.sum(), 1e-12)), 3),
        "low": round(float(low), 3), "high": round(float(high), 3),
        "rank_correlation": round(float(spearmanr(x, y).statistic), 3), "people": len(x),
    }  # fmt: skip


def _favourites(before: pa.Table, after: pa.Table) -> Row:
    """How many of the second half's ten favourite categories were favourites in the first."""
    mine, later = (
        [[one["key"] for one in listed or ()] for listed in people["aff__cat_top"].to_pylist()]
        for people in (before, after)
    )
    names, counts = np.unique([name for listed in mine for name in listed], return_counts=True)
    common = set(names[np.argsort(-counts, kind="stable")[:FAVOURITES]].tolist())
    known = [(set(a), set(b)) for a, b in zip(mine, later, strict=True) if a and b]
    ours = np.array([len(a & b) / len(b) for a, b in known])
    base = np.array([len(common & b) / len(b) for _, b in known])
    half = 1.96 * float((ours - base).std()) / np.sqrt(len(known))
    gain = float((ours - base).mean())
    return {
        "method": "second half", "tag": "aff.cat_top", "recall@10": round(float(ours.mean()), 3),
        "everybody's": round(float(base.mean()), 3), "low": round(gain - half, 3),
        "high": round(gain + half, 3), "people": len(known),
    }  # fmt: skip


def _demographics(people: pa.Table, told: pa.Table) -> Iterator[Row]:
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.metrics import log_loss, roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    households = [str(one) for one in told["household_id"].to_pylist()]
    described = set(people["user_id"].to_pylist())
    kept = [i for i, one in enumerate(households) if one in described]
    inputs = _inputs(_of(people, [households[i] for i in kept]))
    for asked, (name, answer) in ASKED.items():
        answers = [told[name][i].as_py() for i in kept]
        known = np.array([one is not None for one in answers])
        yes = np.array([bool(answer(one)) for one in answers])[known]
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
        weakest_first = LogisticRegressionCV(
            Cs=STRENGTHS, cv=folds, scoring="neg_log_loss", max_iter=2_000,
            l1_ratios=(0.0,), use_legacy_attributes=False,
        )  # fmt: skip
        model = make_pipeline(StandardScaler(), weakest_first)
        chance = cross_val_predict(model, inputs[known], yes, cv=folds, method="predict_proba")
        chance = chance[:, 1]
        auc = float(roc_auc_score(yes, chance))
        half = 1.96 * _auc_error(auc, int(yes.sum()), int((~yes).sum()))
        yield {
            "method": "demographics", "asked": asked, "auc": round(auc, 3),
            "low": round(auc - half, 3), "high": round(auc + half, 3),
            "log_loss": round(float(log_loss(yes, chance)), 4),
            "mean": round(float(log_loss(yes, np.full(len(yes), yes.mean()))), 4),
            "people": len(yes),
        }  # fmt: skip


def _inputs(people: pa.Table) -> Floats:
    """Numbers, words as indicators, and scores of the commonest favourite categories."""
    columns = []
    for tag in TAGS.values():
        if tag.kind in {Kind.INT, Kind.FLOAT, Kind.BOOL}:
            values = column(people, tag.name)
            if np.isfinite(values).any():
                columns.append(np.nan_to_num(values, nan=float(np.nanmean(values))))
        elif tag.kind is Kind.ENUM:
            words = people[tag.column].to_pylist()
            columns += [np.array([one == word for one in words], float) for word in tag.words]
    listed = [
        {one["key"]: one["score"] for one in entries or ()}
        for entries in people["aff__cat_top"].to_pylist()
    ]
    names, counts = np.unique([name for one in listed for name in one], return_counts=True)
    for name in names[np.argsort(-counts, kind="stable")[:COMMON]].tolist():
        columns.append(np.array([np.log1p(one.get(name, 0.0)) for one in listed]))
    return np.stack([one for one in columns if np.ptp(one) > 0], axis=1)


def _auc_error(auc: float, yes: int, no: int) -> float:
    """Standard error of an AUC (Hanley & McNeil, 1982, Radiology 143)."""
    one, two = auc / (2.0 - auc), 2.0 * auc**2 / (1.0 + auc)
    spread = auc * (1 - auc) + (yes - 1) * (one - auc**2) + (no - 1) * (two - auc**2)
    return float(np.sqrt(spread / (yes * no)))
