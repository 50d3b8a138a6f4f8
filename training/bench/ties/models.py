"""Tie models side by side: each foretells the newest step of people it was not fitted on.

The source users are dealt into folds; for each fold a model learns from the older steps of the
other folds and scores the fold's newest step. Scores of all folds are judged together; intervals
come from drawing source users anew.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
from scipy import stats

from features.clock import Int64s
from training import calibration, ties
from training.bench.report import Row
from training.examples.ties import Ties, joined

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Model = Callable[[Ties, Ties], Floats]

DRAWS = 100
"""Bootstrap draws of the source users."""


def logistic(teaching: Ties, asked: Ties) -> Floats:
    """What ``huoren train`` fits."""
    return ties.probability(ties.fit(teaching, int(asked.at_us[0])), asked)


def decayed_sum(_: Ties, asked: Ties) -> Floats:
    """What stands in without a model."""
    return ties.decayed_sum(asked)


def counts(_: Ties, asked: Ties) -> Floats:
    """How often the two met on different days, and how often own links were opened ever."""
    values = asked.values
    return np.asarray(values["pair.opened_by"] + values["pair.days_90"], dtype=np.float64)


def boosted(teaching: Ties, asked: Ties) -> Floats:
    """Boosted trees on the same columns of the pair and of both ends, each by itself."""
    return _boosted(teaching, asked, common=False)


def boosted_common(teaching: Ties, asked: Ties) -> Floats:
    """The same with the numbers of common neighbours and of neighbours of both."""
    return _boosted(teaching, asked, common=True)


METHODS: Mapping[str, Model] = {
    "huoren": logistic,
    "decayed_sum": decayed_sum,
    "counts": counts,
    "boosted_trees": boosted,
    "boosted_trees_common_neighbours": boosted_common,
}


def compare(data: str, weeks: list[Ties], rng: np.random.Generator) -> Iterator[Row]:
    """One row for each method; ``gain_*``: AUC above the decayed sum."""
    newest, folds = weeks[0], ties.folds(weeks[0])
    older = joined(weeks[1:])
    taught = ties.folds(older)
    scores = {name: np.zeros(len(newest)) for name in METHODS}
    for fold in range(ties.FOLDS):
        teaching, asked = older.where(taught != fold), newest.where(folds == fold)
        for name, model in METHODS.items():
            scores[name][folds == fold] = model(teaching, asked)
    draws = [_drawn(newest, rng) for _ in range(DRAWS)]
    base = [_auc(newest.met[rows], scores["decayed_sum"][rows]) for rows in draws]
    for name, score in scores.items():
        row = ties.ranking(newest.met, score)
        if name == "huoren":
            row["calibration_error"] = calibration.error(score, newest.met)
        if name != "decayed_sum":
            found = [_auc(newest.met[rows], score[rows]) for rows in draws]
            gains = np.subtract(found, base)
            row["gain"] = row["auc"] - _auc(newest.met, scores["decayed_sum"])
            row["gain_low"], row["gain_high"] = np.quantile(gains, [0.025, 0.975]).tolist()
        met = int(newest.met.sum())
        yield {"data": data, "method": name, **row, "pairs": len(newest), "met": met}


def _drawn(rows: Ties, rng: np.random.Generator) -> Int64s:
    """Rows of source users drawn with replacement."""
    _, place = np.unique(rows.users.astype(str), return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(place.max() + 2))
    drawn = rng.integers(len(starts) - 1, size=len(starts) - 1)
    return np.concatenate([order[starts[one] : starts[one + 1]] for one in drawn])


def _auc(met: Bools, score: Floats) -> float:
    hit = int(met.sum())
    if not 0 < hit < len(met):
        return float("nan")
    above = float(stats.rankdata(score)[met].sum()) - hit * (hit + 1) / 2
    return above / (hit * (len(met) - hit))


def _boosted(teaching: Ties, asked: Ties, *, common: bool) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.05, max_leaf_nodes=15, min_samples_leaf=100, random_state=0
    )
    model.fit(_columns(teaching, common), teaching.met)
    return np.asarray(model.predict_proba(_columns(asked, common))[:, 1], dtype=np.float64)


def _columns(rows: Ties, common: bool) -> Floats:
    parts = [rows.pair, *rows.ends]
    return np.concatenate([*parts, _common(rows)] if common else parts, axis=1)


def _common(rows: Ties) -> Floats:
    """Common neighbours and neighbours of either, as the rows of one instant know them."""
    found = np.zeros((len(rows), 3))
    for moment in np.unique(rows.at_us).tolist():
        here = np.flatnonzero(rows.at_us == moment)
        near: dict[str, set[str]] = {}
        ends = [*zip(rows.users[here], rows.peers[here], strict=True)]
        for user, peer in ends:
            near.setdefault(user, set()).add(peer)
            near.setdefault(peer, set()).add(user)
        found[here] = [(len(near[u] & near[v]), len(near[u]), len(near[v])) for u, v in ends]
    return np.asarray(np.log1p(found), dtype=np.float64)
