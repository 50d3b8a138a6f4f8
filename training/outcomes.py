"""Learns what may come of showing an item: clicks, carts, orders, shares, dislikes.

Where enough lists are known that were shown, rows are what stood in them: what nothing came of is a
negative, and the place is a column of which more never makes an outcome likelier. Answers are those
of the first place: it is fixed in the trees before anybody is answered (Craswell et al., "An
experimental comparison of click position-bias models", WSDM 2008; the place as a feature that is
fixed when serving: Zhao et al., "Recommending what video to watch next", RecSys 2019).

Elsewhere rows are candidates of queries, as for the ranker, with all that had an outcome and a part
of the rest; the trees see the part, the calibration weighs it up again (the log-odds of a sample
are off by a constant: King & Zeng, "Logistic regression in rare events data", 2001, section 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from features import columns as c
from features import events as e
from features.counters import Counter
from features.frames import feed as frame
from features.items import Items
from recsys import boosting
from recsys.bundle import Parts
from recsys.ranking.lambdamart import LambdaMart
from recsys.ranking.outcomes import TARGET, Head, Line, Outcomes
from training import calibration
from training.config import TrainConfig
from training.examples import feed
from training.examples.shown import Shown
from training.past import Past
from training.queries import Queries
from training.split import Window

Floats = npt.NDArray[np.float64]

EVENTS: Mapping[str, tuple[str, ...]] = {
    "click": (e.VIEWED, e.CLICKED),
    "cart": (e.ADDED,),
    "order": (e.ORDERED,),
    "share": (e.SHARED,),
    "dislike": (e.DISMISSED,),
}
"""What each outcome is."""

ENOUGH = 100
"""Candidates, or items shown, with an outcome without which it is not learned of them."""

FEW = 20
"""Items shown of which the target came without which no chance is one of items shown."""

PLACE = "place"
"""The column of the place, the last one."""

RISING = ("touch.interest_30", "friends.bought", "item.conversion", "taste.category_30")
"""Columns of which more never makes a click, cart or order less likely, nor a dislike likelier."""

PARAMETERS: Mapping[str, Any] = {
    "objective": "binary", "num_leaves": 15, "min_data_in_leaf": 50, "learning_rate": 0.08,
    "feature_fraction": 0.7, "lambda_l2": 5.0, "deterministic": True, "force_row_wise": True,
    "verbosity": -1, "monotone_constraints_method": "intermediate",
}  # fmt: skip

ROUNDS = 80


@dataclass(frozen=True)
class Drawn:
    """Candidates of queries with what came of each.

    Parameters
    ----------
    rows : ndarray, float32, shape (n, columns)
        As the ranker sees them.
    labels : mapping of str to ndarray, bool, shape (n,)
        Outcome → where it came; ``target`` is the event the feed is trained on.
    weights : ndarray, float64, shape (n,)
        How many candidates each stands for.
    """

    rows: npt.NDArray[np.float32]
    labels: Mapping[str, npt.NDArray[np.bool_]]
    weights: Floats


def draw(
    past: Past, parts: Parts, window: Window, which: Counter, config: TrainConfig,
    rng: np.random.Generator,
) -> Drawn:  # fmt: skip
    """Candidates of a window: all that had an outcome, a part of the rest."""
    asked = feed.ask(past, parts.items, parts.settings, window, config.queries, rng)
    proposed = list(feed.propose(past, parts, asked, which))
    return drawn(past, parts, asked, proposed, window, config.negatives, rng)


def drawn(
    past: Past, parts: Parts, asked: feed.Asked, proposed: list[feed.Proposed], window: Window,
    negatives: int, rng: np.random.Generator,
) -> Drawn:  # fmt: skip
    """Draw from candidates that are there already; see :func:`draw`."""
    came = outcomes(past, asked.queries, window, parts.items, parts.settings.target)
    kept, marks, weights = [], [], []
    for i, one in enumerate(proposed):
        own = {name: np.isin(one.slate.codes, found[i]) for name, found in came.items()}
        some = np.any(list(own.values()), axis=0)
        rest = np.flatnonzero(~some)
        few = rng.choice(rest, min(negatives, len(rest)), replace=False)
        chosen = np.sort(np.concatenate([np.flatnonzero(some), few]))
        kept.append(feed.Proposed(one.moment, one.slate.take(chosen)))
        marks.append({name: mark[chosen] for name, mark in own.items()})
        each = len(rest) / max(len(few), 1)
        weights.append(np.where(some[chosen], 1.0, each))
    rows = feed.rows(past, parts.items, asked.queries, kept)
    nothing = np.zeros(0, dtype=np.bool_)
    labels = {name: np.concatenate([nothing, *(one[name] for one in marks)]) for name in came}
    return Drawn(rows, labels, np.concatenate([np.zeros(0), *weights]))


def outcomes(
    past: Past, queries: Queries, window: Window, items: Items, target: str
) -> dict[str, list[npt.NDArray[np.int32]]]:
    """Outcome → for each query the items it came of, from the query to the window's end."""
    past.connection.register("asked", queries.table())
    found = {}
    for name, events in watched(target).items():
        rows = past.connection.execute(
            f"SELECT DISTINCT q.query, f.{c.ITEM} FROM asked q JOIN facts f "
            f"ON f.{c.USER} = q.{c.USER} AND f.{c.AT} >= q.asked_us AND f.{c.AT} < $end "
            f"WHERE f.{c.EVENT} IN (SELECT unnest($events)) AND f.{c.ITEM} IS NOT NULL "
            "ORDER BY ALL",
            {"end": window.end_us, "events": list(events)},
        ).fetchnumpy()
        codes = items.ids.codes([str(name) for name in rows[c.ITEM]])
        ends = np.searchsorted(rows["query"], np.arange(len(queries) + 1))
        found[name] = [codes[low:high] for low, high in pairwise(ends)]
    past.connection.unregister("asked")
    return found


def watched(target: str) -> Mapping[str, tuple[str, ...]]:
    """Outcome, and the target, → events that it is."""
    return {TARGET: (target,), **EVENTS}


def enough(shown: tuple[Shown, Shown], fewest: int) -> bool:
    """Whether chances can be those of items shown: all of them or none, to be worth comparing.

    Parameters
    ----------
    shown : tuple of Shown
        Of the windows that train and calibrate.
    fewest : int
        Rows of each.
    """
    return min(map(len, shown)) >= fewest and int(shown[1].labels[TARGET].sum()) >= FEW


def fit(
    ranker: LambdaMart, train: Drawn, valid: Drawn, seed: int = 0,
    shown: tuple[Shown, Shown] | None = None,
) -> Outcomes:  # fmt: skip
    """Grow a forest for each outcome that came often enough, and calibrate all on ``valid``.

    Parameters
    ----------
    ranker : LambdaMart
        Whose score becomes the chance of the target.
    train, valid : Drawn
        Of windows, one after the other.
    seed : int
        Of the columns that are drawn.
    shown : tuple of Shown, optional
        Lists of the same windows. With them every chance is that of one showing at the first
        place; without, that of a candidate until the end of its window.
    """
    heads, lines = {}, {}
    for name in EVENTS:
        if shown is not None and name in placed(shown):
            heads[name], lines[name] = _of_places(*shown, name, seed)
            continue
        judge: Drawn | Shown = valid if shown is None else shown[1]
        if train.labels[name].sum() < ENOUGH or not judge.labels[name].any():
            continue
        heads[name] = _grown(train, name, seed)
        lines[name] = _line(heads[name].score(judge.rows), judge, name)
    last = valid if shown is None else shown[1]
    lines[TARGET] = _line(ranker.score(last.rows), last, TARGET)
    return Outcomes(heads, lines)


def placed(shown: tuple[Shown, Shown]) -> tuple[str, ...]:
    """Outcomes that are learned of items shown."""
    train, valid = (one.labels for one in shown)
    return tuple(
        name for name in EVENTS if train[name].sum() >= ENOUGH and valid[name].any()
    )  # fmt: skip


def errors(found: Outcomes, ranker: LambdaMart, given: Drawn | Shown) -> dict[str, float]:
    """Expected calibration error of each outcome on rows that taught nothing."""
    chances = found.chances(given.rows, ranker.score(given.rows))
    return {name: _error(p, given, name) for name, p in chances.items()}


def _error(p: Floats, given: Drawn | Shown, name: str) -> float:
    return calibration.weighted_error(p, given.labels[name], given.weights)


def _of_places(train: Shown, valid: Shown, name: str, seed: int) -> tuple[Head, Line]:
    """Trees that know the place, calibrated where each row stood, then put to the first one."""
    head = _grown(train, name, seed)
    scores = head.score(_with_place(valid))
    labels = valid.labels[name].astype(np.float64)
    return head.fixed(0.0), Line.fit(scores, labels, valid.weights)


def _with_place(given: Shown) -> npt.NDArray[np.float32]:
    return np.column_stack([given.rows, given.places.astype(np.float32)])


def _grown(train: Drawn | Shown, name: str, seed: int) -> Head:
    engine, columns = boosting.lightgbm(), list(frame.COLUMNS)
    sign = -1 if name == "dislike" else 1
    constraints = [sign if column in RISING else 0 for column in columns]
    rows, weights = train.rows, None
    if isinstance(train, Shown):
        rows, weights = _with_place(train), train.weights
        columns, constraints = [*columns, PLACE], [*constraints, -1]
    data = engine.Dataset(
        rows, train.labels[name].astype(np.float64), weight=weights, feature_name=columns
    )
    parameters = {**PARAMETERS, "seed": seed, "monotone_constraints": constraints, "num_threads": 2}
    return Head(engine.train(parameters, data, ROUNDS), columns)


def _line(scores: Floats, given: Drawn | Shown, name: str) -> Line:
    depth = given.depth if isinstance(given, Shown) else None
    return Line.fit(scores, given.labels[name].astype(np.float64), given.weights, depth)
