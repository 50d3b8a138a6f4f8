"""Learns what serving says of group buys and of sharing by chance: regressions, and launches.

Each is fitted on what happened before the test window and judged on it, then fitted again on all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.frames import groups as group_frame
from features.frames import propensity as propensity_frame
from features.items import Items
from recsys.candidates.launches import LaunchConfig, Launches
from recsys.ranking.logit import Logit
from recsys.slate import Floats
from training.examples import groups, propensity
from training.examples.groups import Taught
from training.past import Past
from training.predictions.quality import auc, auc_interval
from training.split import Window

FEWEST = 50
"""Rows of each outcome without which no chance is learned."""

SURE = 1.96
"""Standard errors on either side of a mean in its 95 % interval."""

LATEST_LOOKS = 50_000
"""Looks that a chance is learned from at most."""


@dataclass(frozen=True)
class Learned:
    """What a bundle holds of group buys and of prompts.

    Parameters
    ----------
    chances : mapping of str to Logit
        ``filling``, ``joining``, ``propensity``: those that could be learned.
    metrics : mapping of str to mapping
        By chance: AUC with its interval, Brier score, that of the rate, on the test window.
    """

    chances: Mapping[str, Logit]
    metrics: Mapping[str, Mapping[str, float]]


def learn(past: Past, items: Items, test: Window, as_of_us: int) -> Learned:
    """Fit and judge everything; what happens too rarely is left out."""
    chances: dict[str, Logit] = {}
    judged: dict[str, Mapping[str, float]] = {}
    for name, (taught, columns) in _tasks(past, items).items():
        before = taught(Window(0, test.start_us), test.start_us)
        model = fit(before, columns)
        if model is None:
            continue
        later = taught(Window(test.start_us, as_of_us), as_of_us)
        if 0 < later.labels.sum() < len(later.labels):
            judged[name] = judge(model, later)
        chances[name] = fit(taught(Window(0, as_of_us), as_of_us), columns) or model
    return Learned(chances, judged)


def launches(past: Past, items: Items, at_us: int) -> Launches | None:
    """What fills groups, counted before an instant; None where none ever filled."""
    filled, failed, touched = groups.matrices(past, items, at_us)
    return Launches(LaunchConfig()).fit(filled, failed, touched) if filled.nnz else None


Taughts = Callable[[Window, int], Taught]


def _tasks(past: Past, items: Items) -> dict[str, tuple[Taughts, tuple[str, ...]]]:
    def filling(window: Window, known_us: int) -> Taught:
        return groups.fillings(past, groups.stories(past, window, known_us), known_us)

    def joining(window: Window, known_us: int) -> Taught:
        found = list(groups.looks(groups.stories(past, window, known_us)))
        return groups.joinings(past, found[-LATEST_LOOKS:], items)

    def sharing(window: Window, known_us: int) -> Taught:
        return propensity.taught(past, items, window, known_us, LATEST_LOOKS)

    return {
        "filling": (filling, tuple(group_frame.FILLING)),
        "joining": (joining, tuple(group_frame.JOINING)),
        "propensity": (sharing, tuple(propensity_frame.COLUMNS)),
    }


def fit(taught: Taught, columns: tuple[str, ...]) -> Logit | None:
    """A regression; None where one of the outcomes is too rare."""
    positive = int(taught.labels.sum())
    if min(positive, len(taught.labels) - positive) < FEWEST:
        return None
    return Logit.fit(taught.rows, taught.labels, taught.clusters, columns)


def judge(model: Logit, later: Taught) -> dict[str, float]:
    """How good chances were, beside the rate of what taught them.

    ``brier_low`` is the lower end of the Brier score's 95 % interval, paired with that of the rate:
    what hangs together (rows of one group, of one person) counts as one.
    """
    p, did = model.chances(later.rows).p, later.labels
    low, high = auc_interval(p, did)
    of_rate = (model.rate - did) ** 2
    lost = (p - did) ** 2 - of_rate
    return {
        "auc": auc(p, did),
        "auc_low": low,
        "auc_high": high,
        "brier": float(np.mean((p - did) ** 2)),
        "brier_low": float((of_rate + lost).mean() - SURE * _error(lost, later.clusters)),
        "brier_of_rate": float(np.mean(of_rate)),
        "said": float(p.mean()),
        "happened": float(did.mean()),
        "rows": float(len(did)),
    }


def _error(values: Floats, clusters: npt.NDArray[np.int64]) -> float:
    """Standard error of a mean of values that hang together within clusters."""
    _, place = np.unique(clusters, return_inverse=True)
    sums = np.bincount(place, values - values.mean())
    return float(np.sqrt(np.sum(sums**2)) / len(values))
