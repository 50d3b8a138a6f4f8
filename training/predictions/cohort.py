"""Who is asked about at an instant, and what they did in the window after it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.clock import DAY_US
from features.consent import personal
from features.weights import ACTIVE
from training.past import Past, Queries
from training.predictions.goals import Goal

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """People of a cohort.

    Parameters
    ----------
    users : list of str, length n
        Ascending.
    at_us : int
        The instant they are asked about.
    """

    users: list[str]
    at_us: int

    @property
    def instants(self) -> npt.NDArray[np.int64]:
        """The instant of each; shape (n,)."""
        return np.full(len(self.users), self.at_us, dtype=np.int64)


def cohort(past: Past, goal: Goal, at_us: int) -> Asked:
    """Who belongs to a goal's cohort at an instant.

    Whoever refused personalisation by then is in none, and gets no score.
    """
    did_us = at_us - round(goal.did_days * DAY_US) if goal.did_days else -(2**62)
    found = past.connection.execute(
        f"""
        SELECT {c.USER} FROM facts WHERE {c.AT} < $at AND {c.USER} IS NOT NULL
        GROUP BY 1 HAVING (len($did) = 0 OR
            count(*) FILTER (list_contains($did, {c.EVENT}) AND {c.AT} >= $did_us
                             AND ($category = '' OR {c.CATEGORY} = $category)) > 0)
        AND ($idle_us = 0 OR coalesce(
            max({c.AT}) FILTER (list_contains($active, {c.EVENT})), $never) < $at - $idle_us)
        ORDER BY 1
        """,
        {"at": at_us, "category": goal.category, "did": list(goal.did), "did_us": did_us,
         "active": sorted(ACTIVE),
         "idle_us": round(goal.idle_days * DAY_US), "never": -(2**62)},
    ).fetchall()  # fmt: skip
    users = [str(user) for (user,) in found]
    said = past.say(Queries(users, np.full(len(users), at_us, dtype=np.int64)))
    willing = [user for user, one in zip(users, said, strict=True) if personal(one)]
    return Asked(willing, at_us)


def outcomes(past: Past, goal: Goal, asked: Asked) -> npt.NDArray[np.bool_]:
    """Whether each did what the goal wants within its window; bool, shape (n,)."""
    found = past.connection.execute(
        f"""
        SELECT {c.USER}, coalesce(sum(total_fen) FILTER ({c.LINE} = 0), 0)::DOUBLE FROM facts
        WHERE {c.AT} >= $start AND {c.AT} < $end AND list_contains($events, {c.EVENT})
          AND ($category = '' OR {c.CATEGORY} = $category)
        GROUP BY 1
        """,
        {"start": asked.at_us, "end": asked.at_us + round(goal.days * DAY_US),
         "events": list(goal.events), "category": goal.category},
    ).fetchall()  # fmt: skip
    money = {str(user): float(fen) for user, fen in found}
    least = float(goal.least_fen)
    if goal.top_percent:
        brought = [fen for fen in (money.get(user, 0.0) for user in asked.users) if fen > 0]
        least = float(np.quantile(brought, 1 - goal.top_percent / 100)) if brought else np.inf
    did = np.array([user in money and money[user] >= least for user in asked.users], dtype=np.bool_)
    return ~did if goal.absent else did
