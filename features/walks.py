"""Walks through who met whom, and who acted on what last, as of each question's own time.

Compiled like ``features.scans``. People are numbered in the order of their ids, so that equal
weights are settled by id, as those settle them who read the online states.
"""

import numpy as np

from features.scans import Floats, Ints, compiled

DECIMALS = 12
"""Of a reach."""


@compiled
def beyond(
    starts: Ints,
    peers: Ints,
    weights: Floats,
    own: Ints,
    asked_at: Ints,
    edge_starts: Ints,
    edge_peers: Ints,
    edge_at: Ints,
    edge_weights: Floats,
    half_life_us: float,
    walked: int,
    most: int,
    hub: int,
) -> Floats:
    """People two steps away: of each, how much of the closeness leads there, and through how many.

    From a person the walk goes to those near, in proportion to their weight, and on from each of
    them to whom they met, in proportion to the decayed weight of what they did together.

    Parameters
    ----------
    starts : ndarray, int64, shape (q + 1,)
        Where the near people of each question begin.
    peers, weights : ndarray, int64 and float64
        Near people of each question, the nearest first, and how near.
    own, asked_at : ndarray, int64, shape (q,)
        Who asks when.
    edge_starts : ndarray, int64, shape (people + 1,)
        Where the meetings of each person begin; they are sorted by time.
    edge_peers, edge_at, edge_weights : ndarray
        Whom each meeting was with, when, and its weight; every meeting stands with both people.
    half_life_us : float
        Of meetings.
    walked, most, hub : int
        Near people walked through; people found at most; through somebody who met more than
        ``hub`` people nobody walks.

    Returns
    -------
    ndarray, float64, shape (n, 4)
        Question, person, reach, number of ways; the widest reach first within a question.
    """
    people = len(edge_starts) - 1
    passing, reach, ways = np.zeros(people), np.zeros(people), np.zeros(people)
    near = np.full(people, -1, dtype=np.int64)
    mine, touched = np.empty(people, dtype=np.int64), np.empty(people, dtype=np.int64)
    out = np.empty((len(own) * most, 4))
    size = 0
    for q in range(len(own)):
        first, last = starts[q], min(starts[q + 1], starts[q] + walked)
        if own[q] >= 0:
            near[own[q]] = q
        for i in range(first, starts[q + 1]):
            near[peers[i]] = q
        total, n = 0.0, 0
        for i in range(first, last):
            total += weights[i]
        for i in range(first, last):
            if weights[i] <= 0:
                continue
            m, whole = 0, 0.0
            for k in range(edge_starts[peers[i]], edge_starts[peers[i] + 1]):
                if edge_at[k] >= asked_at[q]:
                    break
                y = edge_peers[k]
                worth = edge_weights[k] * 2.0 ** (-(asked_at[q] - edge_at[k]) / half_life_us)
                if passing[y] == 0:
                    mine[m] = y
                    m += 1
                passing[y] += worth
                whole += worth
            for j in range(m):
                y = mine[j]
                if m <= hub and near[y] != q:
                    if ways[y] == 0:
                        touched[n] = y
                        n += 1
                    reach[y] += weights[i] / total * passing[y] / whole
                    ways[y] += 1
                passing[y] = 0
        found = np.sort(touched[:n])
        for j in range(n):  # what is equal but for rounding is equal
            reach[touched[j]] = round(reach[touched[j]], DECIMALS)
        order = np.argsort(-reach[found], kind="mergesort")
        for j in range(min(n, most)):
            y = found[order[j]]
            out[size, 0], out[size, 1], out[size, 2], out[size, 3] = q, y, reach[y], ways[y]
            size += 1
        for j in range(n):
            reach[touched[j]] = 0
            ways[touched[j]] = 0
    return out[:size]


@compiled
def latest_people(
    codes: Ints,
    moments: Ints,
    people: Ints,
    asked_codes: Ints,
    asked_at: Ints,
    most: int,
    back: int,
) -> Ints:
    """Who acted last on a key before each instant, the latest first; −1 where there are no more.

    Parameters
    ----------
    codes, moments, people : ndarray, int64, shape (n,)
        Acts: on which key, when, by whom; sorted by these three.
    asked_codes, asked_at : ndarray, int64, shape (q,)
        Questions in any order.
    most, back : int
        Different people wanted; acts looked at.

    Returns
    -------
    ndarray, int64, shape (q, most)
    """
    out = np.full((len(asked_codes), most), -1, dtype=np.int64)
    for q in range(len(asked_codes)):
        low = np.searchsorted(codes, asked_codes[q], side="left")
        high = np.searchsorted(codes, asked_codes[q], side="right")
        at = low + np.searchsorted(moments[low:high], asked_at[q], side="left") - 1
        n = 0
        for i in range(at, max(low, at - back + 1) - 1, -1):
            known = False
            for j in range(n):
                known = known or out[q, j] == people[i]
            if not known:
                out[q, n] = people[i]
                n += 1
            if n == most:
                break
    return out
