"""How good an offline ranking is: pure functions over ranked codes and relevance.

A ranking is ``ranked``, int32 of shape (queries, k), best first, padded with −1 at the end of a
row; codes within a row are distinct. What was relevant is a :class:`Relevant`. The four accuracy
measures return one float64 for each query, NaN where nothing was relevant, so that the same array
is averaged, sliced and resampled: ``numpy.nanmean`` is the mean over users that have test items.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.errors import InputError

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PADDING = -1

HISTORY_BUCKETS = {"0": (0, 0), "1-4": (1, 4), "5-19": (5, 19), "20+": (20, None)}
"""Slices by the number of earlier interactions: label -> first and last count, both within."""

_DRAWS_AT_ONCE = 4_000_000  # resampled indices in memory, 32 MB


class Relevant(NamedTuple):
    """The relevant items of every query, as rows of a CSR matrix.

    Parameters
    ----------
    indptr : ndarray, int64, shape (queries + 1,)
        Row q is ``codes[indptr[q] : indptr[q + 1]]``.
    codes : ndarray, int32
        Item codes, distinct within a row.
    """

    indptr: Ints
    codes: Codes

    @property
    def counts(self) -> Ints:
        """Relevant items of each query; shape (queries,)."""
        return np.diff(self.indptr)

    def row(self, query: int) -> Codes:
        """Those of one query."""
        return self.codes[self.indptr[query] : self.indptr[query + 1]]


def hits(ranked: Codes, relevant: Relevant) -> Bools:
    """Whether the item in each place is relevant; shape of ``ranked``.

    Raises
    ------
    InputError
        When the two speak of different numbers of queries, or a row names an item twice.

    Examples
    --------
    >>> ranked = np.array([[7, 3, -1], [3, 7, 1]], dtype=np.int32)
    >>> hits(ranked, Relevant(np.array([0, 1, 3]), np.array([3, 1, 3], dtype=np.int32)))
    array([[False,  True, False],
           [ True, False,  True]])
    >>> hits(ranked[:1], Relevant(np.array([0, 2]), np.array([3, 3], dtype=np.int32)))
    Traceback (most recent call last):
    features.errors.InputError: a relevant item comes twice in one query (expected ...
    """
    queries = len(ranked)
    if len(relevant.indptr) != queries + 1:
        raise InputError(
            "ranking and relevance differ in length",
            expected=f"{queries} queries",
            got=str(len(relevant.indptr) - 1),
        )
    span = 1 + max(ranked.max(initial=PADDING), relevant.codes.max(initial=PADDING), 0)
    rows = np.arange(queries, dtype=np.int64) * int(span)
    wanted = np.sort(np.repeat(rows, relevant.counts) + relevant.codes)
    shown = rows[:, None] + ranked
    _refuse_repeats("relevant", wanted)
    _refuse_repeats("ranked", np.sort(shown[ranked != PADDING]))
    if not len(wanted):
        return np.zeros(ranked.shape, dtype=np.bool_)
    place = np.minimum(np.searchsorted(wanted, shown), len(wanted) - 1)
    return np.asarray((wanted[place] == shown) & (ranked != PADDING))


def recall_at_k(ranked: Codes, relevant: Relevant, k: int) -> Floats:
    """Found among the first ``k``, divided by all relevant items of the query; shape (queries,).

    Examples
    --------
    >>> ranked = np.array([[7, 3, 5]], dtype=np.int32)
    >>> relevant = Relevant(np.array([0, 2]), np.array([3, 9], dtype=np.int32))
    >>> recall_at_k(ranked, relevant, 2)
    array([0.5])
    >>> recall_at_k(ranked, relevant, 20)
    Traceback (most recent call last):
    features.errors.InputError: rankings are shorter than k (expected at least 20 columns; got 3)...
    """
    return _per_query(_first(ranked, relevant, k).sum(axis=1), relevant.counts)


def ndcg_at_k(ranked: Codes, relevant: Relevant, k: int) -> Floats:
    """Binary NDCG with discount 1 / log2(1 + place), places from 1; shape (queries,).

    The ideal has min(relevant items, k) hits at the top (Järvelin & Kekäläinen, TOIS 2002).
    """
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(relevant.counts, k)]
    return _per_query(_first(ranked, relevant, k) @ discounts, ideal)


def mrr_at_k(ranked: Codes, relevant: Relevant, k: int) -> Floats:
    """1 / place of the first hit, 0 when it is not among the first ``k``; shape (queries,)."""
    found = _first(ranked, relevant, k)
    reciprocal = np.where(found.any(axis=1), 1.0 / (1 + found.argmax(axis=1)), 0.0)
    return _per_query(reciprocal, np.minimum(relevant.counts, 1))


def hit_at_k(ranked: Codes, relevant: Relevant, k: int) -> Floats:
    """1 where any of the first ``k`` is relevant, else 0; shape (queries,)."""
    return _per_query(_first(ranked, relevant, k).any(axis=1), np.minimum(relevant.counts, 1))


def coverage(ranked: Codes, catalogue: int) -> float:
    """Distinct items shown, divided by the number of items in the catalogue.

    Examples
    --------
    >>> coverage(np.array([[0, 1], [1, -1]], dtype=np.int32), catalogue=8)
    0.25
    """
    return len(np.unique(ranked[ranked != PADDING])) / catalogue


def novelty(ranked: Codes, popularity: npt.NDArray[np.integer]) -> float:
    """Mean of −log2(share of all interactions) over the items shown, in bits.

    Parameters
    ----------
    ranked : ndarray, int32, shape (queries, k)
    popularity : ndarray, integer, shape (items,)
        Interactions of each item by code. An item without any counts as one of one interaction,
        the least that can be observed.

    Returns
    -------
    float
        NaN when nothing is shown (self-information: Zhou et al., PNAS 2010).

    Examples
    --------
    >>> novelty(np.array([[0, 1]], dtype=np.int32), np.array([4, 4, 8]))
    2.0
    """
    shown = ranked[ranked != PADDING]
    if not len(shown):
        return float("nan")
    share = np.maximum(popularity, 1)[shown] / max(int(popularity.sum()), 1)
    return float(np.mean(-np.log2(share)))


def gini(counts: npt.ArrayLike) -> float:
    """Concentration of what is counted: 0 when all are equal, near 1 when one has it all.

    Parameters
    ----------
    counts : array_like, shape (items,)
        Not negative; zeros count. ``numpy.bincount`` of what was shown gives exposure.

    Examples
    --------
    >>> gini([5, 5, 5, 5]), gini([0, 0, 0, 20])
    (0.0, 0.75)
    """
    values = np.sort(np.asarray(counts, dtype=np.float64))
    if not values.sum():
        return 0.0
    ranks = np.arange(1, len(values) + 1)
    return float(2 * (ranks @ values) / (len(values) * values.sum()) - 1 - 1 / len(values))


def bootstrap_interval(
    values: Floats, rng: np.random.Generator, level: float = 0.95, draws: int = 1_000
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean over users.

    Parameters
    ----------
    values : ndarray, float64, shape (users,)
        One value for each user, as the measures above return; NaN is left out. For two methods
        on the same users, give the difference of their values: the interval is then paired.
    rng : numpy.random.Generator
    level : float
        Coverage, between 0 and 1.
    draws : int
        Resamples.

    Returns
    -------
    low, high : float
        NaN when no user has a value.

    Examples
    --------
    >>> bootstrap_interval(np.array([0.3, 0.3, np.nan]), np.random.default_rng(0))
    (0.3, 0.3)
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    step = max(1, _DRAWS_AT_ONCE // len(known))
    means = np.concatenate([
        known[rng.integers(len(known), size=(min(step, draws - at), len(known)))].mean(axis=1)
        for at in range(0, draws, step)
    ])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def history_slices(history: npt.NDArray[np.integer]) -> dict[str, Bools]:
    """Masks over queries: ``all``, then ``history=0``, ``history=1-4`` and so on.

    Parameters
    ----------
    history : ndarray, integer, shape (queries,)
        Interactions of the asking user before the query.

    Examples
    --------
    >>> {name: mask.tolist() for name, mask in history_slices(np.array([0, 4, 5, 20])).items()}
    {'all': [True, True, True, True],
     'history=0': [True, False, False, False],
     'history=1-4': [False, True, False, False],
     'history=5-19': [False, False, True, False],
     'history=20+': [False, False, False, True]}
    """
    slices = {"all": np.ones(len(history), dtype=np.bool_)}
    for label, (first, last) in HISTORY_BUCKETS.items():
        upper = np.iinfo(np.int64).max if last is None else last
        slices[f"history={label}"] = (history >= first) & (history <= upper)
    return slices


def by_history(values: Floats, history: npt.NDArray[np.integer]) -> dict[str, float]:
    """Mean of ``values`` in each slice of :func:`history_slices`; slices without any are left out.

    Examples
    --------
    >>> by_history(np.array([1.0, 0.5, np.nan]), np.array([0, 30, 7]))
    {'all': 0.75, 'history=0': 1.0, 'history=20+': 0.5}
    """
    kept = {
        name: values[mask & ~np.isnan(values)] for name, mask in history_slices(history).items()
    }
    return {name: float(part.mean()) for name, part in kept.items() if len(part)}


def _first(ranked: Codes, relevant: Relevant, k: int) -> Bools:
    if k > ranked.shape[1]:
        raise InputError(
            "rankings are shorter than k",
            expected=f"at least {k} columns",
            got=str(ranked.shape[1]),
            next_step=f"rank more, and pad with {PADDING}",
        )
    return hits(ranked[:, :k], relevant)


def _per_query(found: npt.ArrayLike, possible: npt.NDArray[np.number]) -> Floats:
    value = np.full(len(possible), np.nan)
    np.divide(found, possible, out=value, where=np.greater(possible, 0))
    return value


def _refuse_repeats(what: str, keys: Ints) -> None:
    if (keys[1:] == keys[:-1]).any():
        raise InputError(f"a {what} item comes twice in one query", expected="distinct codes")
