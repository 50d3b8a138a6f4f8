"""Examples from lists that were shown: each item with its place, its weight, and what came of it.

Features are computed anew, from the history before the list and the sources of the window, by what
makes the rows of all other examples: the vectors that serving logged hold the sources of whichever
bundle was in service, and knew of nothing that arrived late. An item that these sources would not
have proposed is left out, because no ranker is ever asked about such a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features import consent
from features.clock import Int64s
from features.counters import Counter
from features.frames import feed as frame
from recsys.bundle import Parts
from recsys.ranking.lambdamart import Groups
from recsys.ranking.outcomes import TARGET
from training.examples import feed
from training.impressions import Impressions
from training.metrics import Relevant
from training.past import Past
from training.queries import Queries

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

CLIP = 10.0
"""A row counts for so many usual ones at most.

Weights between 1 and c leave of any n rows an effective sample of at least 4c / (1 + c)² n (Kish's
measure, bounded by Kantorovich's inequality): a third at 10, so that no leaf hangs on a few rows.
"""

DEEPEST = 50
"""From this place on all share one bias of the ranker."""


@dataclass(frozen=True)
class Shown:
    """Rows of items that were shown, list after list.

    Parameters
    ----------
    rows : ndarray, float32, shape (n, columns)
        As the ranker sees them.
    places : ndarray, float64, shape (n,)
        Where in the list, from 0; NaN where nobody says.
    weights : ndarray, float64, shape (n,)
        How many usual rows each stands for.
    labels : mapping of str to ndarray, bool, shape (n,)
        Outcome, and ``target``, → where it came.
    sizes : ndarray, int64, shape (lists,)
        Rows of each list.
    shown : int
        Items of these lists before those were left out that no source proposes.
    """

    rows: npt.NDArray[np.float32]
    places: Floats
    weights: Floats
    labels: Mapping[str, Bools]
    sizes: Int64s
    shown: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def depth(self) -> Floats:
        """Logarithm of 1 + place, that of the mean place where nobody says; shape (n,)."""
        known = self.places[~np.isnan(self.places)]
        mean = float(known.mean()) if len(known) else 0.0
        return np.log1p(np.where(np.isnan(self.places), mean, self.places))

    def first(self) -> "Shown":
        """The rows at the top of their lists."""
        top = self.places == 0
        lists = np.repeat(np.arange(len(self.sizes)), self.sizes)
        return replace(
            self,
            rows=self.rows[top],
            places=self.places[top],
            weights=self.weights[top],
            labels={name: label[top] for name, label in self.labels.items()},
            sizes=np.bincount(lists[top], minlength=len(self.sizes)),
        )

    def groups(self) -> Groups:
        """Lists of which something came and something did not, for the ranker."""
        grade = np.zeros(len(self), dtype=np.int64)
        for name, label in self.labels.items():
            if name != "dislike":
                grade[label] = np.maximum(grade[label], feed.WANTED if name == TARGET else 1)
        lists = np.repeat(np.arange(len(self.sizes)), self.sizes)
        wanted = np.bincount(lists[grade > 0], minlength=len(self.sizes))
        useful = (wanted > 0) & (wanted < self.sizes)
        kept = useful[lists]
        places = np.nan_to_num(self.places[kept], nan=DEEPEST)
        return Groups(
            self.rows[kept],
            grade[kept],
            self.sizes[useful],
            self.weights[kept],
            np.minimum(places, DEEPEST).astype(np.int32),
        )


def taught(past: Past, parts: Parts, found: Impressions, which: Counter) -> Shown:
    """Rows of impressions.

    Nobody teaches who does not want to be known, or whose acts may be fake.

    Parameters
    ----------
    past : Past
        The history.
    parts : Parts
        Sources as they were published before the window.
    found : Impressions
        Of the window.
    which : Counter
        ITEM counter that popularity means.
    """
    if not len(found.queries):
        return nothing(found.came)
    willing = _willing(past, found.queries)
    queries = _some(found.queries, np.flatnonzero(willing))
    ends = np.searchsorted(found.lists, np.arange(len(willing) + 1))
    own = [np.arange(ends[i], ends[i + 1]) for i in np.flatnonzero(willing)]
    codes = parts.items.ids.codes(found.items)
    unknown = Relevant(np.zeros(len(queries) + 1, dtype=np.int64), np.zeros(0, dtype=np.int32))
    asked = feed.Asked(queries, unknown, np.zeros(len(queries), dtype=np.int64))
    kept, those = [], []
    for rows, one in zip(own, feed.propose(past, parts, asked, which), strict=True):
        places = _places(one.slate.codes, codes[rows])
        those.append(rows[places >= 0])
        kept.append(feed.Proposed(one.moment, one.slate.take(places[places >= 0])))
    some = np.concatenate([np.zeros(0, dtype=np.int64), *those]).astype(np.int64)
    return Shown(
        feed.rows(past, parts.items, queries, kept),
        found.places[some],
        weights(found.propensity[some]),
        {name: label[some] for name, label in found.came.items()},
        np.array([len(one) for one in those], dtype=np.int64),
        sum(len(one) for one in own),
    )


def weights(propensity: Floats) -> Floats:
    """Inverse propensities, clipped, over that of a usual row; float64, shape (n,).

    What was shown for its score has propensity 1, and so has the usual row; what was drawn for an
    exploring place has less and stands for all that might have been drawn (Horvitz & Thompson,
    JASA 1952; for feedback of rankings Schnabel et al., ICML 2016; clipped as by Ionides, JCGS
    2008). Rows of unknown propensity are usual.

    Examples
    --------
    >>> weights(np.array([1.0, 1.0, 1.0, 0.25, 0.001, np.nan])).tolist()
    [1.0, 1.0, 1.0, 4.0, 10.0, 1.0]
    """
    known = propensity > 0
    if not known.any():
        return np.ones(len(propensity))
    usual = float(np.median(propensity[known]))
    return np.where(known, np.clip(usual / np.where(known, propensity, 1.0), 1.0, CLIP), 1.0)


def nothing(outcomes: Mapping[str, object]) -> Shown:
    """No rows, where nothing was shown."""
    return Shown(
        np.zeros((0, len(frame.COLUMNS)), dtype=np.float32), np.zeros(0), np.zeros(0),
        dict.fromkeys(outcomes, np.zeros(0, dtype=np.bool_)), np.zeros(0, dtype=np.int64),
    )  # fmt: skip


def _willing(past: Past, queries: Queries) -> Bools:
    said = zip(past.say(queries), queries.users, strict=True)
    found = [consent.personal(one) and past.honest(user) for one, user in said]
    return np.array(found, dtype=np.bool_)


def _some(queries: Queries, rows: npt.NDArray[np.intp]) -> Queries:
    return Queries([queries.users[i] for i in rows], queries.at_us[rows])


def _places(codes: npt.NDArray[np.int32], wanted: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Where each wanted item stands among candidates; −1 where it does not."""
    if not len(codes):
        return np.full(len(wanted), -1, dtype=np.int64)
    order = np.argsort(codes, kind="stable")
    place = order[np.minimum(np.searchsorted(codes[order], wanted), len(codes) - 1)]
    return np.where((codes[place] == wanted) & (wanted >= 0), place, -1)
