"""Whether an order of people by uplift is any good: Qini, AUUC, uplift at the top.

Qini normalisations differ between libraries. Here the curve is that of Radcliffe, "Using control
groups to target on predicted lift", 2007: outcomes of the treated among the first k people, less
those of the control brought to the same number of treated; with equal weights it is what
scikit-uplift 0.5.1 calls ``qini_curve``, point for point. The area is taken over the share of
people, less that of random targeting, per treated person. AUUC is the area under effect × share of
people (causalml 0.18, ``get_cumgain``), per person.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from training.uplift.trial import Bools, Floats, Trial

LIBRARY = "huoren: curve of scikit-uplift 0.5.1 qini_curve, area over random per treated person"
"""What a reported Qini is."""

Draws = npt.NDArray[np.uint8]

GRID = 200
"""Steps of a bootstrapped curve."""


@dataclass(frozen=True)
class Ranked:
    """People in the order of a score, the highest first; ties stand or fall together.

    Parameters
    ----------
    treated : ndarray, bool, shape (n,)
    outcome : ndarray, float64, shape (n,)
    weight : ndarray, float64, shape (n,)
        Inverse chance of the own arm.
    ends : ndarray, int64, shape (groups,)
        Last place of each group of equal scores.
    drawn : ndarray, uint8, shape (times, n), optional
        How often each bootstrap drew each person; metrics then have the shape (times,).
    """

    treated: Bools
    outcome: Floats
    weight: Floats
    ends: npt.NDArray[np.int64]
    drawn: Draws | None = None

    @classmethod
    def of(cls, score: Floats, trial: Trial, drawn: Draws | None = None) -> "Ranked":
        """Order a trial by a score.

        Parameters
        ----------
        score : ndarray, float64, shape (n,)
        trial : Trial
        drawn : ndarray, uint8, shape (times, n), optional
            How often each bootstrap drew each person; the curve then has ``GRID`` steps at most.
        """
        order = np.argsort(-score, kind="stable")
        ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
        if drawn is not None:
            steps = np.searchsorted(ends, np.linspace(0, len(score) - 1, GRID + 1)[1:])
            ends = ends[np.unique(steps)]
            drawn = drawn[:, order]
        return cls(trial.treated[order], trial.outcome[order], trial.weights[order], ends, drawn)

    @cached_property
    def sums(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Running weight and weighted outcome, of treated and control, at the ends of groups."""
        n1, n0, y1, y0 = (
            np.cumsum(self._by_group(part), axis=-1)
            for part in (
                self.weight * self.treated,
                self.weight * ~self.treated,
                self.weight * self.treated * self.outcome,
                self.weight * ~self.treated * self.outcome,
            )
        )
        return n1, n0, y1, y0

    def _by_group(self, part: Floats) -> Floats:
        starts = np.append(0, self.ends[:-1] + 1)
        if self._counts is None:
            return np.asarray(np.add.reduceat(part, starts))
        rows = np.append(starts, len(part))
        groups = sparse.csr_array(
            (part, np.arange(len(part)), rows), shape=(len(starts), len(part))
        )  # fmt: skip
        return np.asarray((groups @ self._counts).T)

    @cached_property
    def _counts(self) -> Floats | None:
        """Draws with people along the rows, as a product wants them."""
        return None if self.drawn is None else np.ascontiguousarray(self.drawn.T, dtype=np.float64)


def qini_curve(ranked: Ranked) -> tuple[Floats, Floats]:
    """Share of people targeted, and extra outcomes per treated person of all; both from 0.

    Returns
    -------
    share, gain : ndarray, float64, shape (..., groups + 1)
    """
    n1, n0, y1, y0 = ranked.sums
    gain = (y1 - y0 * _ratio(n1, n0)) / n1[..., -1:]
    return _from_zero((n1 + n0) / (n1 + n0)[..., -1:]), _from_zero(gain)


def qini(ranked: Ranked) -> Floats:
    """Area between the Qini curve and random targeting, per treated person.

    0 for an order that tells nothing. Shape of the weights without their last axis.

    Examples
    --------
    >>> treated = np.tile([True, False], 100)
    >>> helped = np.repeat([1.0, 0.0], 100)
    >>> trial = Trial(np.zeros((200, 0)), (), treated, treated * helped)
    >>> float(qini(Ranked.of(helped, trial))), float(qini(Ranked.of(np.zeros(200), trial)))
    (0.125, 0.0)
    """
    share, gain = qini_curve(ranked)
    return np.asarray(_area(share, gain) - gain[..., -1] / 2)


def auuc(ranked: Ranked) -> Floats:
    """Area under (effect among the first) × (share of people), per person."""
    n1, n0, y1, y0 = ranked.sums
    share = (n1 + n0) / (n1 + n0)[..., -1:]
    gain = (_ratio(y1, n1) - _ratio(y0, n0)) * share
    return _area(_from_zero(share), _from_zero(gain))


def effect(ranked: Ranked) -> Floats:
    """Mean outcome of the treated less that of the control: the average effect."""
    n1, n0, y1, y0 = (part[..., -1] for part in ranked.sums)
    return _ratio(y1, n1) - _ratio(y0, n0)


def effect_at(ranked: Ranked, share: float) -> Floats:
    """Average effect among the first ``share`` of the people; of ties at the edge, a part."""
    n1, n0, y1, y0 = (_from_zero(part) for part in ranked.sums)
    people = np.append(0, ranked.ends + 1)
    edge = share * people[-1]
    last = int(np.searchsorted(people, edge))
    part = (edge - people[last - 1]) / (people[last] - people[last - 1])

    def cut(sums: Floats) -> Floats:
        return np.asarray(sums[..., last - 1] * (1 - part) + sums[..., last] * part)

    return _ratio(cut(y1), cut(n1)) - _ratio(cut(y0), cut(n0))


def draws(n: int, times: int, rng: np.random.Generator) -> Draws:
    """How often each of n people is drawn in each bootstrap; uint8, shape (times, n).

    Poisson with mean 1 (Oza & Russell, 2001), so that splits of the same people share a draw.
    """
    return np.stack([rng.poisson(1.0, size=n).astype(np.uint8) for _ in range(times)])


def interval(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrapped values."""
    tail = (1 - level) / 2
    low, high = np.quantile(values, (tail, 1 - tail))
    return float(low), float(high)


def bootstrapped(
    metric: Callable[[Ranked], Floats],
    score: Floats,
    trial: Trial,
    rng: np.random.Generator,
    times: int = 400,
) -> tuple[float, float, float]:
    """A metric and its 95 % interval, people drawn with replacement."""
    drawn = draws(len(trial), times, rng)
    low, high = interval(metric(Ranked.of(score, trial, drawn)))
    return float(metric(Ranked.of(score, trial))), low, high


def true_qini(score: Floats, effects: Floats) -> float:
    """Qini with every person's true effect in place of outcomes: free of chance."""
    order = np.argsort(-score, kind="stable")
    gain = _from_zero(np.cumsum(effects[order]) / len(effects))
    share = np.linspace(0.0, 1.0, len(effects) + 1)
    return float(_area(share, gain) - gain[-1] / 2)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.zeros(np.shape(top)), where=bottom > 0)


def _from_zero(values: Floats) -> Floats:
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), values], axis=-1)


def _area(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.trapezoid(y, x, axis=-1))
