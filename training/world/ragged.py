"""Rows of unequal length without a loop: expand them, draw from them, keep the best of each."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def sigmoid(log_odds: npt.ArrayLike) -> Floats:
    """Probability of log-odds; same shape.

    Examples
    --------
    >>> sigmoid([0.0]).tolist()
    [0.5]
    """
    odds = np.clip(np.asarray(log_odds, dtype=np.float64), -30.0, 30.0)
    return np.asarray(1.0 / (1.0 + np.exp(-odds)))


def expand(starts: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """List the members of ranges ``starts[r] .. starts[r] + counts[r]``.

    Returns
    -------
    (owner, place) : two int64 arrays of shape (sum of counts,)
        The range each member belongs to, and the member itself.

    Examples
    --------
    >>> owner, place = expand(np.array([10, 20]), np.array([2, 1]))
    >>> owner.tolist(), place.tolist()
    ([0, 0, 1], [10, 11, 20])
    """
    owner = np.repeat(np.arange(counts.size), counts)
    first = np.cumsum(counts) - counts
    return owner, np.arange(owner.size) - first[owner] + starts[owner]


def rank_within(group: npt.NDArray[np.generic]) -> Ints:
    """Rank 0, 1, 2 … of each row in its run of equal neighbours.

    Examples
    --------
    >>> rank_within(np.array([4, 4, 9, 9, 9])).tolist()
    [0, 1, 0, 1, 2]
    """
    if group.size == 0:
        return np.zeros(0, dtype=np.int64)
    first = np.r_[True, group[1:] != group[:-1]]
    place = np.arange(group.size)
    return place - np.maximum.accumulate(np.where(first, place, 0))


def top_within(group: Ints, score: Floats, k: Ints) -> Ints:
    """Rows with the ``k[group]`` highest scores of each group, by group, best first.

    Examples
    --------
    >>> group, score = np.array([0, 0, 0, 1]), np.array([1.0, 3.0, 2.0, 0.0])
    >>> top_within(group, score, np.array([2, 1])).tolist()
    [1, 2, 3]
    """
    order = np.lexsort((-score, group))
    return np.asarray(order[rank_within(group[order]) < k[group[order]]])


def draw_between(cumulative: Floats, low: Ints, high: Ints, u: Floats) -> Ints:
    """Draw a place of ``low .. high`` in proportion to weights.

    Parameters
    ----------
    cumulative : float array of shape (n + 1,)
        Running sum of the weights, beginning with 0.
    low, high : int arrays of shape (m,)
        Each range must hold some weight.
    u : float array of shape (m,)
        Uniform draws.

    Examples
    --------
    >>> weights = running(np.array([1.0, 0.0, 2.0]))
    >>> draw_between(weights, np.array([0, 1]), np.array([2, 3]), np.array([0.9, 0.5]))
    array([0, 2])
    """
    at = cumulative[low] + u * (cumulative[high] - cumulative[low])
    return np.clip(np.searchsorted(cumulative, at, side="right") - 1, low, high - 1)


def running(weights: Floats) -> Floats:
    """Return the running sum with a leading 0; shape (n + 1,)."""
    return np.concatenate(([0.0], np.cumsum(weights, dtype=np.float64)))


def at_least(needed: Ints, group: Ints, chance: Floats) -> Floats:
    """Chance that ``needed`` of a group's members say yes, each for themselves (Poisson–binomial).

    Parameters
    ----------
    needed : int array of shape (groups,)
        At least 1.
    group, chance : arrays of shape (members,)
        Sorted by group.

    Examples
    --------
    >>> at_least(np.array([1, 2]), np.array([0, 0, 1]), np.array([0.5, 0.5, 0.9])).tolist()
    [0.75, 0.0]
    """
    most = int(needed.max(initial=0))
    state = np.zeros((needed.size, most + 1))
    state[:, 0] = 1.0
    turn = rank_within(group)
    for place in range(int(turn.max(initial=-1)) + 1):
        rows = turn == place
        before, p = state[group[rows]], chance[rows][:, None]
        after = before * (1.0 - p)
        after[:, 1:] += before[:, :-1] * p
        after[:, -1] += before[:, -1] * p[:, 0]
        state[group[rows]] = after
    return np.asarray((state * (np.arange(most + 1) >= needed[:, None])).sum(axis=1))
