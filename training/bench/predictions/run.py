"""``huoren bench predictions``: what customers will bring, by each method, beside what they did."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import stats

from features.errors import InputError
from recsys.boosting import Trees, TreesConfig
from training.bench.predictions.orders import UNIT, Known, Orders
from training.bench.report import Row
from training.predictions.lifetime import Frequency, Money

Floats = npt.NDArray[np.float64]
Guess = tuple[Floats, Floats]
"""Orders and money expected of each customer."""

TREES = TreesConfig(
    "regression", rounds=150, num_leaves=15, learning_rate=0.05, min_data_in_leaf=50, lambda_l2=5.0
)


def rows(orders: Orders, cut: int | None = None) -> Iterator[Row]:
    """Measure.

    Parameters
    ----------
    orders : Orders
    cut : int, optional
        First day that is foretold, in days since 1970-01-01; default the middle of the history.

    Yields
    ------
    mapping
        ``method``; mean absolute errors of ``orders`` and ``money`` per customer; ``bias``, money
        foretold over money that came; ``spearman`` of money; ``top10``, part of all money that the
        tenth with the highest forecast brought, beside ``top10_best``, of a perfect forecast.

    Raises
    ------
    InputError
        When a side of the cut is empty.
    """
    first, end = int(orders.day.min()), int(orders.day.max()) + 1
    day = (first + end) // 2 if cut is None else cut
    if not first < day < end:
        raise InputError("nothing on one side of the cut", expected=f"between {first} and {end}")
    known = orders.known(day)
    came = orders.after(known.ids, day, end)
    weeks = (end - day) / UNIT
    guesses = {
        "huoren": _lifetime(known, weeks),
        "same_rate": _same_rate(known, weeks),
        **_learned(orders, known, day, end - day),
    }
    for method, guess in guesses.items():
        yield {"task": "clv", "method": method, **_judged(guess, came), "weeks": weeks}


def _lifetime(known: Known, weeks: float) -> Guess:
    frequency, money = Frequency.fit(known.people), Money.fit(known.people)
    orders = frequency.expected(known.people, weeks)
    return orders, orders * money.expected(known.people)


def _same_rate(known: Known, weeks: float) -> Guess:
    """Everybody goes on as before."""
    people = known.people
    usual = float(people.spent[people.repeats > 0].mean())
    orders = people.repeats / np.maximum(people.age, 1.0) * weeks
    return orders, orders * np.where(people.repeats > 0, people.spent, usual)


def _learned(orders: Orders, known: Known, day: int, days: int) -> dict[str, Guess]:
    """The mean of everybody, and boosted trees: both from an earlier cut of the known part."""
    first = int(orders.day.min())
    ahead = min(days, (day - first) // 2)
    before = orders.known(day - ahead)
    targets = orders.after(before.ids, day - ahead, day)
    scale = days / ahead
    size = len(known.ids)
    means = [np.full(size, target.mean() * scale) for target in targets]
    trees = [
        Trees.fit(_columns(before), target, config=TREES).score(_columns(known)) * scale
        for target in targets
    ]
    return {
        "mean": (means[0], means[1]),
        "gbdt": (np.maximum(trees[0], 0.0), np.maximum(trees[1], 0.0)),
    }


def _columns(known: Known) -> Floats:
    p = known.people
    return np.column_stack([p.repeats, p.recency, p.age, p.spent, p.age - p.recency])


def _judged(guess: Guess, came: Guess) -> dict[str, object]:
    orders, money = guess
    rank = stats.spearmanr(money, came[1]).statistic if np.ptp(money) else 0.0
    return {
        "customers": len(money),
        "mae_orders": float(np.abs(orders - came[0]).mean()),
        "mae_money": float(np.abs(money - came[1]).mean()),
        "bias": float(money.sum() / came[1].sum()),
        "spearman": float(rank),
        "top10": _top(money, came[1]),
        "top10_best": _top(came[1], came[1]),
    }


def _top(score: Floats, money: Floats) -> float:
    """Part of the money in the highest tenth; nothing is known of the order within ties."""
    n = max(1, len(score) // 10)
    edge = np.sort(score)[-n]
    above, tied = score > edge, score == edge
    part = (n - above.sum()) / tied.sum()
    return float((money[above].sum() + part * money[tied].sum()) / money.sum())
