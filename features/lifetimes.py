"""How long customers last and what they will do: three small models fitted to a population.

* Orders in continuous time: BG/NBD (Fader, Hardie & Lee, 2005, "Counting your customers the easy
  way", Marketing Science 24(2)). Each buyer orders at a rate drawn from a gamma distribution and
  may leave after any order.
* Money of an order: gamma-gamma (Fader & Hardie, 2013, "The gamma-gamma model of monetary value").
* Days of activity: BG/BB (Fader, Hardie & Shang, 2010, "Customer-base analysis in a discrete-time
  noncontractual setting", Marketing Science 29(6)), which needs but the days on which somebody was
  there and the last of them.

Parameters are the likeliest ones under a wide prior around usual values, so that a shop with three
customers gets usual values and a large one its own. SciPy is imported where it is used: a serving
process starts without it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

USUAL_ORDERS = (0.5, 30.0, 0.8, 2.5)
"""r, alpha (days), a, b of BG/NBD where nothing is known."""

USUAL_SPEND = (2.0, 4.0, 1.0)
"""p, q, v of gamma-gamma for money over its mean."""

USUAL_DAYS = (0.8, 3.0, 0.8, 20.0)
"""alpha, beta of being there on a day, gamma, delta of leaving on one."""

SPREAD = 2.0
"""Standard deviation, in logs, of the prior around the usual values."""

SAMPLE = 20_000
"""People from whom parameters are fitted; more do not move them."""

_LOWEST = {"orders": (0.02, 0.1, 0.1, 1.0), "spend": (0.1, 1.2, 1e-3), "days": (0.05,) * 4}
_HIGHEST = {"orders": (50.0, 1e4, 50.0, 200.0), "spend": (200.0, 200.0, 1e3), "days": (500.0,) * 4}
_STEPS = 60


def fit_orders(repeats: Floats, last: Floats, seen: Floats) -> tuple[float, ...]:
    """Fit BG/NBD.

    Parameters
    ----------
    repeats, last, seen : ndarray, float64, shape (m,)
        Of each buyer: orders after the first, days from the first order to the last, and to now.

    Returns
    -------
    (float, float, float, float)
        r, alpha, a, b.
    """
    x, t_x, t = _sampled(repeats, last, np.maximum(seen, last))

    def loss(r: float, alpha: float, a: float, b: float) -> float:
        from scipy.special import betaln, gammaln

        alive = -(r + x) * np.log(alpha + t)
        left = np.log(a) - np.log(b + np.maximum(x, 1.0) - 1.0) - (r + x) * np.log(alpha + t_x)
        either = np.where(x > 0, np.logaddexp(alive, left), alive)
        told = betaln(a, b + x) - betaln(a, b) + gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        return -float((told + either).sum())

    return _likeliest("orders", loss, USUAL_ORDERS)


def fit_spend(orders: Floats, mean: Floats) -> tuple[float, ...]:
    """Fit gamma-gamma.

    Parameters
    ----------
    orders, mean : ndarray, float64, shape (m,)
        Of each buyer: orders, and mean money of one, both above 0.

    Returns
    -------
    (float, float, float)
        p, q, v; v in the unit of the money.
    """
    x, m = _sampled(orders, mean)
    unit = float(m.mean()) if len(m) else 1.0
    m = m / unit

    def loss(p: float, q: float, v: float) -> float:
        from scipy.special import gammaln

        told = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
        told += (p * x - 1.0) * np.log(m) + p * x * np.log(x) - (p * x + q) * np.log(v + x * m)
        return -float(told.sum())

    p, q, v = _likeliest("spend", loss, USUAL_SPEND)
    return p, q, v * unit


def fit_days(active: Ints, last: Ints, days: Ints) -> tuple[float, ...]:
    """Fit BG/BB to people who were there at least once.

    Parameters
    ----------
    active, last, days : ndarray, int64, shape (m,)
        Of each person: days with an act, place of the last of them from 1, days looked at.

    Returns
    -------
    (float, float, float, float)
        alpha, beta, gamma, delta.
    """
    cells, people = np.unique(np.stack(_sampled(active, last, days)), axis=1, return_counts=True)
    spans, of_span = np.unique(cells[2], return_inverse=True)
    nothing = np.zeros(len(spans), np.int64)

    def loss(*parameters: float) -> float:
        told = _log_history(parameters, *cells)
        unseen = np.exp(_log_history(parameters, nothing, nothing, spans))
        told -= np.log(np.maximum(1.0 - unseen, 1e-12))[of_span]
        return -float((people * told).sum())

    return _likeliest("days", loss, USUAL_DAYS)


def alive(parameters: Sequence[float], repeats: Floats, last: Floats, seen: Floats) -> Floats:
    """Chance that a buyer has not left, by BG/NBD; arguments as in ``fit_orders``; shape (m,).

    Examples
    --------
    >>> usual = (0.5, 30.0, 0.8, 2.5)
    >>> one = alive(usual, np.array([0.0, 9.0, 9.0]), np.array([0.0, 90.0, 90.0]),
    ...             np.array([90.0, 95.0, 400.0]))
    >>> one.round(2).tolist()
    [1.0, 0.9, 0.0]
    """
    r, alpha, a, b = parameters
    seen = np.maximum(seen, last)
    odds = np.log(a / (b + np.maximum(repeats, 1.0) - 1.0))
    odds = odds + (r + repeats) * np.log((alpha + seen) / (alpha + last))
    return np.where(repeats > 0, 1.0 / (1.0 + np.exp(np.minimum(odds, 700.0))), 1.0)


def orders_within(
    parameters: Sequence[float], repeats: Floats, last: Floats, seen: Floats, days: float
) -> Floats:
    """Expected orders in the next days, by BG/NBD (equation 10 after Euler's transformation)."""
    from scipy.special import hyp2f1

    r, alpha, a, b = parameters
    z = days / (alpha + np.maximum(seen, last) + days)
    whole = a + b + repeats - 1.0
    rest = (1.0 - z) ** (a - 1.0) * hyp2f1(a + b - 1.0 - r, a - 1.0, whole, z)
    expected = whole / (a - 1.0) * (1.0 - rest) * alive(parameters, repeats, last, seen)
    return np.maximum(np.asarray(expected, dtype=np.float64), 0.0)


def order_chance(
    parameters: Sequence[float], repeats: Floats, last: Floats, seen: Floats, days: float
) -> Floats:
    """Chance of an order in the next days, by BG/NBD; shape (m,)."""
    r, alpha, _, _ = parameters
    whole = alpha + np.maximum(seen, last)
    still = alive(parameters, repeats, last, seen)
    return still * (1.0 - (whole / (whole + days)) ** (r + repeats))


def spend(parameters: Sequence[float], orders: Floats, mean: Floats) -> Floats:
    """Expected money of an order, by gamma-gamma: everyone's where a person tells nothing."""
    p, q, v = parameters
    told = np.where((orders > 0) & (mean > 0), orders, 0.0)
    own = np.where(told > 0, told * mean, 0.0)
    return np.asarray((v + own) * p / (p * told + q - 1.0), dtype=np.float64)


def quiet_chance(
    parameters: Sequence[float], active: Ints, last: Ints, days: Ints, ahead: int
) -> Floats:
    """Chance of no act on any of the next days, by BG/BB; shape (m,).

    A history followed by ``ahead`` empty days is a history of more days with the same acts.
    """
    if not len(active):
        return np.zeros(0)
    cells, where = np.unique(np.stack([active, last, days]), axis=1, return_inverse=True)
    a, t, n = cells
    told = np.exp(_log_history(parameters, a, t, n + ahead) - _log_history(parameters, a, t, n))
    return np.clip(told[where], 0.0, 1.0)


def _log_history(parameters: Sequence[float], active: Ints, last: Ints, days: Ints) -> Floats:
    """Log-likelihood of histories: of staying to the end, or leaving after any later empty day."""
    from scipy.special import betaln, logsumexp

    alpha, beta, gamma, delta = parameters
    there, leaves = betaln(alpha, beta), betaln(gamma, delta)
    ends = np.full((len(active), int((days - last).max(initial=0)) + 1), -np.inf)
    ends[:, 0] = betaln(alpha + active, beta + days - active) + betaln(gamma, delta + days)
    later = np.arange(ends.shape[1] - 1)
    row, i = np.nonzero(later < (days - last)[:, None])
    ends[row, i + 1] = betaln(alpha + active[row], beta + last[row] - active[row] + i) + betaln(
        gamma + 1.0, delta + last[row] + i
    )
    return np.asarray(logsumexp(ends, axis=1) - there - leaves, dtype=np.float64)


def _sampled(*columns: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    step = max(len(columns[0]) // SAMPLE, 1)
    return [column[::step] for column in columns]


def _likeliest(model: str, loss: Callable[..., float], usual: Sequence[float]) -> tuple[float, ...]:
    """Parameters of least loss and prior; four digits, so that the last ones do not matter."""
    from scipy.optimize import minimize

    centre = np.log(usual)

    def whole(logs: Floats) -> float:
        prior = 0.5 * float((((logs - centre) / SPREAD) ** 2).sum())
        return loss(*np.exp(logs)) + prior

    bounds = list(zip(np.log(_LOWEST[model]), np.log(_HIGHEST[model]), strict=True))
    found = minimize(whole, centre, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS})
    rounded = [float(f"{value:.4g}") for value in np.exp(found.x)]
    return tuple(1.0001 if value == 1.0 else value for value in rounded)
