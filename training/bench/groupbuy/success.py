"""Whether a launch fills, among initiators that also failed, split by initiator.

Each of these filled exactly one group, so that anything about the other launches of the same person
would give the answer away. What may be known: how the launches of *other* people with this item
went, how many joined groups for it, and how often this person joined groups of others.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from training.bench.groupbuy.tables import Ints, Launched

Floats = npt.NDArray[np.float64]

FOLDS = 5
PRIOR = 4.0
"""Launches that the mean rate counts as in an item's own."""


def rows(launched: Launched) -> Iterator[dict[str, Any]]:
    """AUC and Brier score of the item's rate and of the model."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import brier_score_loss, roc_auc_score

    people, items, labels = _launches(launched)
    test = np.isin(people, launched.held)
    fold = np.random.default_rng(0).integers(FOLDS, size=launched.people)[people]
    table = np.empty((len(people), 5))
    for one in range(FOLDS):  # a launch is described by the launches of other folds
        asked = ~test & (fold == one)
        hidden = np.unique(np.concatenate([people[asked], launched.held]))
        table[asked] = _described(launched, hidden, people[asked], items[asked])
    table[test] = _described(launched, launched.held, people[test], items[test])
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.05, max_leaf_nodes=15, min_samples_leaf=200, random_state=0
    )
    model.fit(table[~test], labels[~test])
    given = {"rates": table[test, 0], "huoren": model.predict_proba(table[test])[:, 1]}
    for name, chance in given.items():
        yield {
            "task": "success",
            "method": name,
            "auc": float(roc_auc_score(labels[test], chance)),
            "brier": float(brier_score_loss(labels[test], np.clip(chance, 0.0, 1.0))),
            "people": len(launched.held),
        }


def _launches(launched: Launched) -> tuple[Ints, Ints, Ints]:
    """Person, item and outcome of every launch of people that both filled and failed."""
    both = np.intersect1d(launched.filled[0], launched.failed[0])
    people = np.concatenate([launched.filled[0], launched.failed[0]])
    items = np.concatenate([launched.filled[1], launched.failed[1]])
    labels = np.repeat([1, 0], [len(launched.filled[0]), len(launched.failed[0])])
    kept = np.isin(people, both)
    return people[kept], items[kept], labels[kept]


def _described(launched: Launched, hidden: Ints, people: Ints, items: Ints) -> Floats:
    """What is known of launches without any launch of the hidden people."""
    size = launched.items
    tried = np.intersect1d(launched.filled[0], launched.failed[0])
    tried = np.setdiff1d(tried, hidden)
    won, lost = (
        np.bincount(item[np.isin(who, tried)], minlength=size).astype(np.float64)
        for who, item in (launched.filled, launched.failed)
    )
    shown = ~np.isin(launched.filled[0], hidden)
    fills = np.bincount(launched.filled[1][shown], minlength=size)
    users, joined, launch = launched.joined
    kept = shown[launch]
    joins = np.bincount(joined[kept], minlength=size)
    mine = np.bincount(users[kept], minlength=launched.people)
    mean = won.sum() / max(won.sum() + lost.sum(), 1.0)
    rate = (won + PRIOR * mean) / (won + lost + PRIOR)
    return np.stack(
        [rate[items], won[items] + lost[items], fills[items], joins[items], mine[people]], axis=1
    ).astype(np.float64)
