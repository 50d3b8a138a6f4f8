"""Customer lifetime value: BG/NBD for how often people come back, Gamma-Gamma for what they spend.

Fader, Hardie & Lee, "'Counting Your Customers' the Easy Way: An Alternative to the Pareto/NBD
Model", Marketing Science 2005; Fader & Hardie, "The Gamma-Gamma Model of Monetary Value", 2013.
Likelihoods are maximised by scipy, scores are closed forms.
"""

from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.special import betaln, gammaln, hyp2f1, logsumexp

from features.errors import InputError

Floats = npt.NDArray[np.float64]

FEWEST = 100
"""Customers who came back, that a fit needs."""


@dataclass(frozen=True)
class Customers:
    """What is known of customers by the end of a period, in one unit of time.

    Parameters
    ----------
    repeats : ndarray, float64, shape (n,)
        Days with an order after the first.
    recency : ndarray, float64, shape (n,)
        From the first order to the last.
    age : ndarray, float64, shape (n,)
        From the first order to the end of the period.
    spent : ndarray, float64, shape (n,)
        Mean money of the repeats; 0 where there is none.

    Raises
    ------
    InputError
        When the numbers contradict each other.
    """

    repeats: Floats
    recency: Floats
    age: Floats
    spent: Floats

    def __post_init__(self) -> None:
        if (self.recency > self.age).any() or (self.repeats < 0).any():
            raise InputError("an order after the end of the period", expected="recency <= age")
        if ((self.repeats == 0) != (self.recency == 0)).any():
            raise InputError("a repeat without a day", expected="recency > 0 where repeats > 0")

    def __len__(self) -> int:
        return len(self.repeats)


@dataclass(frozen=True)
class Frequency:
    """BG/NBD: orders come by Poisson; after each a customer may leave for good.

    Parameters
    ----------
    r, alpha : float
        Gamma distribution of the rate.
    a, b : float
        Beta distribution of the chance of leaving.
    """

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fit(cls, people: Customers) -> "Frequency":
        """Maximise the likelihood (equation 6 of the paper).

        Raises
        ------
        InputError
            When too few came back.
        """
        _require(people)
        scale = float(people.age.mean())
        x, t_x, t = people.repeats, people.recency / scale, people.age / scale
        found = _maximise(lambda p: _frequency(p, x, t_x, t), np.zeros(4))
        r, alpha, a, b = (float(value) for value in found)
        return cls(r, alpha * scale, a, b)

    def log_likelihood(self, people: Customers) -> float:
        """Sum over customers."""
        parts = _frequency(astuple(self), people.repeats, people.recency, people.age)
        return float(parts.sum())

    def alive(self, people: Customers) -> Floats:
        """Chance that each has not left; float64, shape (n,)."""
        r, alpha, a, b = astuple(self)
        x, t_x, t = people.repeats, people.recency, people.age
        odds = a / (b + np.maximum(x, 1) - 1) * ((alpha + t) / (alpha + t_x)) ** (r + x)
        return np.where(x == 0, 1.0, 1.0 / (1.0 + odds))

    def expected(self, people: Customers, ahead: float) -> Floats:
        """Orders expected within a time ahead (equation 10); float64, shape (n,)."""
        r, alpha, a, b = astuple(self)
        x, t = people.repeats, people.age
        z = ahead / (alpha + t + ahead)
        shrunk = ((alpha + t) / (alpha + t + ahead)) ** (r + x)
        inner = 1.0 - shrunk * hyp2f1(r + x, b + x, a + b + x - 1.0, z)
        return np.asarray((a + b + x - 1.0) / (a - 1.0) * inner * self.alive(people))


@dataclass(frozen=True)
class Money:
    """Gamma-Gamma: what one order brings varies around a mean of each customer's own.

    Parameters
    ----------
    p, q, v : float
    """

    p: float
    q: float
    v: float

    @classmethod
    def fit(cls, people: Customers) -> "Money":
        """Maximise the likelihood over customers who came back and spent.

        Raises
        ------
        InputError
            When too few came back.
        """
        _require(people)
        kept = (people.repeats > 0) & (people.spent > 0)
        x, m = people.repeats[kept], people.spent[kept]
        scale = float(m.mean())
        found = _maximise(lambda k: _money(k, x, m / scale), np.log([6.0, 4.0, 1.0]))
        p, q, v = (float(value) for value in found)
        return cls(p, q, v * scale)

    def expected(self, people: Customers) -> Floats:
        """Mean money of an order; that of all for who never came back; float64, shape (n,)."""
        x, m = people.repeats, people.spent
        return np.asarray(self.p * (self.v + m * x) / (self.p * x + self.q - 1.0))


def _require(people: Customers) -> None:
    back = int((people.repeats > 0).sum())
    if back < FEWEST:
        raise InputError(
            "too few came back to learn a lifetime from",
            expected=f"{FEWEST} customers with two orders or more",
            got=f"{back:,} of {len(people):,}",
            next_step="take a longer history",
        )


def _frequency(parameters: Iterable[float], x: Floats, t_x: Floats, t: Floats) -> Floats:
    r, alpha, a, b = parameters
    common = betaln(a, b + x) - betaln(a, b) + gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = -(r + x) * np.log(alpha + t)
    again = np.maximum(x, 1.0)
    left = np.log(a) - np.log(b + again - 1.0) - (r + x) * np.log(alpha + t_x)
    left = np.where(x > 0, left, -np.inf)
    return np.asarray(common + logsumexp(np.stack([stays, left]), axis=0))


def _money(parameters: Iterable[float], x: Floats, m: Floats) -> Floats:
    p, q, v = parameters
    return np.asarray(
        gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
        + (p * x - 1.0) * np.log(m) + p * x * np.log(x) - (p * x + q) * np.log(x * m + v)
    )  # fmt: skip


def _maximise(likelihood: Callable[[Any], Floats], start: Floats) -> Floats:
    """Parameters are positive: their logarithms are searched."""

    def loss(logs: Floats) -> float:
        return -float(likelihood(np.exp(np.clip(logs, -12.0, 12.0))).mean())

    found = optimize.minimize(loss, start, method="Nelder-Mead", options=_SEARCH)
    found = optimize.minimize(loss, found.x, method="L-BFGS-B")
    return np.asarray(np.exp(np.clip(found.x, -12.0, 12.0)))


_SEARCH: Any = {"maxiter": 4_000, "maxfev": 4_000, "xatol": 1e-5, "fatol": 1e-9}
